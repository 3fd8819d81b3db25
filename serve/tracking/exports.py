"""A track as JSON, GeoJSON, GPX or CSV, written piece by piece while it is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol
from xml.sax.saxutils import escape

import msgspec

from freight.cloudevents import rfc3339
from serve import csv_rows
from serve.tracking.wire import FixOut, fix_fields, single
from store.fixes import StoredFix


class TrackFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    GPX = "gpx"
    CSV = "csv"


class TrackWriter(Protocol):
    @property
    def media_type(self) -> str: ...

    def begin(self, truck_id: str) -> str: ...
    def chunk(self, fixes: list[StoredFix]) -> str: ...
    def end(self, next_cursor: str | None) -> str: ...


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class JsonWriter:
    media_type = "application/json"

    def __init__(self) -> None:
        self._separator = ""

    def begin(self, truck_id: str) -> str:
        return f'{{"truck":{_json(truck_id)},"items":['

    def chunk(self, fixes: list[StoredFix]) -> str:
        text = self._separator + ",".join(_json(fix_fields(fix)) for fix in fixes)
        self._separator = ","
        return text

    def end(self, next_cursor: str | None) -> str:
        return f'],"next_cursor":{_json(next_cursor)}}}'


class GeoJsonWriter:
    """One LineString, written as it comes; its times and speeds stand behind it, and are kept as
    text until then."""

    media_type = "application/geo+json"

    def __init__(self) -> None:
        self._first: list[StoredFix] = []
        self._points = 0
        self._times = io.StringIO()
        self._speeds = io.StringIO()
        self._truck_id = ""

    def begin(self, truck_id: str) -> str:
        self._truck_id = truck_id
        return '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":'

    def chunk(self, fixes: list[StoredFix]) -> str:
        """Only a second point makes a line."""
        self._keep(fixes)
        given = [*self._first, *fixes]
        if self._points == 1:
            self._first = given
            return ""
        opening = '{"type":"LineString","coordinates":[' if len(given) == self._points else ","
        self._first = []
        return opening + ",".join(f"[{fix.lon},{fix.lat}]" for fix in given)

    def end(self, next_cursor: str | None) -> str:
        geometry = "]}" if self._points else "null"
        if self._points == 1:
            (only,) = self._first
            geometry = f'{{"type":"Point","coordinates":[{only.lon},{only.lat}]}}'
        properties = (
            f'{{"truck":{_json(self._truck_id)},"coordTimes":[{self._times.getvalue()}],'
            f'"speeds_kmh":[{self._speeds.getvalue()}]}}'
        )
        return f'{geometry},"properties":{properties}}}],"next_cursor":{_json(next_cursor)}}}'

    def _keep(self, fixes: list[StoredFix]) -> None:
        separator = "," if self._points else ""
        self._times.write(separator + ",".join(f'"{rfc3339(fix.ts_ms)}"' for fix in fixes))
        self._speeds.write(separator + ",".join(_json(single(fix.speed_kmh)) for fix in fixes))
        self._points += len(fixes)


class GpxWriter:
    media_type = "application/gpx+xml"

    def begin(self, truck_id: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<gpx version="1.1" creator="UberTruck" xmlns="http://www.topografix.com/GPX/1/1">\n'
            f"<trk><name>{escape(truck_id)}</name><trkseg>\n"
        )

    def chunk(self, fixes: list[StoredFix]) -> str:
        return "".join(map(self._point, fixes))

    def end(self, _next_cursor: str | None) -> str:
        return "</trkseg></trk>\n</gpx>\n"

    def _point(self, fix: StoredFix) -> str:
        height = "" if fix.altitude_m is None else f"<ele>{fix.altitude_m:.1f}</ele>"
        time = f"<time>{rfc3339(fix.ts_ms)}</time>"
        return f'<trkpt lat="{fix.lat}" lon="{fix.lon}">{height}{time}</trkpt>\n'


class CsvWriter:
    media_type = csv_rows.MEDIA_TYPE

    def __init__(self) -> None:
        self._columns = list(FixOut.model_fields)

    def begin(self, _truck_id: str) -> str:
        return csv_rows.header_line(self._columns)

    def chunk(self, fixes: list[StoredFix]) -> str:
        return csv_rows.lines(self._columns, map(fix_fields, fixes))

    def end(self, _next_cursor: str | None) -> str:
        return ""


# These have no place for a cursor: without a limit they are the whole track.
WHOLE_FORMS = frozenset({TrackFormat.GPX, TrackFormat.CSV})
WRITERS: dict[TrackFormat, Callable[[], TrackWriter]] = {
    TrackFormat.JSON: JsonWriter,
    TrackFormat.GEOJSON: GeoJsonWriter,
    TrackFormat.GPX: GpxWriter,
    TrackFormat.CSV: CsvWriter,
}
