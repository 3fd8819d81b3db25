"""Fixes as Postgres' binary COPY format and back, column by column instead of row by row."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray

# Postgres counts microseconds from 2000-01-01.
PG_EPOCH_MS = 946_684_800_000
HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
LENGTH_BYTES = 4  # fixed: the binary form of COPY
NULL = -1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of table `fixes`: where its value comes from and what stands for NULL."""

    name: str
    source: str
    wire: str  # big-endian numpy type; its width is the field's length
    nullable: bool = False
    missing: int | None = None  # None: NaN
    read: str = ""  # SQL that never yields NULL, so that every row has the same width

    @property
    def width(self) -> int:
        return np.dtype(self.wire).itemsize


def _measured(name: str, wire: str) -> Column:
    return Column(name, name, wire, nullable=True, read=f"coalesce({name}, 'NaN')")


def _counted(name: str, wire: str, sql_type: str, missing: int) -> Column:
    read = f"coalesce({name}, ({missing})::{sql_type})"
    return Column(name, name, wire, nullable=True, missing=missing, read=read)


COLUMNS = (
    Column("truck_key", "truck_key", ">i8", read="truck_key"),
    Column("ts", "ts_ms", ">i8", read="ts"),
    Column("received_at", "received_ms", ">i8", read="received_at"),
    Column("lat", "lat", ">f8", read="lat"),
    Column("lon", "lon", ">f8", read="lon"),
    _measured("odometer_km", ">f8"),
    _counted("seq", ">i8", "int8", MISSING_INT64),
    Column("tenant_key", "tenant_key", ">i4", read="tenant_key"),
    _measured("speed_kmh", ">f4"),
    _measured("heading_deg", ">f4"),
    _measured("accuracy_m", ">f4"),
    _measured("altitude_m", ">f4"),
    _measured("hdop", ">f4"),
    _measured("battery_v", ">f4"),
    _measured("external_v", ">f4"),
    _measured("fuel_pct", ">f4"),
    _counted("satellites", ">i2", "int2", MISSING_INT16),
    _counted("alarm", ">i2", "int2", MISSING_INT8),
    Column(
        "ignition",
        "ignition",
        "u1",
        nullable=True,
        missing=MISSING_INT8,
        read=f"coalesce(ignition::int, {MISSING_INT8})::int2",
    ),
)
TIMES = ("ts", "received_at")
# The order of the fields in copy_payload's rows.
COPY_COLUMNS = ("shard", "batch", *(column.name for column in COLUMNS), "extra")

# For each fix why it is not believed (freight.tracking.facts.Flaw), or 0.
FlawArray = npt.NDArray[np.int8]


def copy_payload(fixes: FixArray, extras: dict[int, bytes], shard: int, batch: int) -> bytes:
    """The whole input of COPY fixes (COPY_COLUMNS) FROM STDIN (FORMAT binary)."""
    missing = missing_masks(fixes)
    absent = frozenset(name for name, mask in missing.items() if mask.all())
    partly = {n: mask for n, mask in missing.items() if n not in absent and mask.any()}
    rows = _filled_rows(fixes, absent, shard, batch)
    body, row_ends = _without_nulls(rows, partly)
    return b"".join([HEADER, *_spliced(body, row_ends, extras), TRAILER])


def no_flaws(count: int) -> FlawArray:
    return np.zeros(count, dtype=np.int8)


def missing_masks(fixes: FixArray) -> dict[str, Mask]:
    """Nullable column -> which rows have no value."""
    masks: dict[str, Mask] = {}
    for column in COLUMNS:
        if column.nullable:
            values = fixes[column.source]
            no_value = np.isnan(values) if column.missing is None else values == column.missing
            masks[column.name] = no_value
    return masks


