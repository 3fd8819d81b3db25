"""When there is too much to do, heavy reads go first, then the rest, and ingest last of all."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from actors.stats import ActorStats
from config.policy import Settings, defaults
from config.sections.shedding import Kind
from serve.gateway import Gateway
from serve.metrics import GatewayMetrics
from serve.problems import UnavailableError
from serve.shedding import PressureWatch, Shedder, Strain, kind_of, strain_of
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.holding import hold

RULES = defaults().shedding
TRACK, TRUCKS, FIXES = "/v1/trucks/T1/track", "/v1/trucks", "/v1/ingest/positions"


@pytest.mark.parametrize(
    ("method", "path", "query", "kind"),
    [
        ("POST", FIXES, b"", Kind.INGEST),
        ("GET", "/v1/ingest/osmand", b"id=1", Kind.INGEST),
        ("GET", TRACK, b"", Kind.HEAVY),
        ("GET", "/v1/ledger/parties/carriers/C1", b"", Kind.HEAVY),
        ("GET", TRUCKS, b"format=csv&limit=5", Kind.HEAVY),
        ("GET", TRUCKS, b"format=json", Kind.USUAL),
        ("GET", "/v1/trucks/T1", b"", Kind.USUAL),
        ("POST", "/v1/alerts/backtest", b"", Kind.HEAVY),
        ("GET", "/v1/alerts/backtest", b"", Kind.USUAL),
        ("GET", "/v1/trucks/a/b/track", b"", Kind.USUAL),
    ],
)
def test_requests_are_told_apart(method: str, path: str, query: bytes, kind: Kind) -> None:
    assert kind_of(RULES, method, path, query) is kind


class Held:
    """Requests that stay inside until they are let go."""

    def __init__(self, **limits: Any) -> None:
        self.settings = Settings(defaults())
        hold(self.settings, "shedding", **limits)
        self.shedder = Shedder(self.settings, GatewayMetrics())
        self.go_on = asyncio.Event()
        self.inside: list[str] = []

    async def ask(self, path: str, method: str = "GET") -> None:
        async with self.shedder.place(method, path, b""):
            self.inside.append(path)
            await self.go_on.wait()

    def start(self, path: str, method: str = "GET") -> asyncio.Task[None]:
        return asyncio.create_task(self.ask(path, method))


async def test_heavy_requests_at_their_limit_leave_room_for_the_others() -> None:
    held = Held(heavy_at_once_max=2, heavy_waiting_max=1)
    heavy = [held.start(TRACK) for _ in range(3)]
    await until(lambda: len(held.inside) == 2)

    with pytest.raises(UnavailableError) as refused:
        await held.ask(TRACK)
    others = [held.start(TRUCKS), held.start(FIXES, "POST")]
    await until(lambda: len(held.inside) == 4)
    held.go_on.set()
    await asyncio.gather(*heavy, *others)

    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == str(RULES.retry_s)
    assert held.inside.count(TRACK) == 3  # the one that waited came in


async def test_a_place_is_not_lost_with_who_waited_for_it() -> None:
    held = Held(heavy_at_once_max=1, heavy_waiting_max=2)
    first, gone, patient = (held.start(TRACK) for _ in range(3))
    await until(lambda: len(held.inside) == 1)

    gone.cancel()
    held.go_on.set()
    await asyncio.gather(first, patient)

    assert held.inside == [TRACK, TRACK]


@pytest.mark.parametrize(
    ("path", "method"), [(TRUCKS, "GET"), (FIXES, "POST")], ids=["usual", "ingest"]
)
async def test_the_others_have_a_number_too(path: str, method: str) -> None:
    held = Held(usual_at_once_max=1, ingest_at_once_max=1)
    one = held.start(path, method)
    await until(lambda: len(held.inside) == 1)

    with pytest.raises(UnavailableError):
        await held.ask(path, method)
    held.go_on.set()
    await one
    await held.ask(path, method)


@pytest.mark.parametrize(
    ("strain", "refused"),
    [
        (Strain.CALM, set()),
        (Strain.STRAINED, {TRACK}),
        (Strain.OVERLOADED, {TRACK, TRUCKS}),
    ],
)
async def test_ingest_is_refused_for_no_strain(strain: Strain, refused: set[str]) -> None:
    held = Held()
    held.go_on.set()
    held.shedder.take_strain(strain)
    found = set()
    for path, method in ((TRACK, "GET"), (TRUCKS, "GET"), (FIXES, "POST"), ("/readyz", "GET")):
        try:
            await held.ask(path, method)
        except UnavailableError:
            found.add(path)

    assert found == refused


def test_any_slow_part_is_a_strain() -> None:
    assert strain_of(RULES, loop_ms=1, store_ms=1, commit_ms=1) is Strain.CALM
    assert strain_of(RULES, loop_ms=1_000, store_ms=1, commit_ms=1) is Strain.STRAINED
    assert strain_of(RULES, loop_ms=1, store_ms=1_500, commit_ms=1) is Strain.STRAINED
    assert strain_of(RULES, loop_ms=1, store_ms=1, commit_ms=9_000) is Strain.OVERLOADED


async def _nothing() -> list[ActorStats]:
    return []


def test_one_bad_look_is_an_accident_and_one_good_look_too() -> None:
    held = Held(bad_looks=2, calm_looks=2)
    watch = PressureWatch(held.shedder, _nothing, _nothing)
    worst, calm = Strain.OVERLOADED, Strain.CALM
    seen = []
    for strain in (worst, calm, worst, worst, calm, worst, calm, calm, calm, calm):
        watch.take(strain)
        seen.append(held.shedder.strain.value)

    assert seen == [0, 0, 0, 2, 2, 2, 2, 1, 1, 0]


def test_the_slowest_shard_tells_how_long_commits_take() -> None:
    watch = PressureWatch(Held().shedder, _nothing, _nothing)

    def stats(*shards: tuple[float, float]) -> list[ActorStats]:
        return [
            ActorStats(
                "truck_shard", f"s{n}", 0, {"batches_total": done, "fold_s_total": took}, None
            )
            for n, (done, took) in enumerate(shards)
        ]

    assert watch.commit_ms(stats((10, 100.0), (5, 1.0))) == 0.0
    assert watch.commit_ms(stats((10, 100.0), (15, 3.0))) == pytest.approx(200.0)
    assert watch.commit_ms(stats((12, 101.0), (15, 3.0))) == pytest.approx(500.0)


async def test_a_strained_gateway_refuses_history_and_takes_fixes(
    caller: Caller, gateway: Gateway, http: httpx.AsyncClient
) -> None:
    gateway.shedder.take_strain(Strain.STRAINED)
    try:
        heavy = await caller.get("/v1/ledger/trial-balance")
        usual = await caller.get("/v1/trucks")
        probe = await http.get("/metrics")
    finally:
        gateway.shedder.take_strain(Strain.CALM)

    assert heavy.status_code == 503
    assert heavy.headers["retry-after"] == str(RULES.retry_s)
    assert heavy.headers["content-type"] == "application/problem+json"
    assert usual.status_code == 200
    assert 'ubertruck_http_shed_total{kind="heavy",reason="strain"' in probe.text
