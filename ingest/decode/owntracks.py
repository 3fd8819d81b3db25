"""OwnTracks JSON: locations of phones, and of Queclink devices behind its bridge."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from freight.fixes import Alarm
from ingest.decode.rows import EPOCH_MS_MAX, BadPositionError, Decoded, Row, checked

MS_PER_S = 1000

# What the app and its bridge say besides positions: legitimate, and nothing to store.
OTHER_TYPES = frozenset(
    {
        *("lwt", "transition", "waypoint", "waypoints", "card", "cmd", "steps", "beacon"),
        *("dump", "status", "configuration", "request"),
    }
)
# Their names for what we have a field for; the app leaves out what is zero as well as what is
# unknown, and its older forms say -1 for unknown.
NUMBERS = {
    "acc": "accuracy_m",
    "alt": "altitude_m",
    "vel": "speed_kmh",
    "cog": "heading_deg",
    "odometer": "odometer_km",
    "ubatt": "battery_v",
    "uext": "external_v",
    "flvl": "fuel_pct",
}
NEVER_NEGATIVE = frozenset({"acc", "vel", "cog", "odometer", "flvl"})
# The bridge's triggers that are alarms of the device.
ALARMS = {"!": Alarm.TOW, "e": Alarm.POWER_CUT}
READ = frozenset({"_type", "lat", "lon", "tst", "ign"})


class _Location(msgspec.Struct, frozen=True):
    """What cannot be missing; the rest is read leniently."""

    tst: int | float
    lat: float
    lon: float


class _Kind(msgspec.Struct, frozen=True):
    type: str = msgspec.field(name="_type")


_kind = msgspec.json.Decoder(_Kind)
_location = msgspec.json.Decoder(_Location)
_any = msgspec.json.Decoder(dict[str, Any])


def decode(payload: bytes, _fixes_max: int) -> Decoded:
    """Raises BadPositionError when it is neither a location nor another message of OwnTracks."""
    try:
        kind = _kind.decode(payload).type
        if kind == "location":
            told, said = _location.decode(payload), _any.decode(payload)
        elif kind in OTHER_TYPES:
            return Decoded()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPositionError(str(error)) from error
    if kind == "encrypted":
        raise BadPositionError("encrypted by the app; switch its encryption key off", "encrypted")
    if kind != "location":
        raise BadPositionError(f"_type: {kind[:40]!r} is none of OwnTracks")
    decoded = Decoded()
    row, used = _row(told, said)
    decoded.add(row, {name: value for name, value in said.items() if name not in used})
    return decoded


def _row(told: _Location, said: dict[str, Any]) -> tuple[Row, frozenset[str]]:
    """The row, and the keys that are in it."""
    values: dict[str, Any] = {"ts": _epoch_ms(told.tst), "lat": told.lat, "lon": told.lon}
    used = set(READ)
    for theirs, ours in NUMBERS.items():
        value = said.get(theirs)
        if isinstance(value, int | float) and not isinstance(value, bool):
            used.add(theirs)
            if value >= 0 or theirs not in NEVER_NEGATIVE:
                values[ours] = value
    values["ignition"] = _switch(said.get("ign"))
    alarm = ALARMS.get(str(said.get("t")))
    values["alarm"] = None if alarm is None else alarm.name.lower()
    return checked(values), frozenset(used)


def _epoch_ms(seconds: float) -> int:
    if abs(seconds) > EPOCH_MS_MAX:
        raise BadPositionError(f"tst: {seconds:g} is not a time in epoch seconds")
    return round(seconds * MS_PER_S)


def _switch(value: Any) -> Literal[True, False] | None:
    """The bridge says 0 and 1, or true and false."""
    return bool(value) if isinstance(value, bool | int) else None
