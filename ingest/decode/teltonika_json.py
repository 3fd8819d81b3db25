"""Teltonika's Codec JSON over MQTT: IO values under their numbers, raw and without units."""

from __future__ import annotations

from typing import Any

import msgspec

from config.sections.dialects import TeltonikaElements
from ingest.decode.rows import Bad, BadPositionError, Decoded, Row, checked
from ingest.decode.stream import fix_time_ms
from ingest.decode.teltonika_elements import values_of

NO_FIX = "no_fix"
# Its keys that are wholly in a row; all others are kept as the device sent them.
READ = frozenset({"ts", "latlng", "alt", "ang", "sat", "sp"})
# An answer to a command that the device was sent.
REPLY = "RSP"
ID_DIGITS_MAX = 5
DIGITS_MAX = 18

_any = msgspec.json.Decoder(Any)
_encode = msgspec.json.Encoder().encode


def decode(payload: bytes, fixes_max: int, meaning: TeltonikaElements) -> Decoded:
    """Raises BadPositionError when nothing of the message can be used."""
    try:
        told = _any.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPositionError(str(error)) from error
    records = told if isinstance(told, list) else [told]
    if len(records) > fixes_max:
        raise BadPositionError(f"{len(records)} records in one array; at most {fixes_max}")
    decoded = Decoded()
    for record in records:
        try:
            _take(decoded, _reported(record), meaning)
        except BadPositionError as error:
            if not isinstance(told, list):
                raise
            decoded.bad.append(Bad(_encode(record), str(error), error.reason))
    return decoded


def _reported(record: Any) -> dict[str, Any]:
    """Cloud shadows wrap a record twice; devices with topics of their own need not."""
    for name in ("state", "reported"):
        if isinstance(record, dict) and isinstance(record.get(name), dict):
            record = record[name]
    if not isinstance(record, dict):
        raise BadPositionError("a record is an object")
    return record


def _take(decoded: Decoded, said: dict[str, Any], meaning: TeltonikaElements) -> None:
    if REPLY in said and "latlng" not in said:
        return
    row = _row(said, meaning)
    decoded.add(row, {name: value for name, value in said.items() if name not in READ})


def _row(said: dict[str, Any], meaning: TeltonikaElements) -> Row:
    latitude, longitude = _point(said.get("latlng"))
    satellites = said.get("sat")
    if satellites == 0:
        # Then the coordinates are those of the last fix there was, or zero.
        raise BadPositionError("sat: 0, so latlng is not where the device is", NO_FIX)
    elements = {int(k): _integer(v) for k, v in said.items() if _is_id(k)}
    event, priority = _integer(said.get("evt")), _integer(said.get("pr"))
    told = values_of(elements, event or 0, priority or 0, meaning)
    values = {
        "ts": said.get("ts"),
        "lat": latitude,
        "lon": longitude,
        "altitude_m": said.get("alt"),
        "heading_deg": said.get("ang"),
        "satellites": satellites,
        "speed_kmh": said.get("sp"),
        **told,
    }
    if isinstance(values["ts"], int):
        values["ts"] = fix_time_ms(values["ts"], told["alarm"])
    return checked(values)


def _point(latlng: Any) -> tuple[float, float]:
    """ "lat,lon" in one text."""
    parts = latlng.split(",") if isinstance(latlng, str) else ()
    try:
        latitude, longitude = map(float, parts)
    except ValueError:
        raise BadPositionError('latlng: not "latitude,longitude"') from None
    return latitude, longitude


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= ID_DIGITS_MAX


def _integer(value: Any) -> int | None:
    """Firmware writes some numbers as text."""
    if isinstance(value, str):
        value = (
            int(value) if value.isascii() and value.isdigit() and len(value) <= DIGITS_MAX else None
        )
    return value if isinstance(value, int) else None
