"""Our own position message: a JSON object or an array of them, checked and made into rows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

# Bounds are what the quantity can be at all, not what is plausible: that is a policy's business.
Ratio = Annotated[float, msgspec.Meta(ge=0, le=100)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


# An epoch in milliseconds below this is a number of seconds by mistake (it would be in 1973).
EPOCH_MS_MIN = 100_000_000_000  # fixed: tells milliseconds from seconds
EPOCH_MS_MAX = 2**52  # fixed: beyond it a double loses milliseconds
EpochMs = Annotated[int, msgspec.Meta(ge=EPOCH_MS_MIN, le=EPOCH_MS_MAX)]


class Position(msgspec.Struct, frozen=True, gc=False):
    """The contract's position object; what is absent or null stays None."""

    ts: EpochMs | float | str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    speed_kmh: NotNegative | None = None
    heading_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    accuracy_m: NotNegative | None = None
    altitude_m: float | None = None
    odometer_km: NotNegative | None = None
    hdop: NotNegative | None = None
    battery_v: float | None = None
    external_v: float | None = None
    fuel_pct: Ratio | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    satellites: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None
    ignition: bool | None = None
    alarm: Literal["panic", "tamper", "power_cut", "tow", "crash"] | None = None
    ack: bool | None = None


FIELDS = Position.__struct_fields__
_ACK = FIELDS.index("ack")

# One fix as plain values in the order of Position's fields, `ts` in epoch milliseconds.
Row: TypeAlias = tuple[Any, ...]


class BadPositionError(ValueError):
    """The message, or one object of it, is not a position; says why."""


class _BadTimeError(ValueError):
    """One object's `ts` cannot be read."""


@dataclasses.dataclass(slots=True)
class Decoded:
    """What one message holds: good rows, their unknown keys, and the objects that were bad."""

    rows: list[Row]
    # Row number -> unknown keys as a JSON object.
    extras: dict[int, bytes]
    bad: list[tuple[bytes, str]]
    ack: bool


_one = msgspec.json.Decoder(Position)
_many = msgspec.json.Decoder(list[Position])
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode

_OPEN_ARRAY = ord("[")
_WHITE = b" \t\r\n"


def decode(payload: bytes, array_fixes_max: int) -> Decoded:
    """Raises BadPositionError when nothing of the message can be used."""
    is_array = payload[:1] == b"[" or payload.lstrip(_WHITE)[:1] == b"["
    try:
        positions = _many.decode(payload) if is_array else [_one.decode(payload)]
        if is_array:
            _check_length(len(positions), array_fixes_max)
        rows = _rows(positions)
        extras: dict[int, bytes] = {}
        if not _nothing_unknown(payload, rows):
            extras = _extras(_raw_list.decode(payload) if is_array else [payload])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _BadTimeError) as error:
        if not is_array:
            raise BadPositionError(str(error)) from error
        return _one_by_one(payload, array_fixes_max)
    return Decoded(rows, extras, [], any(row[_ACK] for row in rows))


def _check_length(length: int, array_fixes_max: int) -> None:
    if length == 0:
        raise BadPositionError("the array is empty")
    if length > array_fixes_max:
        raise BadPositionError(
            f"{length} fixes in one array; at most {array_fixes_max} are allowed"
        )


def _one_by_one(payload: bytes, array_fixes_max: int) -> Decoded:
    """An array with something bad in it: keep what is good, say what is wrong with the rest."""
    try:
        objects = _raw_list.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPositionError(str(error)) from error
    _check_length(len(objects), array_fixes_max)
    out = Decoded([], {}, [], False)
    for number, raw in enumerate(objects):
        try:
            (row,) = _rows([_one.decode(raw)])
            extras = {} if _nothing_unknown(bytes(raw), [row]) else _extras([raw])
        except (msgspec.DecodeError, UnicodeDecodeError, _BadTimeError) as error:
            out.bad.append((bytes(raw), f"object {number}: {error}"))
            continue
        for body in extras.values():
            out.extras[len(out.rows)] = body
        out.rows.append(row)
        out.ack = out.ack or bool(row[_ACK])
    return out


def _nothing_unknown(payload: bytes, rows: list[Row]) -> bool:
    """True only when every key is one of ours: then there are as many colons as values we read.

    Each key-value pair has one colon, further ones stand only inside strings; of our values just
    a textual `ts` holds any, and that one takes the slow way. A key we do not know adds a colon,
    so it cannot hide.
    """
    return payload.count(b":") == sum(len(row) - row.count(None) for row in rows)


def _extras(objects: list[Any]) -> dict[int, bytes]:
    extras: dict[int, bytes] = {}
    for number, raw in enumerate(objects):
        unknown = {k: v for k, v in _any.decode(raw).items() if k not in FIELDS}
        if unknown:
            extras[number] = _encode(unknown)
    return extras


def _rows(positions: list[Position]) -> list[Row]:
    rows = list(map(msgspec.structs.astuple, positions))
    if all(type(row[0]) is int for row in rows):
        return rows
    return [(_epoch_ms(row[0]), *row[1:]) for row in rows]


def _epoch_ms(ts: float | str) -> int:
    if isinstance(ts, str):
        try:
            moment = datetime.fromisoformat(ts)
        except ValueError as error:
            raise _BadTimeError(f"ts: {ts[:40]!r} is not an ISO 8601 time") from error
        if moment.tzinfo is None:
            # Devices that leave the zone out mean UTC: GPS time has no other.
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    if not EPOCH_MS_MIN <= ts <= EPOCH_MS_MAX:
        raise _BadTimeError(f"ts: {ts:g} is not a time in epoch milliseconds")
    return int(ts)
