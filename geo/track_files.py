"""Lines that people bring as files, GeoJSON or GPX, and take away again."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

import numpy as np

from geo.point import FloatArray

_POINT_TAGS = frozenset({"trkpt", "rtept"})
_GEOJSON_LINES = ("LineString", "MultiLineString")
_GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"


class TrackFileError(ValueError):
    """A file that cannot be used; `where` says where in it, `detail` why."""

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.where = where
        self.detail = detail


@dataclasses.dataclass(frozen=True, slots=True)
class Track:
    """A line as drawn; several pieces follow each other as one."""

    points: FloatArray  # (n, 2) latitude, longitude
    times_ms: tuple[int | None, ...]  # when each point was passed, where the file says so


@dataclasses.dataclass(slots=True)
class _Pen:
    """Collects points and keeps to their limit."""

    points_max: int
    points: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    times_ms: list[int | None] = dataclasses.field(default_factory=list)

    def draw(self, where: str, lat: object, lon: object, time_ms: int | None) -> None:
        if len(self.points) == self.points_max:
            raise TrackFileError(where, f"has more than {self.points_max} points")
        place = _degrees(where, "latitude", lat, 90.0), _degrees(where, "longitude", lon, 180.0)
        self.points.append(place)
        self.times_ms.append(time_ms)

    def track(self) -> Track:
        if not self.points:
            raise TrackFileError("the file", "has no points of a line")
        return Track(np.array(self.points), tuple(self.times_ms))


def _degrees(where: str, what: str, value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TrackFileError(where, f"{what} must be a number")
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        raise TrackFileError(where, f"{what} must be a number") from None
    if not math.isfinite(degrees) or abs(degrees) > most:
        raise TrackFileError(where, f"{what} must be within -{most:g}..{most:g}")
    return degrees


def _sized(body: bytes, bytes_max: int) -> None:
    if len(body) > bytes_max:
        raise TrackFileError("the file", f"has more than {bytes_max} bytes")


def _time_ms(where: str, text: str) -> int:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise TrackFileError(where, "time must be ISO 8601") from None
    # GPX says that a time without a zone is UTC.
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(time.timestamp() * 1000.0)


# ------------------------------------------------------------------------------------ GeoJSON


def read_geojson(body: bytes, *, bytes_max: int, points_max: int) -> Track:
    """The lines of a LineString, MultiLineString, or of features of these."""
    _sized(body, bytes_max)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TrackFileError("the file", f"is not JSON: {error}") from None
    pen = _Pen(points_max)
    _read_object(found, "", pen, None)
    return pen.track()


def _read_object(found: object, where: str, pen: _Pen, times: object) -> None:
    if not isinstance(found, dict):
        raise TrackFileError(where or "/", "must be a GeoJSON object")
    kind = found.get("type")
    if kind == "FeatureCollection":
        for i, feature in enumerate(_list(found.get("features"), f"{where}/features")):
            _read_object(feature, f"{where}/features/{i}", pen, None)
    elif kind == "Feature":
        properties = found.get("properties")
        said = properties.get("coordTimes") if isinstance(properties, dict) else None
        _read_object(found.get("geometry"), f"{where}/geometry", pen, said)
    elif kind in _GEOJSON_LINES:
        lines = found.get("coordinates")
        if kind == "LineString":
            _read_line(lines, f"{where}/coordinates", pen, times)
            return
        for i, line in enumerate(_list(lines, f"{where}/coordinates")):
            _read_line(line, f"{where}/coordinates/{i}", pen, None)
    else:
        raise TrackFileError(f"{where}/type", "must be LineString or MultiLineString")


def _read_line(found: object, where: str, pen: _Pen, times: object) -> None:
    line = _list(found, where)
    said = times if isinstance(times, list) and len(times) == len(line) else [None] * len(line)
    for i, (position, time) in enumerate(zip(line, said, strict=True)):
        at = f"{where}/{i}"
        if not isinstance(position, list) or len(position) < 2:
            raise TrackFileError(at, "must be [longitude, latitude]")
        time_ms = _time_ms(at, time) if isinstance(time, str) else None
        pen.draw(at, position[1], position[0], time_ms)


def _list(found: object, where: str) -> list[Any]:
    if not isinstance(found, list):
        raise TrackFileError(where, "must be a list")
    return found


def as_geojson(points: FloatArray) -> dict[str, Any]:
    """A line as a GeoJSON LineString."""
    return {"type": "LineString", "coordinates": np.asarray(points)[:, ::-1].tolist()}


# ---------------------------------------------------------------------------------------- GPX


class _GpxReader:
    """Reads points as they come; keeps no tree, and takes no document type: no entities."""

    def __init__(self, pen: _Pen) -> None:
        self._pen = pen
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._point: dict[str, str] | None = None
        self._line = 0
        self._time: list[str] | None = None
        self._time_ms: int | None = None

    def read(self, body: bytes) -> None:
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            where = f"line {error.lineno}, column {error.offset}"
            raise TrackFileError(where, expat.ErrorString(error.code)) from None

    def _where(self) -> str:
        return f"line {self._line}"

    def _refuse(self, *_declared: object) -> None:
        where = f"line {self._parser.CurrentLineNumber}"
        raise TrackFileError(where, "document types and entities are not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag in _POINT_TAGS:
            self._line = self._parser.CurrentLineNumber
            self._point, self._time_ms = attributes, None
        elif tag == "time" and self._point is not None:
            self._time = []

    def _text(self, text: str) -> None:
        if self._time is not None:
            self._time.append(text)

    def _end(self, name: str) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "time" and self._time is not None:
            self._time_ms = _time_ms(self._where(), "".join(self._time))
            self._time = None
        elif tag in _POINT_TAGS and self._point is not None:
            lat, lon = self._point.get("lat"), self._point.get("lon")
            self._pen.draw(self._where(), lat, lon, self._time_ms)
            self._point = None


def read_gpx(body: bytes, *, bytes_max: int, points_max: int) -> Track:
    """The points of a GPX file's tracks and routes, in the file's order."""
    _sized(body, bytes_max)
    pen = _Pen(points_max)
    _GpxReader(pen).read(body)
    return pen.track()


def as_gpx(name: str, points: FloatArray) -> str:
    """A line as a GPX route."""
    places = "".join(f'<rtept lat="{lat}" lon="{lon}"/>\n' for lat, lon in points.tolist())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<gpx version="1.1" creator="UberTruck" xmlns="{_GPX_NAMESPACE}">\n'
        f"<rte><name>{escape(name)}</name>\n{places}</rte>\n</gpx>\n"
    )
