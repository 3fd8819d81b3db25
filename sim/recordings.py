"""A recorded track, read from a GPX, CSV or GeoJSON file as the fixes a device would send."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from config.sections.simulation import Replaying
from freight.fixes import Alarm
from geo.track_files import Track, TrackFileError, read_geojson, read_gpx
from geo.ways import way_mm

EPOCH_MS_MIN = 100_000_000_000  # fixed: tells milliseconds from seconds, as the contract does
MM_PER_MS_PER_KMH = 1 / 3.6  # fixed: a km/h is so many millimetres in a millisecond
ALARMS = frozenset(alarm.name.lower() for alarm in Alarm)
# What the platform added to a track that it gave away.
NOT_THE_DEVICES = frozenset({"received_at", "flaw"})
_encode = msgspec.json.Encoder().encode


@dataclasses.dataclass(frozen=True, slots=True)
class RecordedFix:
    ts_ms: int
    fields: Mapping[str, Any]  # the contract's position object, but for its time


def message_of(fix: RecordedFix, shift_ms: int) -> bytes:
    """As a device sends it that wants a receipt."""
    return _encode({**fix.fields, "ts": fix.ts_ms + shift_ms, "ack": True})


def read(path: Path, limits: Replaying, kmh: float | None = None) -> list[RecordedFix]:
    """In the order of their times, each time once. Raises TrackFileError, or OSError.

    `kmh` is for a line without times: so fast it is driven, beginning at zero.
    """
    if path.stat().st_size > limits.file_bytes_max:
        raise TrackFileError("the file", f"has more than {limits.file_bytes_max} bytes")
    body = path.read_bytes()
    reader = _READERS[_form_of(path, body)]
    found = reader(body, limits)
    if not found:
        raise TrackFileError("the file", "has no fixes")
    by_time: dict[int, RecordedFix] = {}
    for ts_ms, fields in _timed(found, kmh):
        by_time.setdefault(ts_ms, RecordedFix(ts_ms, fields))
    return [by_time[ts_ms] for ts_ms in sorted(by_time)]


_Rows = list[tuple[int | None, dict[str, Any]]]


def _form_of(path: Path, body: bytes) -> str:
    suffix = path.suffix.lower().lstrip(".")
    if suffix in _READERS:
        return suffix
    first = body.lstrip()[:1]
    return {b"<": "gpx", b"{": "geojson"}.get(first, "csv")


def _timed(rows: _Rows, kmh: float | None) -> Iterator[tuple[int, dict[str, Any]]]:
    without = [number for number, (ts_ms, _) in enumerate(rows) if ts_ms is None]
    if without and len(without) < len(rows):
        raise TrackFileError(f"point {without[0] + 1}", "has no time, but others have")
    if not without:
        yield from ((ts_ms, fields) for ts_ms, fields in rows if ts_ms is not None)
        return
    if kmh is None:
        raise TrackFileError("the file", "has no times; say with --kmh how fast it is driven")
    at_ms, before = 0.0, rows[0][1]
    for _, fields in rows:
        way = way_mm(before["lat"], before["lon"], fields["lat"], fields["lon"])
        at_ms += way / (kmh * MM_PER_MS_PER_KMH)
        yield round(at_ms), fields
        before = fields


# --------------------------------------------------------------------------- GPX and GeoJSON


def _gpx(body: bytes, limits: Replaying) -> _Rows:
    sizes = {"bytes_max": limits.file_bytes_max, "points_max": limits.fixes_max}
    return _rows_of(read_gpx(body, **sizes))


def _geojson(body: bytes, limits: Replaying) -> _Rows:
    sizes = {"bytes_max": limits.file_bytes_max, "points_max": limits.fixes_max}
    rows = _rows_of(read_geojson(body, **sizes))
    for (_, fields), speed_kmh in zip(rows, _speeds(json.loads(body), len(rows)), strict=False):
        if isinstance(speed_kmh, int | float) and not isinstance(speed_kmh, bool):
            fields["speed_kmh"] = speed_kmh
    return rows


def _rows_of(track: Track) -> _Rows:
    points = track.points.tolist()
    return [
        (time_ms, {"lat": lat, "lon": lon})
        for time_ms, (lat, lon) in zip(track.times_ms, points, strict=True)
    ]


def _speeds(found: Any, points: int) -> list[Any]:
    """Beside the line of a track that the platform gave away."""
    features = found.get("features")
    feature = features[0] if isinstance(features, list) and len(features) == 1 else found
    said = (feature.get("properties") or {}).get("speeds_kmh")
    return said if isinstance(said, list) and len(said) == points else []


# ---------------------------------------------------------------------------------------- CSV


def _csv(body: bytes, limits: Replaying) -> _Rows:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrackFileError("the file", f"is not UTF-8: {error}") from None
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: _Rows = []
    try:
        _look_at_header(lines.fieldnames)
        for line in lines:
            where = f"line {lines.line_num}"
            if len(rows) == limits.fixes_max:
                raise TrackFileError(where, f"has more than {limits.fixes_max} fixes")
            rows.append(_row(where, line))
    except csv.Error as error:
        raise TrackFileError(f"after line {lines.line_num}", str(error)) from None
    return rows


def _look_at_header(names: Any) -> None:
    missing = [name for name in ("ts", "lat", "lon") if name not in (names or ())]
    if missing:
        raise TrackFileError("line 1", f"has no column {', '.join(missing)}")


def _row(where: str, line: dict[str | Any, Any]) -> tuple[int | None, dict[str, Any]]:
    if None in line or None in line.values():
        raise TrackFileError(where, "has not as many fields as the first line")
    given = {n: v for n, v in line.items() if v != "" and n not in NOT_THE_DEVICES}
    fields: dict[str, Any] = {}
    for name, text in given.items():
        if name == "extra":
            fields = {**_extra(where, text), **fields}
        elif name != "ts":
            fields[name] = _PARSERS.get(name, _as_it_is)(where, name, text)
    for name in ("ts", "lat", "lon"):
        if name not in given:
            raise TrackFileError(where, f"has no {name}")
    return _time_ms(where, given["ts"]), fields


def _time_ms(where: str, text: str) -> int:
    if text.isdecimal():
        time_ms = int(text)
        if time_ms >= EPOCH_MS_MIN:
            return time_ms
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise TrackFileError(where, "ts is RFC 3339 with its offset, or epoch milliseconds")
    return round(time.timestamp() * 1000.0)


def _number(where: str, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TrackFileError(where, f"{name} must be a number")
    return value


def _degrees(where: str, name: str, text: str) -> float:
    value, most = _number(where, name, text), 90.0 if name == "lat" else 180.0
    if abs(value) > most:
        raise TrackFileError(where, f"{name} must be within -{most:g}..{most:g}")
    return value


def _whole(where: str, name: str, text: str) -> int:
    if not text.isdecimal():
        raise TrackFileError(where, f"{name} must be a whole number")
    return int(text)


def _yes_or_no(where: str, name: str, text: str) -> bool:
    try:
        return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
    except KeyError:
        raise TrackFileError(where, f"{name} must be true or false") from None


def _alarm(where: str, name: str, text: str) -> str:
    if text not in ALARMS:
        raise TrackFileError(where, f"{name} must be one of {', '.join(sorted(ALARMS))}")
    return text


def _extra(where: str, text: str) -> dict[str, Any]:
    try:
        extra = json.loads(text)
    except (ValueError, RecursionError):
        extra = None
    if not isinstance(extra, dict):
        raise TrackFileError(where, "extra must be a JSON object")
    return extra


def _as_it_is(_where: str, _name: str, text: str) -> str:
    return text


_PARSERS: dict[str, Callable[[str, str, str], Any]] = {
    **dict.fromkeys(("lat", "lon"), _degrees),
    **dict.fromkeys(
        ("speed_kmh", "heading_deg", "accuracy_m", "altitude_m", "odometer_km"), _number
    ),
    **dict.fromkeys(("hdop", "battery_v", "external_v", "fuel_pct"), _number),
    **dict.fromkeys(("seq", "satellites"), _whole),
    "ignition": _yes_or_no,
    "alarm": _alarm,
}
_READERS: dict[str, Callable[[bytes, Replaying], _Rows]] = {
    "gpx": _gpx,
    "csv": _csv,
    "geojson": _geojson,
    "json": _geojson,
}
