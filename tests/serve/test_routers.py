"""OSRM and Valhalla over real HTTP: what they are asked, what becomes of each kind of answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from config.installation import RouterKind
from config.installation import RouterServer as Where
from config.policy import policy
from config.sections.routing import Routing
from freight.routing.plan import (
    Avoid,
    PlanOptions,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
    Section,
    Vehicle,
)
from geo.point import Point
from serve.routes.planner import Planner
from tests.conftest import free_port
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

DELHI, ALWAR = Point(28.61, 77.20), Point(27.5, 76.6)
JAIPUR = Point(26.92, 75.79)
MID_SEA = Point(12.0, 60.0)
ANY = PlanOptions()
OSRM, VALHALLA = RouterKind.OSRM, RouterKind.VALHALLA
PATIENCE_S = 20.0  # a busy machine is slow, and is not to look like a router that is away


def rules(**changes: Any) -> Routing:
    usual = {"retry_wait_s": 0.01, "deadline_s": PATIENCE_S, "attempt_s": PATIENCE_S, "attempts": 2}
    return policy().routing.model_copy(update=usual | changes)


@pytest.fixture
def server() -> Iterator[RouterServer]:
    with running() as served:
        yield served


@asynccontextmanager
async def planner(
    server: RouterServer | str,
    kind: RouterKind = OSRM,
    limits: Callable[[], Routing] = rules,
    **where: Any,
) -> AsyncIterator[Planner]:
    url = server if isinstance(server, str) else server.url
    made = Planner(Where(kind=kind, url=url, **where), limits)
    try:
        yield made
    finally:
        await made.close()


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


AWAY = [Said(429), Said(500), Said(502), Said(503), Said(504)]


@pytest.mark.parametrize("kind", [OSRM, VALHALLA])
@pytest.mark.parametrize("said", AWAY, ids=lambda said: str(said.status))
async def test_what_passes_is_asked_again(
    server: RouterServer, kind: RouterKind, said: Said
) -> None:
    good = osrm_answer() if kind is OSRM else valhalla_answer()
    server.says(said, good)

    async with planner(server, kind) as asking:
        planned = await asking.plan([DELHI, ALWAR], ANY, falls_back=False)

    assert planned.route.length_m == 136600.0
    assert len(server.asked) == 2


@pytest.mark.parametrize("said", AWAY, ids=lambda said: str(said.status))
async def test_what_stays_is_told_with_its_status(server: RouterServer, said: Said) -> None:
    server.says(said)

    async with planner(server) as asking:
        with pytest.raises(RouterAwayError, match=f"osrm answers {said.status}"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
    assert len(server.asked) == 2


async def test_a_long_retry_after_is_passed_on_and_not_waited_for(server: RouterServer) -> None:
    server.says(Said(429, headers={"Retry-After": "3600"}))

    async with planner(server) as asking:
        with pytest.raises(RouterAwayError) as away:
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)

    assert away.value.retry_after_s == 3600.0
    assert len(server.asked) == 1


async def test_a_router_that_never_answers_is_given_up(server: RouterServer) -> None:
    server.says(Said(is_silent=True))

    async with planner(server, limits=lambda: rules(attempt_s=0.05)) as asking:
        with pytest.raises(RouterAwayError, match=r"has not answered in 0\.05 s"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
    assert len(server.asked) == 2

    async with planner(server, limits=lambda: rules(deadline_s=0.05)) as asking:
        with pytest.raises(RouterAwayError, match=r"has not answered in 0\.05 s"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


async def test_nobody_at_the_address_is_away() -> None:
    async with planner(f"http://127.0.0.1:{free_port()}") as asking:
        with pytest.raises(RouterAwayError, match="cannot be reached: ConnectError"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


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


async def test_no_more_than_so_many_are_asked_at_a_time(server: RouterServer) -> None:
    """The one that waits gives up with its own deadline, and never reaches the router."""
    server.says(Said(is_silent=True))
    limits = rules(requests_at_once=1, deadline_s=0.1)

    async with planner(server, limits=lambda: limits) as asking:
        asked = [asking.plan([DELHI, ALWAR], ANY, falls_back=False) for _ in range(3)]
        ended = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in ended] == [RouterAwayError] * 3
    assert len(server.asked) == 1


async def test_who_fails_is_left_alone_and_tried_again(server: RouterServer) -> None:
    server.says(Said(503))
    breaker = policy().routing.breaker.model_copy(update={"failures": 2, "rest_s": 3600.0})
    now = [rules(attempts=1, breaker=breaker)]

    async with planner(server, limits=lambda: now[0]) as asking:
        for _ in range(2):
            with pytest.raises(RouterAwayError, match="503"):
                await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        with pytest.raises(RouterAwayError, match="left alone") as shut:
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert shut.value.retry_after_s > 3000.0
        assert len(server.asked) == 2
        # A setting that forgives more works at once.
        now[0] = rules(attempts=1, breaker=breaker.model_copy(update={"failures": 10}))
        server.says(osrm_answer())
        await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert len(server.asked) == 3


async def test_the_highways_help_out_only_when_asked_to(server: RouterServer) -> None:
    server.says(Said(503))

    async with planner(server) as asking:
        planned = await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)
        assert (planned.router, planned.fell_back) == (
            "builtin",
            "osrm answers 503 Service Unavailable",
        )
        server.says(Said(200, b"garbage"))
        assert (await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)).router == "builtin"
        with pytest.raises(RouterNonsenseError):
            await asking.plan([DELHI, MID_SEA], ANY, falls_back=True)
        server.says(osrm_answer())
        assert (await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)).router == "osrm"
