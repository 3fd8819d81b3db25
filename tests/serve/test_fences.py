"""/v1/fences: every form of a shape, what is refused, versions, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serve.caller import Caller

RING = [[77.0, 28.0], [78.0, 28.0], [78.0, 29.0], [77.0, 29.0], [77.0, 28.0]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
SHAPES: dict[str, dict[str, Any]] = {
    "polygon": POLYGON,
    "multipolygon": {"type": "MultiPolygon", "coordinates": [[RING]]},
    "circle": {"center": {"lat": 28.6, "lon": 77.2}, "radius_m": 500},
    "corridor": {
        "line": [{"lat": 28.6, "lon": 77.2}, {"lat": 19.0, "lon": 72.8}],
        "width_m": 2000,
    },
    "corridor of geojson": {
        "line": {"type": "LineString", "coordinates": [[77.2, 28.6], [72.8, 19.0]]},
        "width_m": 2000,
    },
}


async def draw(caller: Caller, **fields: Any) -> Any:
    body = {"name": "Yard", "shape": POLYGON, **fields}
    return await caller.ask("POST", "/v1/fences", json=body)


@pytest.mark.parametrize("kind", SHAPES)
async def test_each_form_is_kept_as_drawn(caller: Caller, kind: str) -> None:
    made = await draw(caller, shape=SHAPES[kind])

    assert made.status_code == 201
    stored = (await caller.get(f"/v1/fences/{made.json()['id']}")).json()
    assert stored["shape"] == SHAPES[kind]
    assert stored.keys() >= {"id", "name", "kind", "dwell_s", "speed_limit_kmh", "schedule"}


async def test_what_nobody_reads_of_a_shape_is_not_kept(caller: Caller) -> None:
    made = await draw(caller, shape={**POLYGON, "crs": {"note": "a\0b"}, "bbox": [1, 2]})

    assert made.json()["shape"] == POLYGON


WRONG_SHAPES = [
    ({}, "/shape"),
    ({"type": "Point", "coordinates": [1, 2]}, "/shape"),
    ({"type": "Polygon", "coordinates": [RING[:-1]]}, "/shape/coordinates/0"),
    ({"type": "Polygon", "coordinates": [[[200, 0], *RING]]}, "/shape/coordinates/0/0/0"),
    (
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        "/shape/coordinates",
    ),
    ({"center": {"lat": 91, "lon": 0}, "radius_m": 5}, "/shape/center/lat"),
    ({"center": {"lat": 1, "lon": 0}, "radius_m": 0}, "/shape/radius_m"),
    ({"center": {"lat": 1, "lon": 0}}, "/shape/radius_m"),
    ({"line": [{"lat": 1, "lon": 0}], "width_m": 5}, "/shape/line"),
    ({"center": {"lat": 10**400, "lon": 0}, "radius_m": 5}, "/shape"),
]


async def test_a_wrong_shape_is_pointed_at(caller: Caller) -> None:
    for shape, pointer in WRONG_SHAPES:
        answer = await draw(caller, shape=shape)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


ALL_DAY = {"days": ["mon", "sun"], "from": "00:00", "to": "24:00"}
HOURS = {
    "time_zone": "Asia/Kolkata",
    "windows": [{"days": ["mon", "fri"], "from": "22:00", "to": "06:00"}],
}
WRONG_FIELDS: list[dict[str, Any]] = [
    {"name": ""},
    {"dwell_s": -1},
    {"speed_limit_kmh": 0},
    {"id": "a b"},
    {"schedule": {"x": "y"}},
    {"schedule": {"time_zone": "Asia/Atlantis", "windows": [ALL_DAY]}},
    {"schedule": {"time_zone": "../etc/passwd", "windows": [ALL_DAY]}},
    {"schedule": {"time_zone": "Asia/Kolkata", "windows": []}},
    {"schedule": {"time_zone": "Asia/Kolkata", "windows": [{**ALL_DAY, "days": ["Monday"]}]}},
    {"schedule": {"time_zone": "Asia/Kolkata", "windows": [{**ALL_DAY, "to": "24:30"}]}},
    {"crossings": None},
    {"notify": ["left"]},
    {"truck_classes": []},
    {"group": ""},
    {"shape": None},
]


async def test_a_wrong_field_is_refused(caller: Caller) -> None:
    for field in WRONG_FIELDS:
        answer = await draw(caller, **field)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("/" + next(iter(field)))


async def test_versions_guard_changes(caller: Caller) -> None:
    made = await draw(caller, id="yard", dwell_s=60)
    first = {"If-Match": made.headers["ETag"]}

    patched = await caller.ask("PATCH", "/v1/fences/yard", json={"kind": "depot"}, headers=first)
    stale = await caller.ask("PATCH", "/v1/fences/yard", json={"kind": "x"}, headers=first)
    replaced = await caller.ask("PUT", "/v1/fences/yard", json={"name": "N", "shape": POLYGON})

    assert (patched.json()["kind"], patched.json()["dwell_s"]) == ("depot", 60)
    assert stale.status_code == 412
    assert (replaced.json()["kind"], replaced.json()["dwell_s"]) == (None, None)
    assert replaced.headers["ETag"] == '"3"'
    assert (await draw(caller, id="yard")).status_code == 409
    assert (await caller.ask("DELETE", "/v1/fences/yard")).status_code == 204
    assert (await caller.get("/v1/fences/yard")).status_code == 404
    assert (await draw(caller, id="yard")).status_code == 201


async def test_what_a_fence_tells_is_kept_and_changed_field_by_field(caller: Caller) -> None:
    rules = {
        "kind": "no_entry",
        "group": "Mumbai",
        "schedule": HOURS,
        "crossings": True,
        "notify": ["exited"],
        "truck_classes": ["32ft", "trailer"],
    }
    made = await draw(caller, id="city", **rules)
    assert {name: made.json()[name] for name in rules} == rules

    patched = await caller.ask("PATCH", "/v1/fences/city", json={"crossings": False})
    assert {name: patched.json()[name] for name in rules} == {**rules, "crossings": False}

    emptied = await caller.ask(
        "PATCH", "/v1/fences/city", json=dict.fromkeys(("notify", "schedule"))
    )
    assert (emptied.json()["notify"], emptied.json()["schedule"]) == (None, None)

    replaced = await caller.ask("PUT", "/v1/fences/city", json={"name": "C", "shape": POLYGON})
    assert {name: replaced.json()[name] for name in rules} == {
        **dict.fromkeys(rules),
        "crossings": False,
    }


async def test_lists_of_one_kind_and_of_one_group(caller: Caller) -> None:
    for i, kind in enumerate(("toll", "depot", "toll", "toll")):
        await draw(caller, id=f"f{i}", kind=kind, group="north" if i else None)

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await caller.get(f"/v1/fences?{query}")).json()["items"]]

    assert await ids("kind=toll") == ["f0", "f2", "f3"]
    assert await ids("kind=toll&group=north") == ["f2", "f3"]
    assert await ids("group=south") == []
    first = (await caller.get("/v1/fences?kind=toll&limit=2")).json()
    assert await ids(f"kind=toll&limit=2&cursor={first['next_cursor']}") == ["f3"]


async def test_another_tenants_fence_is_not_there(caller: Caller, neighbour: Caller) -> None:
    await draw(caller, id="yard")

    answers = [
        await neighbour.get("/v1/fences/yard"),
        await neighbour.ask("PATCH", "/v1/fences/yard", json={"name": "Mine"}),
        await neighbour.ask("PUT", "/v1/fences/yard", json={"name": "N", "shape": POLYGON}),
        await neighbour.ask("DELETE", "/v1/fences/yard"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert (await neighbour.get("/v1/fences")).json()["items"] == []
    assert (await caller.get("/v1/fences/yard")).json()["name"] == "Yard"
