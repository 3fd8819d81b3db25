"""Positions and tracks: last fixes, areas, formats, pages, and nobody else's."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from actors.handles import ActorAwayError
from freight.cloudevents import rfc3339
from serve.gateway import Gateway
from serve.tracking.wire import FixOut, LastPositionOut, PositionOut
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, now_ms

PLACES = {"DEL": (28.6139, 77.209), "BOM": (19.076, 72.8777), "FJI": (-17.7, 179.9)}


@pytest.fixture
async def fleet(caller: Caller, actors: InProcessActors, gateway: Gateway) -> dict[str, int]:
    """Three trucks at their places."""
    for name in PLACES:
        await caller.truck(name)
    await gateway.directory.refresh(gateway.system_pool)
    keys = {name: gateway.directory.by_name[caller.tenant.id, name].truck_key for name in PLACES}
    fixes = [
        {"truck_key": keys[name], "lat": lat, "lon": lon, "speed_kmh": 43.2}
        for name, (lat, lon) in PLACES.items()
    ]
    await actors.report(caller.tenant.key, fixes)
    return keys


async def test_the_last_fix_with_all_the_device_said(
    caller: Caller, actors: InProcessActors, fleet: dict[str, int]
) -> None:
    ts_ms = now_ms() + 1000
    fix = {"truck_key": fleet["DEL"], "lat": 28.7, "lon": 77.1, "ts_ms": ts_ms, "ignition": 1}
    more = {"satellites": 9, "odometer_km": 1234.5, "alarm": 1, "heading_deg": 91.5}
    await actors.report(caller.tenant.key, [{**fix, **more}])

    position = (await caller.get("/v1/trucks/DEL/position")).json()

    assert position["id"] == "DEL"
    assert position["ts"] == rfc3339(ts_ms)
    assert (position["lat"], position["lon"]) == (28.7, 77.1)
    assert position["point"] == {"lat": 28.7, "lon": 77.1}
    assert (position["speed_kmh"], position["status"]) == (None, "unknown")
    assert (position["ignition"], position["satellites"]) == (True, 9)
    assert (position["odometer_km"], position["alarm"]) == (1234.5, "panic")
    assert -2 < position["age_s"] < 60


async def test_a_receiver_that_lost_its_way_moves_no_truck(
    caller: Caller, actors: InProcessActors, fleet: dict[str, int]
) -> None:
    """Neither for who asks about one truck, nor for who asks about the fleet."""
    ts_ms = now_ms() + 1000
    await actors.report(
        caller.tenant.key, [{"truck_key": fleet["DEL"], "lat": 0.0, "lon": 0.0, "ts_ms": ts_ms}]
    )

    position = (await caller.get("/v1/trucks/DEL/position")).json()
    (listed,) = (await caller.get("/v1/positions?bbox=76,27,79,30")).json()["items"]

    assert (position["lat"], position["lon"]) == PLACES["DEL"]
    assert (listed["id"], listed["lat"]) == ("DEL", PLACES["DEL"][0])
    with_flawed = await caller.get("/v1/trucks/DEL/track?flawed=true")
    assert [fix["flaw"] for fix in with_flawed.json()["items"]] == [None, "nowhere"]


async def test_answers_are_what_the_description_says(caller: Caller, fleet: dict[str, int]) -> None:
    """They are written without the models that describe them, for speed."""
    position = (await caller.get("/v1/trucks/DEL/position")).json()
    (listed, *_) = (await caller.get("/v1/positions")).json()["items"]
    (fix,) = (await caller.get("/v1/trucks/DEL/track")).json()["items"]

    for model, answer in ((PositionOut, position), (LastPositionOut, listed), (FixOut, fix)):
        assert model.model_validate(answer, strict=True).model_dump() == answer


async def test_no_position_yet_is_told_apart(caller: Caller) -> None:
    await caller.truck("NEW")

    without = await caller.get("/v1/trucks/NEW/position")
    unknown = await caller.get("/v1/trucks/NOBODY/position")

    assert (without.status_code, unknown.status_code) == (404, 404)
    assert "no position yet" in without.json()["detail"]
    assert "no position yet" not in unknown.json()["detail"]


AREAS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["BOM", "DEL", "FJI"]),
    ({"bbox": "76,27,79,30"}, ["DEL"]),
    ({"bbox": "68,6,98,37"}, ["BOM", "DEL"]),
    ({"bbox": "170,-30,-170,30"}, ["FJI"]),
    ({"near": "28.6,77.2", "radius_km": "10"}, ["DEL"]),
    ({"near": "19,72", "radius_km": "2000"}, ["BOM", "DEL"]),
    ({"near": "-17.7,-179.9", "radius_km": "50"}, ["FJI"]),
    ({"bbox": "0,0,1,1"}, []),
]


async def test_who_is_in_an_area(caller: Caller, fleet: dict[str, int]) -> None:
    for query, found in AREAS:
        answer = (await caller.get("/v1/positions", params=query)).json()

        assert [item["id"] for item in answer["items"]] == found
        assert answer["next_cursor"] is None
        for item in answer["items"]:
            assert (item["lat"], item["lon"]) == PLACES[item["id"]]
            assert (item["speed_kmh"], item["status"]) == (43.2, "moving")
            assert ("near" in query) == (item["distance_m"] is not None)


NO_AREAS = [
    {"bbox": "1,2,3"},
    {"bbox": "a,b,c,d"},
    {"bbox": "0,50,1,40"},
    {"bbox": "nan,0,1,1"},
    {"bbox": "0,0,181,1"},
    {"near": "28,77"},
    {"near": "28,77", "radius_km": 0},
    {"near": "28,77", "radius_km": "nan"},
    {"near": "nan,77", "radius_km": 1},
    {"near": "28", "radius_km": 1},
    {"radius_km": 1},
    {"near": "28,77", "radius_km": 1, "bbox": "0,0,1,1"},
    {"limit": 0},
]


async def test_an_area_that_is_none(caller: Caller) -> None:
    for query in NO_AREAS:
        answer = await caller.get("/v1/positions", params=query)

        assert answer.status_code == 422
        assert answer.json()["errors"]


async def test_positions_go_on_by_cursor(caller: Caller, fleet: dict[str, int]) -> None:
    first = (await caller.get("/v1/positions", params={"limit": 2})).json()
    rest = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await caller.get("/v1/positions", params=rest)).json()

    assert [item["id"] for item in first["items"]] == ["BOM", "DEL"]
    assert [item["id"] for item in second["items"]] == ["FJI"]
    assert second["next_cursor"] is None


async def test_a_neighbour_sees_no_positions(
    caller: Caller, neighbour: Caller, fleet: dict[str, int]
) -> None:
    assert (await neighbour.get("/v1/positions")).json()["items"] == []
    assert (await neighbour.get("/v1/trucks/DEL/position")).status_code == 404
    assert (await neighbour.get("/v1/trucks/DEL/track")).status_code == 404


async def test_shards_that_are_away_are_said_to_be(
    caller: Caller, actors: InProcessActors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: int) -> None:
        raise ActorAwayError("truck-shard-0 gave no answer")

    monkeypatch.setattr(actors, "positions", away)

    answer = await caller.get("/v1/positions")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


START_MS = 1_760_000_000_000


@pytest.fixture
async def driven(caller: Caller, actors: InProcessActors, fleet: dict[str, int]) -> list[int]:
    """Ten fixes, a minute apart, some days ago; their times."""
    times = [START_MS + minute * 60_000 for minute in range(10)]
    fixes = [
        {
            "truck_key": fleet["DEL"],
            "ts_ms": ts,
            "lat": 28 + i / 100,
            "lon": 77.0,
            "altitude_m": 210,
        }
        for i, ts in enumerate(times)
    ]
    await actors.report(caller.tenant.key, fixes)
    return times


def span(**more: Any) -> dict[str, Any]:
    return {"from": rfc3339(START_MS), "to": rfc3339(START_MS + 600_000), **more}


async def test_a_track_in_order_and_in_bounds(caller: Caller, driven: list[int]) -> None:
    whole = (await caller.get("/v1/trucks/DEL/track", params=span())).json()
    part = {"from": str(driven[2]), "to": rfc3339(driven[5]).replace("Z", "+00:00")}
    some = (await caller.get("/v1/trucks/DEL/track", params=part)).json()

    assert [fix["ts"] for fix in whole["items"]] == [rfc3339(ts) for ts in driven]
    assert whole["next_cursor"] is None
    assert whole["items"][0]["altitude_m"] == 210
    assert [fix["ts"] for fix in some["items"]] == [rfc3339(ts) for ts in driven[2:5]]


LIMITS = [1, 2, 3, 4, 9, 10, 11]


async def test_a_track_goes_on_by_cursor(caller: Caller, driven: list[int]) -> None:
    """Pages and the pieces they are read in (three fixes here) meet at any place."""
    for limit in LIMITS:
        seen, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            query = span(limit=limit, **({"cursor": cursor} if cursor else {}))
            page = (await caller.get("/v1/trucks/DEL/track", params=query)).json()
            seen += [fix["ts"] for fix in page["items"]]
            cursor, pages = page["next_cursor"], pages + 1

        assert seen == [rfc3339(ts) for ts in driven]
        assert pages == -(-10 // limit)


async def test_a_track_as_geojson(caller: Caller, driven: list[int]) -> None:
    async def features(**more: Any) -> Any:
        answer = await caller.get("/v1/trucks/DEL/track", params=span(format="geojson", **more))
        assert answer.headers["content-type"] == "application/geo+json"
        return answer.json()["features"]

    (line,) = await features()
    (point,) = await features(limit=1)

    assert line["geometry"]["type"] == "LineString"
    assert line["geometry"]["coordinates"][1] == [77.0, 28.01]
    assert line["properties"]["coordTimes"] == [rfc3339(ts) for ts in driven]
    assert point["geometry"] == {"type": "Point", "coordinates": [77.0, 28.0]}


async def test_a_track_as_gpx(caller: Caller, driven: list[int]) -> None:
    answer = await caller.get("/v1/trucks/DEL/track", params=span(format="gpx"))

    space = {"g": "http://www.topografix.com/GPX/1/1"}
    points = ET.fromstring(answer.text).findall(".//g:trkpt", space)  # noqa: S314 - our own
    assert [point.findtext("g:time", None, space) for point in points] == [
        rfc3339(ts) for ts in driven
    ]
    assert points[1].attrib == {"lat": "28.01", "lon": "77.0"}


async def test_a_track_as_csv(caller: Caller, driven: list[int]) -> None:
    answer = await caller.get("/v1/trucks/DEL/track", params=span(format="csv"))

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["ts"] for row in rows] == [rfc3339(ts) for ts in driven]
    assert (rows[0]["altitude_m"], rows[0]["speed_kmh"]) == ("210.0", "")


FORMS = ["json", "geojson", "gpx", "csv"]


async def test_an_empty_track_is_well_formed(caller: Caller, fleet: dict[str, int]) -> None:
    for form in FORMS:
        answer = await caller.get("/v1/trucks/BOM/track", params=span(format=form))

        assert answer.status_code == 200
        if form.endswith("json"):
            assert answer.json()
        elif form == "gpx":
            assert ET.fromstring(answer.text) is not None  # noqa: S314 - our own
        else:
            assert answer.text.count("\n") == 1


NO_TRACKS = [
    {"from": "yesterday"},
    {"from": "2026-01-01T00:00:00"},
    {"to": "99999-01-01T00:00:00Z"},
    {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    {"format": "pdf"},
    {"limit": 0},
    {"limit": 10**9},
    {"cursor": "eA"},
    {"from": "9" * 30},
]


async def test_a_track_that_cannot_be(caller: Caller, fleet: dict[str, int]) -> None:
    for query in NO_TRACKS:
        assert (await caller.get("/v1/trucks/DEL/track", params=query)).status_code == 422


async def test_a_plus_sign_that_became_a_space_is_understood(
    caller: Caller, driven: list[int]
) -> None:
    path = "/v1/trucks/DEL/track?from=2025-10-09T14:23:20+05:30&to=2025-10-09T14:25:00+05:30"

    assert len((await caller.get(path)).json()["items"]) == 2
