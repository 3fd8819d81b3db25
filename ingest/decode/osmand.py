"""OsmAnd's and Traccar Client's way over HTTP: a query, a form, or the newer client's JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from freight.fixes import Alarm
from ingest.decode.rows import EPOCH_MS_MAX, Bad, BadPositionError, Decoded, checked

MS_PER_S = 1000
SECONDS_BELOW = 2**31  # fixed: the protocol tells seconds from milliseconds so
KMH_PER_KNOT = 1.852
KMH_PER_MPS = 3.6  # fixed: seconds of an hour by metres of a kilometre
NO_FIX = "no_fix"
# Traccar's names of alarms that are ours.
ALARMS = {
    "sos": Alarm.PANIC,
    "tampering": Alarm.TAMPER,
    "powerCut": Alarm.POWER_CUT,
    "tow": Alarm.TOW,
    "accident": Alarm.CRASH,
}
# Who sends and how it proves itself are no part of a fix.
NAMES = ("id", "deviceid")
KEY = "key"


class Sent(NamedTuple):
    """One request: whose it says it is, what it proves that with, and its fixes."""

    device: str
    key: str | None
    decoded: Decoded


def decode(query: bytes, content_type: str, body: bytes, received_ms: int, fixes_max: int) -> Sent:
    """Raises BadPositionError when whose it is cannot be read; a bad fix is told beside its
    sender."""
    parameters = _parameters(query, fixes_max)
    is_json = content_type.partition(";")[0].strip().lower() == "application/json"
    if is_json and body:
        return _of_json(body, parameters, fixes_max)
    if body:
        parameters |= _parameters(body, fixes_max)
    device = next((said for name in NAMES if (said := _last(parameters, name))), None)
    if device is None:
        raise BadPositionError("id: missing")
    decoded = Decoded()
    try:
        _take_form(decoded, parameters, received_ms)
    except BadPositionError as error:
        decoded.bad.append(Bad(query + body, str(error), error.reason))
    return Sent(device, _last(parameters, KEY), decoded)


# ------------------------------------------------------------------------- query and form


def _parameters(text: bytes, fields_max: int) -> dict[str, list[str]]:
    try:
        return parse_qs(text.decode(), keep_blank_values=True, max_num_fields=fields_max)
    except ValueError as error:
        raise BadPositionError(f"the parameters cannot be read: {error}") from error


def _last(parameters: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = parameters.get(name)
    return values[-1] if values and values[-1] else None


# Their name -> ours and by what to multiply; several names are alternatives.
NUMBERS: tuple[tuple[str, str, float], ...] = (
    ("speed", "speed_kmh", KMH_PER_KNOT),
    ("bearing", "heading_deg", 1.0),
    ("heading", "heading_deg", 1.0),
    ("altitude", "altitude_m", 1.0),
    ("accuracy", "accuracy_m", 1.0),
    ("hdop", "hdop", 1.0),
)


def _take_form(decoded: Decoded, parameters: Mapping[str, Sequence[str]], received_ms: int) -> None:
    if _last(parameters, "valid") in {"false", "0"}:
        raise BadPositionError("valid: false, so this is not where the device is", NO_FIX)
    used = {*NAMES, KEY, "timestamp", "lat", "lon", "location", "valid", "ignition"}
    latitude, longitude = _point(parameters)
    stamp = _last(parameters, "timestamp")
    values: dict[str, Any] = {
        # A client that says no time means now.
        "ts": received_ms if stamp is None else _time_ms(stamp),
        "lat": latitude,
        "lon": longitude,
        "ignition": {"true": True, "1": True, "false": False, "0": False}.get(
            _last(parameters, "ignition") or ""
        ),
    }
    for theirs, ours, factor in NUMBERS:
        text = _last(parameters, theirs)
        if text is not None:
            values[ours] = _number(theirs, text) * factor
        used.add(theirs)
    alarm = ALARMS.get(_last(parameters, "alarm") or "")
    if alarm is not None:
        values["alarm"] = alarm.name.lower()
        used.add("alarm")
    _drop_unknown(values)
    extra = {k: v[0] if len(v) == 1 else list(v) for k, v in parameters.items() if k not in used}
    decoded.add(checked(values), extra)


def _point(parameters: Mapping[str, Sequence[str]]) -> tuple[float, float]:
    location = _last(parameters, "location")
    texts: Sequence[str | None]
    texts = location.split(",") if location else [_last(parameters, n) for n in ("lat", "lon")]
    if len(texts) != 2 or not all(texts):
        raise BadPositionError("lat and lon: missing")
    latitude, longitude = (
        _number(name, text or "") for name, text in zip(("lat", "lon"), texts, strict=True)
    )
    return latitude, longitude


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadPositionError(f"{name}: {text[:40]!r} is not a number")
    return value


def _time_ms(text: str) -> int:
    """Seconds or milliseconds since 1970, or a date and time, in UTC if it does not say."""
    if text.isascii() and text.isdigit():
        number = min(int(text[:20]), EPOCH_MS_MAX)
        return number * MS_PER_S if number < SECONDS_BELOW else number
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * MS_PER_S)
    except (ValueError, OverflowError):
        raise BadPositionError(f"timestamp: {text[:40]!r} is not a time") from None


# What these say when they do not know, in place of leaving it out.
NEGATIVE_IS_UNKNOWN = ("speed_kmh", "heading_deg", "accuracy_m")


def _drop_unknown(values: dict[str, Any]) -> None:
    for name in NEGATIVE_IS_UNKNOWN:
        if (values.get(name) or 0) < 0:
            del values[name]


# ----------------------------------------------------------------------------------- JSON


class _Coords(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    altitude: float | None = None


class _Location(msgspec.Struct, frozen=True):
    timestamp: str | int
    coords: _Coords
    alarm: str | None = None


class _Body(msgspec.Struct, frozen=True):
    device_id: str | int
    location: msgspec.Raw
    key: str | None = None


_body = msgspec.json.Decoder(_Body)
_any = msgspec.json.Decoder(Any)
_encode = msgspec.json.Encoder().encode
_convert: Callable[..., _Location] = msgspec.convert


def _of_json(body: bytes, parameters: Mapping[str, Sequence[str]], fixes_max: int) -> Sent:
    decoded = Decoded()
    try:
        told = _body.decode(body)
        location = _any.decode(told.location)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPositionError(str(error)) from error
    locations: list[Any] = location if isinstance(location, list) else [location]
    if not 0 < len(locations) <= fixes_max:
        raise BadPositionError(f"{len(locations)} locations; 1 to {fixes_max} are allowed")
    for one in locations:
        try:
            _take_location(decoded, _convert(one, _Location), one)
        except (msgspec.ValidationError, BadPositionError) as error:
            decoded.bad.append(Bad(_encode(one), str(error)))
    return Sent(str(told.device_id), told.key or _last(parameters, KEY), decoded)


def _take_location(decoded: Decoded, told: _Location, said: dict[str, Any]) -> None:
    coords = told.coords
    values: dict[str, Any] = {
        "ts": _time_ms(str(told.timestamp)),
        "lat": coords.latitude,
        "lon": coords.longitude,
        "accuracy_m": coords.accuracy,
        "speed_kmh": None if coords.speed is None else coords.speed * KMH_PER_MPS,
        "heading_deg": coords.heading,
        "altitude_m": coords.altitude,
    }
    alarm = ALARMS.get(told.alarm or "")
    if alarm is not None:
        values["alarm"] = alarm.name.lower()
    _drop_unknown(values)
    extra = {name: v for name, v in said.items() if name not in {"timestamp", "coords"}}
    decoded.add(checked(values), extra)
