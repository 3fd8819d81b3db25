"""Position messages in their common form, read by one compiled loop over a window's bytes.

Common is what devices send nearly always: one object, or an array of them, with only known keys,
plain numbers, and no text. What is anything else, or bad in any way, is left to `native`, whose
answer this must never differ from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import msgspec
import numpy as np
import numpy.typing as npt

from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray
from geo.compiled import compiled_without_new_arrays
from ingest.decode.rows import FIELDS, Position

Bytes = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


FIX_BYTES_MIN = len(b'{"ts":1,"lat":1,"lon":1}')


class Scanned(NamedTuple):
    """The rows of all common messages, one behind the other; -1 rows: not a common message."""

    fixes: FixArray
    counts: list[int]
    asks: list[bool]


def scanned(payloads: Sequence[bytes], array_fixes_max: int) -> Scanned:
    whole = b"".join(payloads)
    ends = np.cumsum(np.fromiter(map(len, payloads), np.int64, len(payloads)))
    counts, asks = np.empty(len(ends), np.int64), np.empty(len(ends), np.bool_)
    # Memory that nobody writes to costs nothing, so it need not be counted first.
    room = min(len(whole) // FIX_BYTES_MIN + 1, array_fixes_max * len(payloads))
    fixes = np.empty(room, dtype=FIX_DTYPE)
    follows = np.zeros(_COUNT + 1, np.int64)  # the last one: which field is an object's first
    raw = np.frombuffer(whole, np.uint8)
    filled = _scan(raw, ends, array_fixes_max, fixes, counts, asks, follows)
    return Scanned(fixes[:filled], counts.tolist(), asks.tolist())


def warm_up() -> None:
    """So that no first window waits for a compiler."""
    scanned([b"{}"], 1)


# ------------------------------------------------------------------- what a position may hold


def _bounds_of(field: msgspec.inspect.Field) -> tuple[float, float]:
    """As Position has them for a number of this field."""
    given = field.type
    kinds = given.types if isinstance(given, msgspec.inspect.UnionType) else (given,)
    for kind in kinds:
        if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
            low, high = kind.ge, kind.le
            return -np.inf if low is None else low, np.inf if high is None else high
    return -np.inf, np.inf


_POSITION = cast(msgspec.inspect.StructType, msgspec.inspect.type_info(Position))
_BOUNDS = np.array([_bounds_of(field) for field in _POSITION.fields])
_LENGTHS = np.array([len(name) for name in FIELDS])
_NAMES = np.array([list(name.encode().ljust(_LENGTHS.max(), b"\0")) for name in FIELDS], np.uint8)
_COUNT = len(FIELDS)
_TS, _LAT, _LON, _SPEED, _HEADING, _ACCURACY, _ALTITUDE = range(7)
_ODOMETER, _HDOP, _BATTERY, _EXTERNAL, _FUEL, _SEQ, _SATELLITES = range(7, 14)
_IGNITION, _ALARM, _ACK = range(14, 17)
_NEEDED = (1 << _TS) | (1 << _LAT) | (1 << _LON)

_QUOTE, _COMMA, _MINUS, _DOT, _ZERO, _NINE = (ord(c) for c in '",-.09')
_COLON, _OPEN, _CLOSE, _BRACE, _UNBRACE = (ord(c) for c in ":[]{}")
_SPACE, _TAB, _NEWLINE, _RETURN = (ord(c) for c in " \t\n\r")
_LOW_E, _HIGH_E = ord("e"), ord("E")
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))

# With no more digits than this, and powers of ten that a double has exactly, one division rounds
# as it should.
_EXACT_MAX = 2**53  # fixed: whole numbers that a double has exactly
_DIGITS_MAX = 18  # what 64 bits hold
_POWERS = np.array([10.0**places for places in range(_DIGITS_MAX + 1)])
_NO = -1  # not of the common form


# --------------------------------------------------------------------------------- the loops


@compiled_without_new_arrays
def _scan(  # noqa: PLR0917 - compiled code takes plain arrays
    raw: Bytes,
    ends: IntArray,
    array_fixes_max: int,
    fixes: FixArray,
    counts: IntArray,
    asks: BoolArray,
    follows: IntArray,
) -> int:
    filled = start = 0
    for i in range(len(ends)):
        count, asks[i] = _message(raw, start, ends[i], array_fixes_max, fixes, filled, follows)
        counts[i] = count
        filled += max(count, 0)
        start = ends[i]
    return filled


@compiled_without_new_arrays
def _message(  # noqa: PLR0917 - compiled code takes plain arrays
    raw: Bytes,
    at: int,
    end: int,
    array_fixes_max: int,
    fixes: FixArray,
    first: int,
    follows: IntArray,
) -> tuple[int, bool]:
    """How many rows, and whether one of them asks for a receipt."""
    at = _past_white(raw, at, end)
    is_array = at < end and raw[at] == _OPEN
    count, asks = 0, False
    while True:
        if is_array:
            at = _past_white(raw, at + 1, end)
        if first + count == len(fixes):
            return _NO, False
        at, asked = _object(raw, at, end, fixes[first + count], follows)
        if at == _NO:
            return _NO, False
        count, asks = count + 1, asks or asked
        at = _past_white(raw, at, end)
        if not (is_array and at < end and raw[at] == _COMMA):
            break
    if is_array:
        if at == end or raw[at] != _CLOSE or count > array_fixes_max:
            return _NO, False
        at = _past_white(raw, at + 1, end)
    return (count, asks) if at == end else (_NO, False)


@compiled_without_new_arrays
def _past_white(raw: Bytes, at: int, end: int) -> int:
    while at < end and raw[at] in (_SPACE, _NEWLINE, _TAB, _RETURN):
        at += 1
    return at


@compiled_without_new_arrays
def _object(raw: Bytes, at: int, end: int, row: np.void, follows: IntArray) -> tuple[int, bool]:
    """Where it ends; `row` is filled, or partly and then worth nothing."""
    if at == end or raw[at] != _BRACE:
        return _NO, False
    _clear(row)
    seen, field, asks = 0, _COUNT, False
    while True:
        field, at = _key(raw, _past_white(raw, at + 1, end), end, field, follows)
        if at == _NO or seen >> field & 1:
            return _NO, False
        seen |= 1 << field
        at = _past_white(raw, at, end)
        if at == end or raw[at] != _COLON:
            return _NO, False
        at, asked = _value(raw, _past_white(raw, at + 1, end), end, field, row)
        if at == _NO:
            return _NO, False
        asks = asks or asked
        at = _past_white(raw, at, end)
        if at == end or raw[at] != _COMMA:
            break
    if at == end or raw[at] != _UNBRACE or seen & _NEEDED != _NEEDED:
        return _NO, False
    return at + 1, asks


@compiled_without_new_arrays
def _clear(row: np.void) -> None:
    row["tenant_key"] = row["truck_key"] = row["received_ms"] = 0
    row["speed_kmh"] = row["heading_deg"] = row["accuracy_m"] = row["altitude_m"] = np.nan
    row["odometer_km"] = row["hdop"] = row["battery_v"] = row["external_v"] = np.nan
    row["fuel_pct"] = np.nan
    row["seq"], row["satellites"] = MISSING_INT64, MISSING_INT16
    row["ignition"] = row["alarm"] = MISSING_INT8


@compiled_without_new_arrays
def _key(raw: Bytes, at: int, end: int, before: int, follows: IntArray) -> tuple[int, int]:
    """Which field, and where its name's quote has closed. Nearly always the one that followed the
    same field the last time, since a device keeps to one order, and so do all of its kind."""
    if at < end and raw[at] == _QUOTE:
        if _is_named(raw, at + 1, end, follows[before]):
            return follows[before], at + 2 + _LENGTHS[follows[before]]
        for field in range(_COUNT):
            if _is_named(raw, at + 1, end, field):
                follows[before] = field
                return field, at + 2 + _LENGTHS[field]
    return 0, _NO


@compiled_without_new_arrays
def _is_named(raw: Bytes, start: int, end: int, field: int) -> bool:
    stop = start + _LENGTHS[field]
    if stop >= end or raw[stop] != _QUOTE:
        return False
    same = 0
    while same < _LENGTHS[field] and raw[start + same] == _NAMES[field, same]:
        same += 1
    return bool(same == _LENGTHS[field])


@compiled_without_new_arrays
def _says(raw: Bytes, at: int, end: int, word: Bytes) -> bool:
    if at + len(word) > end:
        return False
    same = 0
    while same < len(word) and raw[at + same] == word[same]:
        same += 1
    return same == len(word)


@compiled_without_new_arrays
def _value(raw: Bytes, at: int, end: int, field: int, row: np.void) -> tuple[int, bool]:
    """Where it ends, and whether it asks for a receipt."""
    if field > _LON and _says(raw, at, end, _NULL):
        return at + len(_NULL), False
    if field in (_IGNITION, _ACK):
        return _truth(raw, at, end, field, row)
    value, whole, places, at = _number(raw, at, end)
    is_whole = field in (_TS, _SEQ, _SATELLITES)
    if field == _ALARM or not _BOUNDS[field, 0] <= value <= _BOUNDS[field, 1]:
        return _NO, False
    if at == _NO or (places if is_whole else whole > _EXACT_MAX):
        return _NO, False
    if is_whole:
        _put_whole(row, field, whole)
    else:
        _put(row, field, value)
    return at, False


@compiled_without_new_arrays
def _truth(raw: Bytes, at: int, end: int, field: int, row: np.void) -> tuple[int, bool]:
    is_true = _says(raw, at, end, _TRUE)
    if not is_true and not _says(raw, at, end, _FALSE):
        return _NO, False
    if field == _IGNITION:
        row["ignition"] = 1 if is_true else 0
    return at + (len(_TRUE) if is_true else len(_FALSE)), is_true and field == _ACK


@compiled_without_new_arrays
def _number(raw: Bytes, at: int, end: int) -> tuple[float, int, int, int]:
    """Its value, its digits as one whole number, how many of them behind the point, its end."""
    is_negative = at < end and raw[at] == _MINUS
    first = at + is_negative
    at, whole, places = first, 0, 0
    while at < end and _ZERO <= raw[at] <= _NINE:
        whole, at = whole * 10 + int(raw[at]) - _ZERO, at + 1
    if at == first or (at - first > 1 and raw[first] == _ZERO):
        return 0.0, 0, 0, _NO
    if at < end and raw[at] == _DOT:
        point, at = at, at + 1
        while at < end and _ZERO <= raw[at] <= _NINE:
            whole, at = whole * 10 + int(raw[at]) - _ZERO, at + 1
        places = at - point - 1
        if not places:
            return 0.0, 0, 0, _NO
    if at - first > _DIGITS_MAX or (at < end and (raw[at] == _LOW_E or raw[at] == _HIGH_E)):
        return 0.0, 0, 0, _NO
    if is_negative and not places:
        if not whole:
            return 0.0, 0, 0, _NO  # of whole numbers only zero has no sign
        return -float(whole), -whole, 0, at
    value = whole / _POWERS[places]
    return -value if is_negative else value, whole, places, at


@compiled_without_new_arrays
def _put_whole(row: np.void, field: int, value: int) -> None:
    if field == _TS:
        row["ts_ms"] = value
    elif field == _SEQ:
        row["seq"] = value
    else:
        row["satellites"] = value


@compiled_without_new_arrays
def _put(row: np.void, field: int, value: float) -> None:  # noqa: C901 - one case a field
    if field == _LAT:
        row["lat"] = value
    elif field == _LON:
        row["lon"] = value
    elif field == _SPEED:
        row["speed_kmh"] = value
    elif field == _HEADING:
        row["heading_deg"] = value
    elif field == _ACCURACY:
        row["accuracy_m"] = value
    elif field == _ALTITUDE:
        row["altitude_m"] = value
    elif field == _ODOMETER:
        row["odometer_km"] = value
    elif field == _HDOP:
        row["hdop"] = value
    elif field == _BATTERY:
        row["battery_v"] = value
    elif field == _EXTERNAL:
        row["external_v"] = value
    else:
        row["fuel_pct"] = value
