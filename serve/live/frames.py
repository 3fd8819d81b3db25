"""The binary positions frame of the live feed: its encoder, and a decoder for Python clients."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MAGIC = b"UT"
VERSION = 1
FULL_SNAPSHOT = 0x01
HEADER = struct.Struct("<2sBBIIQd")
NAME = struct.Struct("<IB")
ALIGNMENT = 4
MISSING_U16 = 0xFFFF
STATUS_LEFT = 4

# Name and type of each column, in the order in which they stand in the frame.
COLUMNS: tuple[tuple[str, str], ...] = (
    ("handle", "<u4"),
    ("lat_e7", "<i4"),
    ("lon_e7", "<i4"),
    ("speed_dkmh", "<u2"),
    ("heading_ddeg", "<u2"),
    ("age_ms", "<i4"),
    ("status", "<u1"),
)
FRAME_DTYPE = np.dtype(list(COLUMNS))
ROW_BYTES = sum(np.dtype(kind).itemsize for _, kind in COLUMNS)

Rows = npt.NDArray[np.void]


class FrameError(ValueError):
    """Bytes that are not a positions frame of this version."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame; `names` holds only the handles this frame introduces."""

    seq: int
    base_ts_ms: float
    is_snapshot: bool
    names: dict[int, str]
    rows: Rows


def _padding(length: int) -> bytes:
    return b"\0" * (-length % ALIGNMENT)


def name_entry(handle: int, name: str) -> bytes:
    """One entry of the name table; made once per truck, it is joined into many frames."""
    raw = name.encode("ascii")
    return NAME.pack(handle, len(raw)) + raw


def encode(
    *,
    seq: int,
    base_ts_ms: float,
    is_snapshot: bool,
    name_entries: Sequence[bytes],
    columns: Sequence[npt.NDArray[np.generic]],
) -> bytes:
    """`columns` come in the order and with the types of COLUMNS, all of one length."""
    count = len(columns[0])
    flags = FULL_SNAPSHOT if is_snapshot else 0
    header = HEADER.pack(MAGIC, VERSION, flags, count, len(name_entries), seq, base_ts_ms)
    table = b"".join(name_entries)
    parts = [header, table, _padding(len(header) + len(table))]
    for column in columns:
        raw = column.tobytes()
        parts.append(raw)
        parts.append(_padding(len(raw)))
    return b"".join(parts)


def decode(frame: bytes) -> Frame:
    """The inverse of encode; raises FrameError on anything that is not exactly one frame."""
    if len(frame) < HEADER.size:
        raise FrameError("shorter than a header")
    magic, version, flags, count, names_count, seq, base_ts_ms = HEADER.unpack_from(frame)
    if magic != MAGIC or version != VERSION:
        raise FrameError(f"not a version {VERSION} positions frame")
    names, offset = _decode_names(frame, names_count)
    rows = np.empty(count, FRAME_DTYPE) if _fits(frame, offset, count) else None
    if rows is None:
        raise FrameError("length does not match the number of rows")
    for name, kind in COLUMNS:
        rows[name] = np.frombuffer(frame, kind, count, offset)
        size = count * np.dtype(kind).itemsize
        offset += size + (-size % ALIGNMENT)
    return Frame(seq, base_ts_ms, bool(flags & FULL_SNAPSHOT), names, rows)


def _fits(frame: bytes, offset: int, count: int) -> bool:
    sizes = [count * np.dtype(kind).itemsize for _, kind in COLUMNS]
    return len(frame) == offset + sum(size + (-size % ALIGNMENT) for size in sizes)


def _decode_names(frame: bytes, count: int) -> tuple[dict[int, str], int]:
    names: dict[int, str] = {}
    offset = HEADER.size
    for _ in range(count):
        if offset + NAME.size > len(frame):
            raise FrameError("name table is cut off")
        handle, length = NAME.unpack_from(frame, offset)
        offset += NAME.size
        name = frame[offset : offset + length]
        if len(name) != length or not name.isascii():
            raise FrameError("name table is damaged")
        names[handle] = name.decode("ascii")
        offset += length
    return names, offset + (-offset % ALIGNMENT)
