"""OSRM and Valhalla over real HTTP: what they are asked, what becomes of each kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from config.installation import RouterKind
from config.policy import policy
from freight.routing.plan import (
    Avoid,
    PlanOptions,
    RouteRefusedError,
    RouterNonsenseError,
    Section,
    Vehicle,
)
from geo.point import Point
from tests.serve.asking_routers import (
    ALWAR,
    ANY,
    DELHI,
    JAIPUR,
    MID_SEA,
    OSRM,
    VALHALLA,
    planner,
    rules,
)
from tests.serve.router_server import (
    DRAWN,
    RouterServer,
    Said,
    osrm_answer,
    osrm_refusal,
    running,
    valhalla_answer,
    valhalla_refusal,
)


@pytest.fixture
def server() -> Iterator[RouterServer]:
    with running() as served:
        yield served


async def test_osrm_is_asked_as_it_documents(server: RouterServer) -> None:
    server.says(osrm_answer())
    options = PlanOptions(avoid=frozenset({Avoid.TOLLS, Avoid.FERRIES}))
    key: Any = {"headers": {"X-Api-Key": SecretStr("key-1")}, "profile": "truck"}

    async with planner(server, **key) as asking:
        planned = await asking.plan([DELHI, ALWAR], options, falls_back=False)

    (asked,) = server.asked
    parts = urlsplit(asked.path)
    assert (asked.method, asked.headers["X-Api-Key"]) == ("GET", "key-1")
    assert parts.path == "/route/v1/truck/77.200000,28.610000;76.600000,27.500000"
    assert parse_qs(parts.query) == {
        "overview": ["full"],
        "geometries": ["polyline6"],
        "annotations": ["distance,duration"],
        "steps": ["false"],
        "exclude": ["ferry,toll"],
    }
    assert planned.router == "osrm"


async def test_osrms_answer_is_read_with_its_speeds(server: RouterServer) -> None:
    server.says(osrm_answer())

    async with planner(server) as asking:
        options = PlanOptions(vehicle=Vehicle(height_m=4.2))
        route = (await asking.plan([DELHI, ALWAR], options, falls_back=False)).route

    # The second point lies within ten metres of no line between its neighbours, so all stay.
    assert route.points.tolist() == [list(point) for point in DRAWN]
    assert (route.length_m, route.duration_s) == (136600.0, 7875.0)
    assert route.sections == (Section(0, None, 72.0), Section(2, None, 54.0))
    assert route.ignored == ("vehicle",), "its data were prepared for one kind of vehicle"


async def test_valhalla_is_asked_about_this_truck(server: RouterServer) -> None:
    server.says(valhalla_answer())
    truck = Vehicle(height_m=4.2, weight_t=28.0, axle_load_t=10.2, axles=4, is_hazardous=True)
    options = PlanOptions(truck, frozenset({Avoid.MOTORWAYS}))

    async with planner(server, VALHALLA) as asking:
        planned = await asking.plan([DELHI, ALWAR], options, falls_back=False)

    (asked,) = server.asked
    assert (asked.method, asked.path, planned.router) == ("POST", "/route", "valhalla")
    assert asked.json == {
        "locations": [{"lat": 28.61, "lon": 77.2}, {"lat": 27.5, "lon": 76.6}],
        "costing": "truck",
        "costing_options": {
            "truck": {
                "height": 4.2,
                "weight": 28.0,
                "axle_load": 10.2,
                "axle_count": 4,
                "hazmat": True,
                "use_highways": 0.0,
            }
        },
        "units": "kilometers",
        "shape_format": "polyline6",
        "directions_type": "maneuvers",
    }


async def test_valhallas_legs_become_one_line(server: RouterServer) -> None:
    server.says(valhalla_answer())

    async with planner(server, VALHALLA) as asking:
        route = (await asking.plan([DELHI, ALWAR], ANY, falls_back=False)).route

    assert route.points.tolist() == [list(point) for point in DRAWN]
    assert (route.length_m, route.duration_s, route.ignored) == (136600.0, 8400.0, ())
    classes = [(section.first, section.road_class) for section in route.sections]
    assert classes == [(0, None), (1, "highway"), (2, "ferry")]
    # 37.5 km in 40 minutes; drawn lengths, so not to the last digit.
    assert [section.speed_kmh for section in route.sections] == [
        pytest.approx(56, abs=1),
        pytest.approx(73, abs=1),
        pytest.approx(54, abs=1),
    ]


REFUSALS = [
    (OSRM, osrm_refusal("NoRoute", "Impossible route between points"), "Impossible route"),
    (OSRM, osrm_refusal("NoSegment", "Could not find a matching segment for coordinate 1"), "1"),
    (OSRM, osrm_refusal("InvalidValue", "Exclude flag combination is not supported."), "Exclude"),
    (OSRM, osrm_refusal("TooBig", ""), "TooBig"),
    (VALHALLA, valhalla_refusal(442, "No path could be found for input"), "No path .*442"),
    (VALHALLA, valhalla_refusal(171, "No suitable edges near location"), "No suitable edges"),
]


@pytest.mark.parametrize(("kind", "said", "words"), REFUSALS)
async def test_a_refusal_is_told_in_the_routers_words(
    server: RouterServer, kind: RouterKind, said: Said, words: str
) -> None:
    server.says(said)

    async with planner(server, kind) as asking:
        for falls_back in (False, True):
            with pytest.raises(RouteRefusedError, match=words):
                await asking.plan([DELHI, MID_SEA], ANY, falls_back=falls_back)
    assert len(server.asked) == 2, "asking again would change nothing, nor is it a failure"


NONSENSE = [
    (OSRM, Said(200, b"<html>It works!</html>")),
    (OSRM, Said(200, b"\xff\xfe\x00")),
    (OSRM, Said(200, b"[" * 100_000)),
    (OSRM, Said(200, b'{"code": "Ok", "routes": []}')),
    (OSRM, Said(200, b'{"code": "Ok", "routes": [{"distance": "far"}]}')),
    (OSRM, Said(401, b'{"message": "no key"}')),
    (OSRM, Said(404)),
    (OSRM, Said(302, headers={"Location": "http://127.0.0.1/elsewhere"})),
    (
        OSRM,
        Said(
            200,
            b'{"code":"Ok","routes":[{"distance":10,"duration":1,"geometry":"\\u0001","legs":[]}]}',
        ),
    ),
    (VALHALLA, Said(200, b"{}")),
    (VALHALLA, Said(200, b'{"trip": null}')),
    (VALHALLA, Said(200, b"not json")),
    (VALHALLA, Said(400, b"<html>Bad Request</html>")),
    (VALHALLA, valhalla_answer(legs=[{"shape": "?", "maneuvers": []}])),
    (VALHALLA, valhalla_answer(legs=[])),
    (VALHALLA, valhalla_answer(status=1, status_message="odd")),
]


@pytest.mark.parametrize(("kind", "said"), NONSENSE)
async def test_garbage_is_neither_a_route_nor_a_crash(
    server: RouterServer, kind: RouterKind, said: Said
) -> None:
    server.says(said)

    async with planner(server, kind) as asking:
        with pytest.raises(RouterNonsenseError):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
    assert len(server.asked) == 1, "it would only say it again"


async def test_an_endless_answer_is_not_read(server: RouterServer) -> None:
    server.says(Said(200, b" " * 100_000))

    async with planner(server, limits=lambda: rules(answer_bytes_max=50_000)) as asking:
        with pytest.raises(RouterNonsenseError, match="more than 50000 bytes"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


async def test_places_in_one_spot_are_no_route(server: RouterServer) -> None:
    server.says(valhalla_answer(summary={"time": 0.0, "length": 0.0}))

    async with planner(server, VALHALLA) as asking:
        with pytest.raises(RouteRefusedError, match="one spot"):
            await asking.plan([DELHI, DELHI], ANY, falls_back=False)


async def test_the_same_question_is_asked_once(server: RouterServer) -> None:
    server.says(osrm_answer())

    async with planner(server) as asking:
        first = await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        again = await asking.plan([Point(28.6100000001, 77.2), ALWAR], ANY, falls_back=False)
        assert again == first
        assert len(server.asked) == 1
        await asking.plan([ALWAR, DELHI], ANY, falls_back=False)
        await asking.plan([DELHI, ALWAR], PlanOptions(Vehicle(axles=3)), falls_back=False)
        assert len(server.asked) == 3


async def test_so_many_answers_are_remembered_for_so_long(server: RouterServer) -> None:
    server.says(osrm_answer())
    answers = policy().routing.answers
    two = rules(answers=answers.model_copy(update={"remembered_max": 2}))
    none = rules(answers=answers.model_copy(update={"remembered_s": 1e-9}))
    places = [Point(28.0 + number, 77.0) for number in range(3)]

    async with planner(server, limits=lambda: two) as asking:
        for place in (*places, places[2], places[1], places[0]):
            await asking.plan([DELHI, place], ANY, falls_back=False)
    assert len(server.asked) == 4, "the oldest of three went"

    async with planner(server, limits=lambda: none) as asking:
        for _ in range(2):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
    assert len(server.asked) == 6


async def test_the_highways_help_out_only_when_asked_to(server: RouterServer) -> None:
    server.says(Said(503))

    async with planner(server) as asking:
        planned = await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)
        assert (planned.router, planned.fell_back) == (
            "builtin",
            "osrm: answers 503",
        )
        server.says(Said(200, b"garbage"))
        assert (await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)).router == "builtin"
        with pytest.raises(RouterNonsenseError):
            await asking.plan([DELHI, MID_SEA], ANY, falls_back=True)
        server.says(osrm_answer())
        assert (await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)).router == "osrm"
