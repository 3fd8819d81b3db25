"""Marks the few functions that are compiled to machine code: loops that numpy cannot say.

They are written in the part of Python that numba knows, take plain numbers and arrays, and do the
same sums in the same order as Python would, to the last bit: no fast mathematics, no fused sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled at the first call with such types; kept beside the source for the next process.

    Divisions by zero give infinity or NaN, as numpy's do.
    """
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
