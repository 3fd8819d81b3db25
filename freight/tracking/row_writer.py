"""Writes plain values into single rows of a record array."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

# How `struct` calls numpy's types.
_CODES = {"i1": "b", "i4": "i", "i8": "q", "u8": "Q", "f4": "f", "f8": "d"}


def row_writer(rows: npt.NDArray[np.void]) -> Callable[[int, Sequence[float]], None]:
    """Takes a row's number and its values in the order of the fields, of which none is apart from
    the one before."""
    names = rows.dtype.names or ()
    packed = struct.Struct("=" + "".join(_CODES[rows.dtype[name].str[1:]] for name in names))
    if packed.size != rows.dtype.itemsize:
        raise ValueError(f"{rows.dtype} has gaps between its fields")
    buffer = rows.view(np.uint8).data

    def write(row: int, values: Sequence[float]) -> None:
        packed.pack_into(buffer, row * packed.size, *values)

    return write
