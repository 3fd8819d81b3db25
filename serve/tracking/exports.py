"""A track as JSON, GeoJSON, GPX or CSV, written piece by piece while it is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol
from xml.sax.saxutils import escape

import msgspec
import numpy as np

from serve import csv_rows
from serve.tracking.wire import FixOut, FixRow, fix_columns, known_singles, times_of
from store.tracks import Piece


class TrackFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    GPX = "gpx"
    CSV = "csv"


class TrackWriter(Protocol):
    @property
    def media_type(self) -> str: ...

    def begin(self, truck_id: str) -> str: ...
    def chunk(self, piece: Piece) -> str: ...
    def end(self, next_cursor: str | None) -> str: ...


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class JsonWriter:
    media_type = "application/json"

    def __init__(self) -> None:
        self._separator = ""

    def begin(self, truck_id: str) -> str:
        return f'{{"truck":{_json(truck_id)},"items":['

    def chunk(self, piece: Piece) -> str:
        rows = _json([FixRow(*row) for row in zip(*fix_columns(piece), strict=True)])
        text = self._separator + rows[1:-1]
        self._separator = ","
        return text

    def end(self, next_cursor: str | None) -> str:
        return f'],"next_cursor":{_json(next_cursor)}}}'


class GeoJsonWriter:
    """One LineString, written as it comes; its times and speeds stand behind it, and are kept as
    text until then."""

    media_type = "application/geo+json"

    def __init__(self) -> None:
        self._first = ""
        self._points = 0
        self._times = io.StringIO()
        self._speeds = io.StringIO()
        self._truck_id = ""

    def begin(self, truck_id: str) -> str:
        self._truck_id = truck_id
        return '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":'

    def chunk(self, piece: Piece) -> str:
        """Only a second point makes a line."""
        fixes, before = piece.fixes, self._points
        self._keep(piece)
        text = _json(np.column_stack([fixes["lon"], fixes["lat"]]).tolist())[1:-1]
        if self._points == 1:
            self._first = text
            return ""
        if before > 1:
            return f",{text}"
        first = f"{self._first}," if before else ""
        return f'{{"type":"LineString","coordinates":[{first}{text}'

    def end(self, next_cursor: str | None) -> str:
        geometry = "]}" if self._points else "null"
        if self._points == 1:
            geometry = f'{{"type":"Point","coordinates":{self._first}}}'
        properties = (
            f'{{"truck":{_json(self._truck_id)},"coordTimes":[{self._times.getvalue()}],'
            f'"speeds_kmh":[{self._speeds.getvalue()}]}}'
        )
        return f'{geometry},"properties":{properties}}}],"next_cursor":{_json(next_cursor)}}}'

    def _keep(self, piece: Piece) -> None:
        separator = "," if self._points else ""
        self._times.write(separator + _json(times_of(piece.fixes["ts_ms"]))[1:-1])
        self._speeds.write(separator + _json(known_singles(piece.fixes["speed_kmh"]))[1:-1])
        self._points += len(piece)


class GpxWriter:
    media_type = "application/gpx+xml"

    def begin(self, truck_id: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<gpx version="1.1" creator="UberTruck" xmlns="http://www.topografix.com/GPX/1/1">\n'
            f"<trk><name>{escape(truck_id)}</name><trkseg>\n"
        )

    def chunk(self, piece: Piece) -> str:
        fixes = piece.fixes
        heights = [
            "" if height is None else f"<ele>{height:.1f}</ele>"
            for height in known_singles(fixes["altitude_m"])
        ]
        columns = (fixes["lat"].tolist(), fixes["lon"].tolist(), heights, times_of(fixes["ts_ms"]))
        return "".join(
            f'<trkpt lat="{lat}" lon="{lon}">{height}<time>{ts}</time></trkpt>\n'
            for lat, lon, height, ts in zip(*columns, strict=True)
        )

    def end(self, _next_cursor: str | None) -> str:
        return "</trkseg></trk>\n</gpx>\n"


class CsvWriter:
    media_type = csv_rows.MEDIA_TYPE

    def begin(self, _truck_id: str) -> str:
        return csv_rows.header_line(list(FixOut.model_fields))

    def chunk(self, piece: Piece) -> str:
        return csv_rows.of_columns(fix_columns(piece))

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
