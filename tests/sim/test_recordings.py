"""Tracks from files: the fixes that each form holds, and what is wrong told with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.policy import policy
from geo.track_files import TrackFileError
from sim import recordings
from sim.recordings import RecordedFix

LIMITS = policy().simulation.replay
HEAD = "ts,lat,lon,speed_kmh,satellites,ignition,alarm,seq,received_at,extra,flaw,driver"
GPX = """<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
<trk><trkseg>{}</trkseg></trk></gpx>"""


def read(tmp_path: Path, name: str, text: str, kmh: float | None = None) -> list[RecordedFix]:
    path = tmp_path / name
    path.write_text(text)
    return recordings.read(path, LIMITS, kmh)


def test_all_that_a_csv_says(tmp_path: Path) -> None:
    lines = [
        HEAD,
        '2026-01-02T03:04:05.250Z,18.5,73.8,40.5,9,true,panic,7,x,"{""io"": {""66"": 1}}",,Ravi',
        "1767323046000,18.6,73.9,,,,,,,,jump,",
    ]
    full, bare = read(tmp_path, "t.csv", "\n".join(lines))

    assert full.ts_ms == 1_767_323_045_250
    assert full.fields == {
        "lat": 18.5,
        "lon": 73.8,
        "speed_kmh": 40.5,
        "satellites": 9,
        "ignition": True,
        "alarm": "panic",
        "seq": 7,
        "io": {"66": 1},
        "driver": "Ravi",
    }
    assert (bare.ts_ms, bare.fields) == (1_767_323_046_000, {"lat": 18.6, "lon": 73.9})


TWICE = [(5, 1), (9, 2), (0, 3), (5, 4)]


def test_order_is_by_time_and_each_time_is_once(tmp_path: Path) -> None:
    lines = ["ts,lat,lon", *(f"{1_700_000_000_000 + ms},{lat},73" for ms, lat in TWICE)]

    found = read(tmp_path, "t.csv", "\n".join(lines))

    assert [(fix.ts_ms - 1_700_000_000_000, fix.fields["lat"]) for fix in found] == [
        *((0, 3.0), (5, 1.0), (9, 2.0)),
    ]


def test_gpx_and_geojson(tmp_path: Path) -> None:
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"]
    points = "".join(
        f'<trkpt lat="18.5" lon="{73 + i}"><time>{time}</time></trkpt>'
        for i, time in enumerate(times)
    )
    feature = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[73, 18.5], [74, 18.5]]},
        "properties": {"coordTimes": times, "speeds_kmh": [12.5, None]},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}

    from_gpx = read(tmp_path, "t.gpx", GPX.format(points))
    from_geojson = read(tmp_path, "t.geojson", json.dumps(collection))

    assert [fix.ts_ms for fix in from_gpx] == [1_767_225_600_000, 1_767_225_610_000]
    assert from_gpx[1].fields == {"lat": 18.5, "lon": 74.0}
    assert from_geojson[0].fields == {"lat": 18.5, "lon": 73.0, "speed_kmh": 12.5}
    assert from_geojson[1] == from_gpx[1]
    assert read(tmp_path, "t.txt", json.dumps(feature)) == from_geojson


def test_a_line_without_times_is_driven_as_fast_as_said(tmp_path: Path) -> None:
    points = "".join(f'<trkpt lat="{lat}" lon="73"/>' for lat in (18.0, 18.1, 18.3))

    found = read(tmp_path, "t.gpx", GPX.format(points), kmh=60.0)

    # A tenth of a degree of latitude is 11.1 km: eleven minutes at a kilometre a minute.
    assert [round(fix.ts_ms / 60_000) for fix in found] == [0, 11, 33]


WRONG: list[tuple[str, str, str]] = [
    ("t.csv", "", "line 1: has no column ts, lat, lon"),
    ("t.csv", "ts,lat,lon\n", "the file: has no fixes"),
    ("t.csv", "ts,lat,lon\n1,2,3", "line 2: ts is RFC 3339"),
    ("t.csv", "ts,lat,lon\n2026-01-01T00:00:00,2,3", "line 2: ts is RFC 3339"),
    ("t.csv", "ts,lat,lon\n1700000000000,91,3", "line 2: lat must be within -90..90"),
    ("t.csv", "ts,lat,lon\n1700000000000,nan,3", "line 2: lat must be a number"),
    ("t.csv", "ts,lat,lon\n1700000000000,,3", "line 2: has no lat"),
    ("t.csv", "ts,lat,lon\n1700000000000,1", "line 2: has not as many fields"),
    ("t.csv", "ts,lat,lon\n1700000000000,1,2,3", "line 2: has not as many fields"),
    ("t.csv", "ts,lat,lon,seq\n1700000000000,1,2,x", "line 2: seq must be a whole number"),
    ("t.csv", "ts,lat,lon,ignition\n1700000000000,1,2,x", "line 2: ignition must be true or false"),
    ("t.csv", "ts,lat,lon,alarm\n1700000000000,1,2,x", "line 2: alarm must be one of"),
    ("t.csv", "ts,lat,lon,extra\n1700000000000,1,2,[]", "line 2: extra must be a JSON object"),
    ("t.csv", 'ts,lat,lon\n"1700000000000,1,2', "after line 1: unexpected end"),
    ("t.gpx", "<gpx>", "line 1"),
    ("t.gpx", GPX.format('<trkpt lat="1" lon="2"/>'), "the file: has no times; say with --kmh"),
    ("t.geojson", "[]", "must be a GeoJSON object"),
    ("t.geojson", "{", "is not JSON"),
    ("t.what", "hello", "line 1: has no column"),
]


@pytest.mark.parametrize(("name", "text", "says"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    with pytest.raises(TrackFileError) as refused:
        read(tmp_path, name, text)

    assert says in str(refused.value)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    text = "ts,lat,lon\n" + "\n".join(f"{1_700_000_000_000 + n},1,2" for n in range(5))
    (tmp_path / "t.csv").write_text(text)
    small: list[tuple[dict[str, Any], str]] = [
        ({"file_bytes_max": 10}, "more than 10 bytes"),
        ({"fixes_max": 4}, "line 6: has more than 4 fixes"),
    ]
    for limits, says in small:
        with pytest.raises(TrackFileError, match=says):
            recordings.read(tmp_path / "t.csv", LIMITS.model_copy(update=limits))
