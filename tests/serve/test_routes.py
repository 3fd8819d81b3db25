"""/v1/routes: every form of a line in and out, what is refused, versions, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from config.installation import Installation, RouterKind
from config.installation import RouterServer as Where
from config.policy import Policy
from geo.polyline import encode
from serve.gateway import Gateway
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.router_server import (
    RouterServer,
    Said,
    osrm_answer,
    osrm_refusal,
    running,
)

COORDINATES = [[77.2, 28.61], [77.05, 28.3], [76.9, 28.0]]
SHAPE = {"type": "LineString", "coordinates": COORDINATES}
POINTS = np.array(COORDINATES)[:, ::-1]
GPX = (
    '<?xml version="1.0"?><gpx version="1.1" creator="t" '
    'xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
    + "".join(f'<trkpt lat="{lat}" lon="{lon}"/>' for lon, lat in COORDINATES)
    + "</trkseg></trk></gpx>"
)
FORMS: dict[str, dict[str, Any]] = {
    "geojson": {"shape": SHAPE},
    "feature": {"shape": {"type": "Feature", "properties": {"a": 1}, "geometry": SHAPE}},
    "polyline 5": {"polyline": encode(POINTS, 5), "precision": 5},
    "polyline 6": {"polyline": encode(POINTS, 6), "precision": 6},
    "gpx": {"gpx": GPX},
}
DELHI, JAIPUR = {"lat": 28.61, "lon": 77.2}, {"lat": 26.92, "lon": 75.79}


async def draw(caller: Caller, **fields: Any) -> Any:
    line = {} if {"shape", "polyline", "gpx", "via"} & fields.keys() else {"shape": SHAPE}
    return await caller.ask("POST", "/v1/routes", json={"name": "NH 48", **line, **fields})


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_is_the_same_line(caller: Caller, form: str) -> None:
    made = await draw(caller, **FORMS[form])

    assert made.status_code == 201, made.text
    route = made.json()
    assert made.headers["Location"] == f"/v1/routes/{route['id']}"
    stored = (await caller.get(f"/v1/routes/{route['id']}")).json()
    assert stored == route
    assert (stored["shape"], stored["points"]) == (SHAPE, 3)
    assert stored["length_m"] == pytest.approx(74_000, rel=0.01)
    assert stored["source"] == {"feature": "geojson"}.get(form, form.split(maxsplit=1)[0])


async def test_a_route_is_taken_away_in_every_form(caller: Caller) -> None:
    await draw(caller, id="r")

    as_geojson = await caller.get("/v1/routes/r", params={"format": "geojson"})
    as_polyline = await caller.get("/v1/routes/r", params={"format": "polyline"})
    as_gpx = await caller.get("/v1/routes/r", params={"format": "gpx"})

    assert as_geojson.headers["content-type"] == "application/geo+json"
    assert as_geojson.json()["geometry"] == SHAPE
    assert as_geojson.json()["properties"]["name"] == "NH 48"
    line = {"polyline": encode(POINTS, 6), "precision": 6}
    assert as_polyline.json() == {"id": "r", "version": 1, **line}
    assert as_gpx.headers["content-type"].startswith("application/gpx+xml")
    assert as_gpx.text.count("<rtept") == 3
    for name, answer in {"shape": as_geojson.json(), "gpx": as_gpx.text}.items():
        assert (await draw(caller, **{name: answer})).json()["shape"] == SHAPE
    assert {each.headers["ETag"] for each in (as_geojson, as_polyline, as_gpx)} == {'"1"'}


async def test_what_is_known_of_the_road_is_kept(caller: Caller) -> None:
    sections = [
        {"first": 0, "road_class": "expressway", "speed_kmh": 70},
        {"first": 1, "road_class": None, "speed_kmh": None},
    ]

    made = await draw(caller, sections=sections, duration_s=4000)

    assert (made.json()["sections"], made.json()["duration_s"]) == (sections, 4000)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"shape": {"type": "Point", "coordinates": [1, 2]}}, "/shape/type"),
    ({"shape": {"type": "LineString", "coordinates": [[77, 28]]}}, "/shape"),
    ({"shape": {"type": "LineString", "coordinates": [[77, 28], [77, 28]]}}, "/shape"),
    (
        {"shape": {"type": "LineString", "coordinates": [[77, 28], [77, 91]]}},
        "/shape/coordinates/1",
    ),
    ({"shape": {}}, "/shape/type"),
    ({"shape": SHAPE, "gpx": GPX}, ""),
    ({"shape": None}, ""),
    ({"polyline": "_p~iF~ps|U", "precision": None}, ""),
    ({"polyline": "_p~iF~ps|U_ulL", "precision": 5}, "/polyline"),
    ({"polyline": "\x01", "precision": 5}, "/polyline"),
    ({"polyline": encode(POINTS, 6), "precision": 5}, "/polyline"),
    ({"gpx": "<gpx><trkpt lat='1'"}, "/gpx"),
    ({"gpx": "<!DOCTYPE a [<!ENTITY b 'c'>]><gpx>&b;</gpx>"}, "/gpx"),
    ({"via": [DELHI]}, "/via"),
    ({"via": [DELHI, {"lat": 91, "lon": 0}]}, "/via/1/lat"),
    ({"via": [DELHI, {"lat": 12.0, "lon": 60.0}]}, "/via"),
    ({"via": [DELHI, DELHI]}, "/via"),
    ({"via": [DELHI, JAIPUR], "sections": [{"first": 0}]}, ""),
    ({"shape": SHAPE, "vehicle": {"height_m": 4}}, ""),
    ({"sections": [{"first": 1}]}, "/sections/0/first"),
    ({"sections": [{"first": 0}, {"first": 2}]}, "/sections/1/first"),
    ({"sections": [{"first": 0}, {"first": 0}]}, "/sections/1/first"),
    ({"name": ""}, "/name"),
    ({"id": "a b"}, "/id"),
    ({"colour": "red"}, "/colour"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG)
async def test_what_is_wrong_is_pointed_at(
    caller: Caller, fields: dict[str, Any], pointer: str
) -> None:
    answer = await draw(caller, **fields)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_lines_and_questions_have_a_limit(caller: Caller, gateway: Gateway) -> None:
    hold(gateway.settings, "routing", points_max=2, via_max=2)

    for form in FORMS.values():
        answer = await draw(caller, **form)
        assert answer.status_code == 422
        assert "2 points" in answer.text or "at most 2" in answer.text
    assert (await draw(caller, via=[DELHI] * 3)).json()["errors"][0]["pointer"] == "/via"


async def test_every_version_stays(caller: Caller) -> None:
    await draw(caller, id="r")
    other = {"name": "By night", "shape": {**SHAPE, "coordinates": COORDINATES[:2]}}
    first = {"If-Match": '"1"'}

    changed = await caller.ask("PUT", "/v1/routes/r", json=other, headers=first)
    stale = await caller.ask("PUT", "/v1/routes/r", json=other, headers=first)
    old = await caller.get("/v1/routes/r", params={"version": "1"})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert (old.json()["points"], old.json()["version"], old.headers["ETag"]) == (3, 1, '"1"')
    assert (await caller.get("/v1/routes/r", params={"version": "9"})).status_code == 404
    (listed,) = (await caller.get("/v1/routes")).json()["items"]
    assert (listed["version"], listed["name"]) == (2, "By night")
    assert "shape" not in listed
    assert (await draw(caller, id="r")).status_code == 409
    assert (await caller.ask("DELETE", "/v1/routes/r", headers=first)).status_code == 412
    assert (await caller.ask("DELETE", "/v1/routes/r")).status_code == 204
    for params in ({}, {"version": "1"}):
        assert (await caller.get("/v1/routes/r", params=params)).status_code == 404
    assert (await draw(caller, id="r")).json()["version"] == 3


async def test_the_same_request_twice_makes_one_route(caller: Caller) -> None:
    body = {"name": "Once", "shape": SHAPE}
    key = {"Idempotency-Key": "lane-7"}

    answers = [await caller.ask("POST", "/v1/routes", json=body, headers=key) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await caller.get("/v1/routes")).json()["items"]) == 1


async def test_changes_are_in_the_audit_trail(caller: Caller) -> None:
    await draw(caller, id="r")
    await caller.ask("PUT", "/v1/routes/r", json={"name": "N", "shape": SHAPE})
    await caller.ask("DELETE", "/v1/routes/r")

    found = (await caller.get("/v1/audit", params={"subject": "routes/r"})).json()["items"]

    assert {each["action"] for each in found} == {
        "routes.create",
        "routes.replace",
        "routes.delete",
    }


async def test_another_tenants_route_is_not_there(caller: Caller, neighbour: Caller) -> None:
    await draw(caller, id="r")

    answers = [
        await neighbour.get("/v1/routes/r"),
        await neighbour.ask("PUT", "/v1/routes/r", json={"name": "N", "shape": SHAPE}),
        await neighbour.ask("DELETE", "/v1/routes/r"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await neighbour.get("/v1/routes")).json()["items"] == []


async def test_the_built_in_highways_plan_where_nobody_else_does(caller: Caller) -> None:
    asked = {"via": [DELHI, JAIPUR], "vehicle": {"height_m": 4.2}, "avoid": ["tolls"]}

    made = (await draw(caller, **asked)).json()

    assert made["source"] == "builtin"
    assert made["length_m"] == pytest.approx(265_000, rel=0.15)
    assert made["duration_s"] == pytest.approx(made["length_m"] / 15.0, rel=0.5)
    assert {section["road_class"] for section in made["sections"]} <= {
        *("expressway", "four_lane", "two_lane", "ghat"),
    }
    assert made["asked"]["ignored"] == ["vehicle", "avoid"]
    assert made["asked"]["via"] == [DELHI, JAIPUR]


class TestWithARouter:
    @pytest.fixture
    def asked_server(self) -> Iterator[RouterServer]:
        with running() as served:
            yield served

    @pytest.fixture
    def installation(self, installation: Installation, asked_server: RouterServer) -> Installation:
        where = Where(kind=RouterKind.OSRM, url=asked_server.url)
        return installation.model_copy(update={"router": where})

    @pytest.fixture
    def quick(self, quick: Policy) -> Policy:
        routing = quick.routing.model_copy(update={"attempts": 1})
        return quick.model_copy(update={"routing": routing})

    async def test_what_it_plans_is_a_route(
        self, caller: Caller, asked_server: RouterServer
    ) -> None:
        asked_server.says(osrm_answer())

        made = (await draw(caller, via=[DELHI, JAIPUR])).json()

        assert (made["source"], made["duration_s"], made["points"]) == ("osrm", 7875.0, 4)
        assert made["sections"][0] == {"first": 0, "road_class": None, "speed_kmh": 72.0}

    async def test_its_failures_are_told_apart(
        self, caller: Caller, asked_server: RouterServer
    ) -> None:
        told = []
        for said in (
            osrm_refusal("NoRoute", "Impossible route between points"),
            Said(429, headers={"Retry-After": "60"}),
            Said(200, b"garbage"),
        ):
            asked_server.says(said)
            answer = await draw(caller, via=[DELHI, JAIPUR])
            told.append((answer.status_code, answer.json()["detail"]))
            if said.headers:
                assert answer.headers["Retry-After"] == "60"

        assert told[0] == (422, "Impossible route between points")
        assert told[1] == (503, "osrm: is throttling us")
        assert told[2][0] == 502
        assert (await caller.get("/v1/routes")).json()["items"] == []

    async def test_a_tenant_may_want_the_highways_instead(
        self, caller: Caller, asked_server: RouterServer
    ) -> None:
        asked_server.says(Said(503))
        path = f"{caller.tenant.id}/services/routing/*/technical/falls_back"
        answer = await caller.ask("PUT", f"/v1/config/{path}", json={"value": True})
        assert answer.is_success, answer.text

        made = (await draw(caller, via=[DELHI, JAIPUR])).json()

        assert made["source"] == "builtin"
        assert made["asked"]["fell_back"] == "osrm: answers 503"