@lru_cache(maxsize=256)  # fixed: memory only; forgetting changes nothing
def _row_template(absent: frozenset[str]) -> npt.NDArray[np.void]:
    """One row with its field count and lengths filled in; absent columns are NULL in every row."""
    fields: list[tuple[str, str]] = [("fields", ">i2"), ("shard_length", ">i4"), ("shard", ">i2")]
    fields += [("batch_length", ">i4"), ("batch", ">i8")]
    for column in COLUMNS:
        fields.append((f"{column.name}_length", ">i4"))
        if column.name not in absent:
            fields.append((column.name, column.wire))
    fields.append(("extra_length", ">i4"))
    template = np.zeros(1, dtype=np.dtype(fields))
    template["fields"] = len(COPY_COLUMNS)
    template["shard_length"] = 2
    template["batch_length"] = 8  # fixed: the binary form of COPY
    for column in COLUMNS:
        template[f"{column.name}_length"] = NULL if column.name in absent else column.width
    template["extra_length"] = NULL
    return template


def _filled_rows(
    fixes: FixArray, absent: frozenset[str], shard: int, batch: int
) -> npt.NDArray[np.void]:
    template = _row_template(absent).copy()
    template["shard"] = shard
    template["batch"] = batch
    rows = np.repeat(template, len(fixes))
    for column in COLUMNS:
        if column.name in absent:
            continue
        values = fixes[column.source]
        if column.name in TIMES:
            values = (values - PG_EPOCH_MS) * 1000
        elif column.name == "ignition":
            values = values != 0
        rows[column.name] = values
    return rows


def _without_nulls(
    rows: npt.NDArray[np.void], partly: dict[str, Mask]
) -> tuple[memoryview, npt.NDArray[np.int64]]:
    """The rows' bytes with the values of NULL fields cut out, and where each row ends."""
    width = rows.dtype.itemsize
    lengths = np.full(len(rows), width, np.int64)
    flat = rows.view(np.uint8).reshape(len(rows), width)
    if partly:
        keep = np.ones(flat.shape, np.bool_)
        for name, mask in partly.items():
            rows[f"{name}_length"][mask] = NULL
            at = _offset(rows.dtype, name)
            size = rows.dtype[name].itemsize
            keep[:, at : at + size] = ~mask[:, np.newaxis]
            lengths -= mask * size
        flat = flat[keep]
    return memoryview(flat.tobytes()), np.cumsum(lengths)


def _spliced(
    body: memoryview, row_ends: npt.NDArray[np.int64], extras: dict[int, bytes]
) -> list[bytes | memoryview]:
    """The body, cut where a row has unknown keys, with their JSON as that row's last field."""
    pieces: list[bytes | memoryview] = []
    start = 0
    for row in sorted(extras):
        end = int(row_ends[row])
        pieces += [body[start : end - LENGTH_BYTES], struct.pack(">i", len(extras[row]))]
        pieces.append(extras[row])
        start = end
    pieces.append(body[start:])
    return pieces


def _offset(dtype: np.dtype[Any], name: str) -> int:
    fields = dtype.fields
    assert fields is not None  # noqa: S101 - a structured type of our own making
    return int(fields[name][1])


# ---------------------------------------------------------------------------------- reading

READ_EXPRESSIONS = ", ".join(column.read for column in COLUMNS)


def _read_dtype() -> np.dtype[Any]:
    fields = [("fields", ">i2"), ("batch_length", ">i4"), ("batch", ">i8")]
    for column in COLUMNS:
        wire = ">i2" if column.name == "ignition" else column.wire
        fields += [(f"{column.name}_length", ">i4"), (column.name, wire)]
    return np.dtype(fields)


READ_DTYPE = _read_dtype()


def read_payload(payload: bytes | bytearray) -> tuple[npt.NDArray[np.int64], FixArray]:
    """Batches and fixes from a binary COPY TO of SELECT batch, READ_EXPRESSIONS."""
    size = len(payload) - len(HEADER) - len(TRAILER)
    rows = np.frombuffer(payload, READ_DTYPE, size // READ_DTYPE.itemsize, len(HEADER))
    fixes = np.empty(len(rows), FIX_DTYPE)
    for column in COLUMNS:
        values = rows[column.name]
        if column.name in TIMES:
            values = values // 1000 + PG_EPOCH_MS
        fixes[column.source] = values
    return rows["batch"].astype(np.int64), fixes
