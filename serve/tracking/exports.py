"""A track as JSON, GeoJSON, GPX or CSV, written piece by piece while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol
from xml.sax.saxutils import escape

import msgspec

from freight.cloudevents import rfc3339
from serve.tracking.wire import FixOut, fix_fields
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
    """One LineString with its times beside it, so the pieces can only be written at the end."""

    media_type = "application/geo+json"

    def __init__(self) -> None:
        self._coordinates: list[tuple[float, float]] = []
        self._times: list[str] = []
        self._speeds: list[float | None] = []

    def begin(self, truck_id: str) -> str:
        properties = f'"properties":{{"truck":{_json(truck_id)}'
        return f'{{"type":"FeatureCollection","features":[{{"type":"Feature",{properties}'

    def chunk(self, fixes: list[StoredFix]) -> str:
        self._coordinates.extend((fix.lon, fix.lat) for fix in fixes)
        self._times.extend(rfc3339(fix.ts_ms) for fix in fixes)
        self._speeds.extend(fix_fields(fix)["speed_kmh"] for fix in fixes)
        return ""

    def end(self, next_cursor: str | None) -> str:
        geometry: dict[str, object] | None = {
            "type": "LineString",
            "coordinates": self._coordinates,
        }
        if len(self._coordinates) == 1:  # a line has two points or more
            geometry = {"type": "Point", "coordinates": self._coordinates[0]}
        elif not self._coordinates:
            geometry = None
        return (
            f',"coordTimes":{_json(self._times)},"speeds_kmh":{_json(self._speeds)}}},'
            f'"geometry":{_json(geometry)}}}],"next_cursor":{_json(next_cursor)}}}'
        )


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
    media_type = "text/csv; charset=utf-8"

    def begin(self, _truck_id: str) -> str:
        return self._lines([dict.fromkeys(self._columns())], header=True)

    def chunk(self, fixes: list[StoredFix]) -> str:
        rows = [fix_fields(fix) for fix in fixes]
        for row in rows:
            row["extra"] = None if row["extra"] is None else _json(row["extra"])
        return self._lines(rows, header=False)

    def end(self, _next_cursor: str | None) -> str:
        return ""

    def _columns(self) -> list[str]:
        return list(FixOut.model_fields)

    def _lines(self, rows: list[dict[str, object]], *, header: bool) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns())
        if header:
            writer.writeheader()
        else:
            writer.writerows(rows)
        return text.getvalue()


WRITERS: dict[TrackFormat, Callable[[], TrackWriter]] = {
    TrackFormat.JSON: JsonWriter,
    TrackFormat.GEOJSON: GeoJsonWriter,
    TrackFormat.GPX: GpxWriter,
    TrackFormat.CSV: CsvWriter,
}
