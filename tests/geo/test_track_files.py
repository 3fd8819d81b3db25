"""Lines from GeoJSON and GPX files: what is read, what is refused and where, there and back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.track_files import (
    Track,
    TrackFileError,
    as_geojson,
    as_gpx,
    read_geojson,
    read_gpx,
)

LIMITS = {"bytes_max": 10_000, "points_max": 50}
LINE = {"type": "LineString", "coordinates": [[77.0, 20.0], [77.5, 20.25, 110.0]]}
TWO = {"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}
GPX = """<?xml version="1.0"?>
<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
<metadata><time>2026-01-01T00:00:00Z</time></metadata>
<trk><trkseg>
<trkpt lat="20.0" lon="77.0"><time>2026-01-02T03:04:05Z</time></trkpt>
<trkpt lat="20.5" lon="77.5"/>
</trkseg></trk>
</gpx>"""


def geojson(found: Any) -> Track:
    return read_geojson(json.dumps(found).encode(), **LIMITS)


def test_geojson_lines_alone_and_in_features() -> None:
    feature = {"type": "Feature", "geometry": LINE, "properties": None}
    for found in (LINE, feature, {"type": "FeatureCollection", "features": [feature]}):
        assert geojson(found).points.tolist() == [[20.0, 77.0], [20.25, 77.5]]
    assert geojson(TWO).points.tolist() == [[2, 1], [4, 3], [6, 5], [8, 7]]


def test_times_beside_the_coordinates_are_read() -> None:
    times = ["1970-01-01T00:00:01Z", "1970-01-01T00:00:02.500Z"]
    feature = {"type": "Feature", "geometry": LINE, "properties": {"coordTimes": times}}
    assert geojson(feature).times_ms == (1000, 2500)


@pytest.mark.parametrize(
    ("found", "where", "says"),
    [
        ([], "/", "object"),
        ({"type": "Point", "coordinates": [1, 2]}, "/type", "LineString"),
        ({"type": "LineString", "coordinates": 7}, "/coordinates", "list"),
        ({"type": "LineString", "coordinates": [[1]]}, "/coordinates/0", "longitude"),
        ({"type": "LineString", "coordinates": [[1, 2], [181, 2]]}, "/coordinates/1", "-180..180"),
        ({"type": "LineString", "coordinates": [[1, True]]}, "/coordinates/0", "number"),
        ({"type": "LineString", "coordinates": []}, "the file", "no points"),
        ({"type": "LineString", "coordinates": [[0, 0]] * 51}, "/coordinates/50", "50 points"),
        ({"type": "Feature", "geometry": None}, "/geometry", "object"),
    ],
)
def test_bad_geojson_is_refused_where_it_is_bad(found: Any, where: str, says: str) -> None:
    with pytest.raises(TrackFileError) as caught:
        geojson(found)
    assert caught.value.where == where
    assert says in caught.value.detail


def test_gpx_tracks_with_their_times() -> None:
    track = read_gpx(GPX.encode(), **LIMITS)
    assert track.points.tolist() == [[20.0, 77.0], [20.5, 77.5]]
    assert track.times_ms == (1767323045000, None)


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ('<gpx><trkpt lat="91" lon="0"/></gpx>', "line 1", "-90..90"),
        ('<gpx>\n<trkpt lon="0"/></gpx>', "line 2", "latitude must be a number"),
        ('<gpx>\n<rtept lat="1" lon="0"><time>noon</time></rtept></gpx>', "line 2", "ISO 8601"),
        ("<gpx>\n<trk></gpx>", "line 2, column 7", "mismatched tag"),
        ("<gpx/>", "the file", "no points"),
        ("<!DOCTYPE gpx>\n<gpx/>", "line 1", "entities are not allowed"),
        ('<!DOCTYPE g [<!ENTITY a "x">]><gpx>&a;</gpx>', "line 1", "entities are not allowed"),
        ("<gpx>&a;</gpx>", "line 1, column 5", "undefined entity"),
        ("x" * 10_001, "the file", "10000 bytes"),
    ],
)
def test_bad_gpx_is_refused_where_it_is_bad(body: str, where: str, says: str) -> None:
    with pytest.raises(TrackFileError) as caught:
        read_gpx(body.encode(), **LIMITS)
    assert caught.value.where == where
    assert says in caught.value.detail


@given(
    st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=20),
    st.text(st.characters(codec="utf-8", categories=["L", "P", "S"]), max_size=8),
)
def test_what_is_written_is_read_again(points: list[tuple[float, float]], name: str) -> None:
    line = np.array(points)
    assert np.array_equal(geojson(as_geojson(line)).points, line)
    assert np.array_equal(read_gpx(as_gpx(name, line).encode(), **LIMITS).points, line)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (read_geojson, read_gpx):
        with pytest.raises(TrackFileError):
            read(body, **LIMITS)
