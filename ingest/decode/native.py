"""Our own position message: a JSON object or an array of them, checked and made into rows."""

from __future__ import annotations

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
    out = Decoded()
    for number, raw in enumerate(objects):
        try:
            (row,) = _rows([_one.decode(raw)])
            extras = {} if _nothing_unknown(bytes(raw), [row]) else _extras([raw])
        except (msgspec.DecodeError, UnicodeDecodeError, _BadTimeError) as error:
            out.bad.append(Bad(bytes(raw), f"object {number}: {error}"))
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
