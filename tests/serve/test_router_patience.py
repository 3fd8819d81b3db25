"""How patiently routers are asked: again, up to a point, not by all at once, and left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from config.installation import RouterKind
from config.patience import patience_with
from config.policy import policy
from freight.routing.plan import (
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
)
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.serve.asking_routers import (
    ALWAR,
    ANY,
    DELHI,
    JAIPUR,
    MID_SEA,
    OSRM,
    VALHALLA,
    patience_by,
    planner,
    rules,
)
from tests.serve.router_server import (
    RouterServer,
    Said,
    osrm_answer,
    osrm_refusal,
    running,
    valhalla_answer,
)


@pytest.fixture
def server() -> Iterator[RouterServer]:
    with running() as served:
        yield served


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
        words = "is throttling us" if said.status == 429 else f"answers {said.status}"
        with pytest.raises(RouterAwayError, match=f"osrm: {words}"):
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
        with pytest.raises(RouterAwayError, match=r"osrm: no answer in 0\.05 s"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
    assert len(server.asked) == 2

    async with planner(server, limits=lambda: rules(deadline_s=0.05)) as asking:
        with pytest.raises(RouterAwayError, match=r"osrm: no answer in 0\.05 s"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


async def test_nobody_at_the_address_is_away() -> None:
    async with planner(f"http://127.0.0.1:{free_port()}") as asking:
        with pytest.raises(RouterAwayError, match="osrm: cannot be reached: ConnectError"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


async def test_no_more_than_so_many_are_asked_at_a_time(server: RouterServer) -> None:
    """The one that waits gives up with its own deadline, and never reaches the router."""
    server.says(Said(is_silent=True))
    limits = rules(requests_at_once=1, deadline_s=0.1)

    async with planner(server, limits=lambda: limits) as asking:
        asked = [asking.plan([DELHI, ALWAR], ANY, falls_back=False) for _ in range(3)]
        ended = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in ended] == [RouterAwayError] * 3
    assert len(server.asked) == 1


async def test_who_cannot_even_wait_is_told_so_at_once(server: RouterServer) -> None:
    server.says(Said(is_silent=True))
    narrow = patience_by(rules(requests_at_once=1)).model_copy(update={"waiting_max": 0})

    async with planner(server, patience=lambda: narrow) as asking:
        inside = asyncio.create_task(asking.plan([DELHI, ALWAR], ANY, falls_back=False))
        await until(lambda: len(server.asked) == 1)
        with pytest.raises(RouterAwayError, match="calls of osrm wait already"):
            await asking.plan([DELHI, JAIPUR], ANY, falls_back=False)
        planned = await asking.plan([DELHI, JAIPUR], ANY, falls_back=True)
        inside.cancel()
        await asyncio.gather(inside, return_exceptions=True)

    assert (planned.router, len(server.asked)) == ("builtin", 1)


def series(counted: CollectorRegistry, name: str, **labels: str) -> float | None:
    return counted.get_sample_value(f"ubertruck_provider_{name}", {"provider": "osrm", **labels})


async def test_who_fails_is_left_alone_and_that_shows(server: RouterServer) -> None:
    server.says(Said(503))
    breaker = policy().routing.breaker.model_copy(update={"failures": 2, "rest_s": 3600.0})
    now, counted = [rules(attempts=1, breaker=breaker)], CollectorRegistry()

    async with planner(server, limits=lambda: now[0], counted=counted) as asking:
        for _ in range(2):
            with pytest.raises(RouterAwayError, match="503"):
                await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        with pytest.raises(RouterAwayError, match="left alone") as shut:
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert shut.value.retry_after_s > 3000.0
        assert len(server.asked) == 2
        assert series(counted, "breaker_open") == 1.0
        # A setting that forgives more works at once.
        now[0] = rules(attempts=1, breaker=breaker.model_copy(update={"failures": 10}))
        server.says(osrm_answer())
        await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert len(server.asked) == 3
        assert series(counted, "breaker_open") == 0.0
        assert series(counted, "calls_total", operation="route", outcome="away") == 3.0
        assert series(counted, "calls_total", operation="route", outcome="ok") == 1.0


@pytest.mark.parametrize("said", [Said(is_silent=True), Said(200, b"garbage"), Said(401)])
async def test_after_a_rest_one_question_closes_it(server: RouterServer, said: Said) -> None:
    """Opened by silence until the deadline, and by what is no router's answer, too."""
    server.says(said)
    breaker = policy().routing.breaker.model_copy(update={"failures": 1, "rest_s": 1e-9})
    limits = rules(attempts=1, breaker=breaker)
    hasty = rules(attempts=1, breaker=breaker, attempt_s=0.05, deadline_s=0.05)
    counted, now = CollectorRegistry(), [hasty if said.is_silent else limits]

    async with planner(server, limits=lambda: now[0], counted=counted) as asking:
        with pytest.raises((RouterAwayError, RouterNonsenseError)):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert series(counted, "breaker_open") == 1.0
        server.says(osrm_answer())
        now[0] = limits
        await asking.plan([DELHI, ALWAR], ANY, falls_back=False)

    assert series(counted, "breaker_open") == 0.0


async def test_a_refusal_is_no_failure(server: RouterServer) -> None:
    server.says(osrm_refusal("NoRoute", "Impossible route between points"))
    breaker = policy().routing.breaker.model_copy(update={"failures": 1})
    counted = CollectorRegistry()

    async with planner(server, limits=lambda: rules(breaker=breaker), counted=counted) as asking:
        for _ in range(2):
            with pytest.raises(RouteRefusedError):
                await asking.plan([DELHI, MID_SEA], ANY, falls_back=False)

    assert series(counted, "calls_total", operation="route", outcome="refused") == 2.0
    assert series(counted, "breaker_open") == 0.0


async def test_patience_that_names_a_router_is_all_that_counts(server: RouterServer) -> None:
    server.says(Said(503))
    providers = policy().providers
    named = providers.patience["usual"].model_copy(update={"attempts": 1, "answer_bytes_max": 2})
    said = providers.model_copy(update={"patience": {**providers.patience, "osrm": named}})
    now = policy().model_copy(update={"providers": said, "routing": rules(attempts=5)})

    assert patience_with(now, "osrm") is named
    assert patience_with(now, "valhalla").attempts == 5
    async with planner(server, patience=lambda: patience_with(now, "osrm")) as asking:
        with pytest.raises(RouterAwayError, match="osrm: answers 503"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)
        assert len(server.asked) == 1
        server.says(osrm_answer())
        with pytest.raises(RouterNonsenseError, match="more than 2 bytes"):
            await asking.plan([DELHI, ALWAR], ANY, falls_back=False)


def test_the_settings_of_routing_mean_what_they_meant() -> None:
    breaker = policy().routing.breaker.model_copy(update={"failures": 7, "rest_s": 11.0})
    limits = rules(retry_wait_s=9.0, requests_at_once=3, answer_bytes_max=77, breaker=breaker)

    for kind in RouterKind:
        patience = patience_by(limits, kind)
        assert (patience.deadline_s, patience.attempt_s, patience.attempts) == (20.0, 20.0, 2)
        assert (patience.retry_wait_s, patience.retry_wait_s_max) == (9.0, 9.0)
        assert (patience.at_once_max, patience.answer_bytes_max) == (3, 77)
        assert (patience.failures_max, patience.rest_s) == (7, 11.0)
