"""Trips, stops and what else lasted: by interval, kind and page, in three forms; nobody else's."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from freight.cloudevents import rfc3339
from serve.gateway import Gateway
from serve.history.wire import SpanOut, StopOut, TripOut
from serve.identity.permissions import Role
from store.postgres import AnyPool
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.told_spans import KNOWN_MS, tell

HOUR = 3_600_000
START = 1_760_000_000_000
PUNE, NASHIK = {"lat": 18.52, "lon": 73.857}, {"lat": 19.997, "lon": 73.79}
DRIVEN = {
    "from": PUNE,
    "to": NASHIK,
    "distance_km": 211.25,
    "distance_by": "odometer",
    "ways_km": 210.9,
    "odometer_km": 211.25,
    "carried_km": 0.0,
    "unseen_km": 1.5,
    "driving_s": 10800,
    "speed_kmh_max": 71.5,
    "fixes": 1080,
    "halt": "place",
}
STOOD = {**NASHIK, "halt": "place", "fence": "yard"}


@pytest.fixture
async def told(caller: Caller, telemetry: AnyPool, gateway: Gateway) -> int:
    """T1 drove for three hours, stood for two, and drives; T2 stood at the same time."""
    for name in ("T1", "T2"):
        await caller.truck(name)
    await gateway.directory.refresh(gateway.system_pool)
    first, second = (
        gateway.directory.by_name[caller.tenant.id, name].truck_key for name in ("T1", "T2")
    )
    await tell(
        telemetry,
        caller.tenant,
        first,
        ("trip", "", START, START + 3 * HOUR, DRIVEN),
        ("stop", "", START + 3 * HOUR, START + 5 * HOUR, STOOD),
        ("visit", "yard", START + 3 * HOUR, START + 5 * HOUR, {"dwelled": True}),
        ("trip", "", START + 5 * HOUR, None, {"from": NASHIK}),
    )
    await tell(telemetry, caller.tenant, second, ("stop", "", START, START + HOUR, STOOD))
    return first


async def listed(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await caller.get(f"/v1/trucks/{path}", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_trips_with_all_that_is_known(caller: Caller, told: int) -> None:
    driving, driven = await listed(caller, "T1/trips")

    assert driven == {
        "truck": "T1",
        "kind": "trip",
        "about": None,
        "known_at": rfc3339(KNOWN_MS),
        "from": rfc3339(START),
        "to": rfc3339(START + 3 * HOUR),
        "duration_s": 10800.0,
        **{name: value for name, value in DRIVEN.items() if name not in {"from", "to"}},
        "from_point": PUNE,
        "to_point": NASHIK,
    }
    assert (driving["from"], driving["to"]) == (rfc3339(START + 5 * HOUR), None)
    assert (driving["duration_s"], driving["from_point"]) == (None, NASHIK)


async def test_stops_say_where_and_what_for(caller: Caller, told: int) -> None:
    (stop,) = await listed(caller, "T1/stops")

    assert (stop["point"], stop["halt"], stop["fence"]) == (NASHIK, "place", "yard")
    assert stop["duration_s"] == 7200.0


async def test_other_kinds(caller: Caller, told: int) -> None:
    async def kinds(path: str, **query: Any) -> list[str]:
        return [item["kind"] for item in await listed(caller, path, order="asc", **query)]

    assert await kinds("T1/visits") == ["visit"]
    assert await kinds("T1/visits", about="yard") == ["visit"]
    assert await kinds("T1/visits", about="other") == []
    assert await kinds("T1/deviations") == []
    assert await kinds("T1/spans") == ["trip", "stop", "visit", "trip"]
    assert await kinds("T1/spans", kind="stop,visit") == ["stop", "visit"]


INTERVALS: list[tuple[int, int, int]] = [
    (-5, 0, 0),  # ends as the first trip begins
    (-5, 1, 1),
    (2, 3, 1),
    (3, 4, 0),  # begins as the first trip ends
    (2, 6, 2),
    (6, 9, 1),  # inside the one that goes on
    (-5, 99, 2),
]


@pytest.mark.parametrize(("from_h", "to_h", "trips"), INTERVALS)
async def test_what_has_a_part_of_the_interval(
    caller: Caller, told: int, from_h: int, to_h: int, trips: int
) -> None:
    asked = {"from": str(START + from_h * HOUR), "to": rfc3339(START + to_h * HOUR)}

    assert len(await listed(caller, "T1/trips", **asked)) == trips


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages(caller: Caller, told: int, order: str, limit: int) -> None:
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": limit, "order": order, **({"cursor": cursor} if cursor else {})}
        page = (await caller.get("/v1/trucks/T1/spans", params=query)).json()
        seen += [(item["from"], item["kind"]) for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert pages == -(-4 // limit)
    assert seen == sorted(seen, reverse=order == "desc")
    assert len(seen) == 4


async def test_answers_are_what_the_description_says(caller: Caller, told: int) -> None:
    for path, model in (("trips", TripOut), ("stops", StopOut), ("spans", SpanOut)):
        for item in await listed(caller, f"T1/{path}"):
            made = model.model_validate(item)
            dumped = made.model_dump(by_alias=True, exclude_unset=True)
            assert dumped == item


async def test_trips_as_a_file(caller: Caller, gateway: Gateway, told: int) -> None:
    hold(gateway.settings, "api", page_limit_max=1)  # read in more than one piece
    answer = await caller.get("/v1/trucks/T1/trips", params={"format": "csv", "order": "asc"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    driven, driving = csv.DictReader(io.StringIO(answer.text))
    assert (driven["from"], driven["to"]) == (rfc3339(START), rfc3339(START + 3 * HOUR))
    assert (driven["distance_km"], driven["to_lat"], driven["to_lon"]) == (
        *("211.25", "19.997", "73.79"),
    )
    assert (driving["to"], driving["distance_km"], driving["from_lat"]) == ("", "", "19.997")


async def test_stops_and_trips_as_geojson(caller: Caller, told: int) -> None:
    async def geometries(path: str, **more: Any) -> list[Any]:
        query = {"format": "geojson", "order": "asc", **more}
        answer = await caller.get(f"/v1/trucks/T1/{path}", params=query)
        assert answer.headers["content-type"] == "application/geo+json"
        return [feature["geometry"] for feature in answer.json()["features"]]

    line = {"type": "LineString", "coordinates": [[73.857, 18.52], [73.79, 19.997]]}
    point = {"type": "Point", "coordinates": [73.79, 19.997]}
    assert await geometries("trips") == [line, point]
    assert await geometries("stops") == [point]
    assert await geometries("visits") == [None]
    assert await geometries("stops", to=str(START)) == []


async def test_a_file_by_pages_names_the_next(caller: Caller, told: int) -> None:
    for form in ("csv", "geojson"):
        answer = await caller.get(f"/v1/trucks/T1/trips?format={form}&limit=1")
        rest = await caller.get(answer.links["next"]["url"])
        assert "next" not in rest.links
        assert rfc3339(START + 5 * HOUR) in answer.text
        assert rfc3339(START + 5 * HOUR) not in rest.text


async def test_a_file_that_would_be_too_long_is_refused_whole(
    caller: Caller, gateway: Gateway, told: int
) -> None:
    for most, status in ((2, 200), (1, 422)):
        hold(gateway.settings, "api", export_rows_max=most)
        assert (await caller.get("/v1/trucks/T1/trips?format=csv")).status_code == status


NO_QUERIES = [
    *({"from": "yesterday"}, {"from": str(START), "to": str(START)}, {"format": "gpx"}),
    *({"limit": 0}, {"cursor": "eA"}, {"cursor": "MSAg"}, {"order": "up"}, {"about": "\x00"}),
]


async def test_a_query_that_cannot_be(caller: Caller, told: int) -> None:
    for query in NO_QUERIES:
        answer = await caller.get("/v1/trucks/T1/trips", params=query)
        assert answer.status_code == 422, query
    assert (await caller.get("/v1/trucks/T1/spans?kind=A")).status_code == 422


async def test_only_who_may_sees_them(
    caller: Caller,
    neighbour: Caller,
    gateway: Gateway,
    told: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another tenant, and a carrier whose truck it is not, find no truck."""
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    await caller.ask("PATCH", "/v1/trucks/T2", json={"carrier": "ravi"})
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    ravi = Caller(caller.http, caller.tenant, token)

    for path in ("trips", "stops", "visits", "deviations", "spans"):
        for form in ("json", "csv", "geojson"):
            query = {"format": form}
            foreign = await neighbour.get(f"/v1/trucks/T1/{path}", params=query)
            not_his = await ravi.get(f"/v1/trucks/T1/{path}", params=query)
            own = await ravi.get(f"/v1/trucks/T2/{path}", params=query)
            assert (foreign.status_code, not_his.status_code, own.status_code) == (404, 404, 200)
    assert len(await listed(ravi, "T2/stops")) == 1
