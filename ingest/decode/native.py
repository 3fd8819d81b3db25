"""Our own position message: a JSON object or an array of them, checked and made into rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingest.decode.rows import (
    EPOCH_MS_MAX,
    EPOCH_MS_MIN,
    FIELDS,
    Bad,
    BadPositionError,
    Decoded,
    Position,
    Row,
)

_ACK = FIELDS.index("ack")


class _BadTimeError(ValueError):
    """One object's `ts` cannot be read."""


class _Known(Position, frozen=True, gc=False, forbid_unknown_fields=True):
    """Of the keys that we know; with any other it is read once more."""


_one_known = msgspec.json.Decoder(_Known)
_many_known = msgspec.json.Decoder(list[_Known])
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
        positions, extras = _read(payload, is_array=is_array)
        if is_array:
            _check_length(len(positions), array_fixes_max)
        rows = _rows(positions)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _BadTimeError) as error:
        if not is_array:
            raise BadPositionError(str(error)) from error
        return _one_by_one(payload, array_fixes_max)
    return Decoded(rows, extras, [], any(row[_ACK] for row in rows))


def _read(payload: bytes, *, is_array: bool) -> tuple[Sequence[Position], dict[int, bytes]]:
    """The positions, and what else their objects say."""
    try:
        known = _many_known.decode(payload) if is_array else [_one_known.decode(payload)]
    except msgspec.ValidationError:
        positions = _many.decode(payload) if is_array else [_one.decode(payload)]
        return positions, _extras(_raw_list.decode(payload) if is_array else [payload])
    return known, {}


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
    out = Decoded()
    for number, raw in enumerate(objects):
        try:
            positions, extras = _read(bytes(raw), is_array=False)
            (row,) = _rows(positions)
        except (msgspec.DecodeError, UnicodeDecodeError, _BadTimeError) as error:
            out.bad.append(Bad(bytes(raw), f"object {number}: {error}"))
            continue
        for body in extras.values():
            out.extras[len(out.rows)] = body
        out.rows.append(row)
        out.ack = out.ack or bool(row[_ACK])
    return out


def _extras(objects: list[Any]) -> dict[int, bytes]:
    extras: dict[int, bytes] = {}
    for number, raw in enumerate(objects):
        unknown = {k: v for k, v in _any.decode(raw).items() if k not in FIELDS}
        if unknown:
            extras[number] = _encode(unknown)
    return extras


def _rows(positions: Sequence[Position]) -> list[Row]:
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
