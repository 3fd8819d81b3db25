"""Two tenants with a thousand objects each: no answer to one shows a byte of the other."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Coroutine, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from config.installation import DatabaseRole, Postgres
from store.postgres import connect as connect_database
from store.tenants import Tenant
from tests.api.conftest import Running, caller_with
from tests.api.makers import MAKERS, World
from tests.api.neighbours import Side, fill, side_of
from tests.api.operations import Operation, operations_of
from tests.conftest import Server, found_tenant
from tests.serve.in_process import now_ms

pytestmark = pytest.mark.postgres

ENDLESS = {"GET /v1/live/events"}
PAGES_MAX = 20
REQUESTS = 1000
# A third of them must find something, or the questions were poor ones.
FINDING_SHARE = 0.33
# A machine with other work sheds heavy questions.
NOT_NOW = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
ANSWERED_SHARE = 0.6
ANSWERS_WITHIN_S = 10.0
INSIDE, OUTSIDE = {"lat": 28.05, "lon": 77.05}, {"lat": 28.5, "lon": 77.05}
TRUCK, FENCE = "/v1/trucks/{id}", "/v1/fences/{id}"


@pytest.fixture(scope="module")
def tenants(server: Server, where: Postgres) -> Iterator[list[Tenant]]:
    """The same two for all these tests: filling them takes longer than asking."""

    async def found() -> list[Tenant]:
        owner = await connect_database(where, DatabaseRole.OWNER)
        made = [await found_tenant(owner, name) for name in ("One", "Its neighbour")]
        await owner.close()
        return made

    async def forget(keys: list[int]) -> None:
        """Every later test's shard would compile these thousands."""
        superuser = await asyncpg.connect(server.superuser_dsn, database=where.database)
        await superuser.execute("DELETE FROM fence_versions WHERE tenant_key = ANY($1)", keys)
        await superuser.execute("DELETE FROM fences WHERE tenant_key = ANY($1)", keys)
        await superuser.close()

    made = asyncio.run(found())
    yield made
    asyncio.run(forget([tenant.key for tenant in made]))


@pytest.fixture
def tenant(tenants: list[Tenant]) -> Tenant:
    return tenants[0]


@pytest.fixture
def other_tenant(tenants: list[Tenant]) -> Tenant:
    return tenants[1]


@pytest.fixture(scope="module")
def filled() -> list[Side]:
    """As the first of these tests filled them."""
    return []


@pytest.fixture
async def sides(running: Running, other_tenant: Tenant, filled: list[Side]) -> tuple[Side, Side]:
    world = running.world
    callers = world.owner, caller_with(world.owner.http, world.gateway, other_tenant)
    if not filled:
        filled += [side_of(caller) for caller in callers]
        for side in filled:
            await fill(world, side)
    ours, theirs = (
        dataclasses.replace(side, caller=caller)
        for side, caller in zip(filled, callers, strict=True)
    )
    for side in (ours, theirs):
        await drive(world, side, INSIDE)
    return ours, theirs


async def drive(world: World, side: Side, where: Mapping[str, float]) -> None:
    """Some trucks cross the fences, so that there are positions, tracks and events."""
    await world.gateway.directory.refresh(world.gateway.system_pool)
    tenant = side.caller.tenant
    keys = [
        world.gateway.directory.by_name[tenant.id, name].truck_key for name in side.made[TRUCK][:3]
    ]
    for key in keys:
        await world.actors.report(tenant.key, [{"truck_key": key, "ts_ms": now_ms(), **where}])


def leaks(answer: httpx.Response, of: Side, *, names_told: bool) -> bool:
    """A name that the question already told is no news; what its object says is."""
    shown = answer.content + repr(answer.headers.raw).encode()
    marks = [of.mark] if names_told else [of.mark, of.name_mark]
    return any(mark.encode() in shown for mark in marks)


def getters(running: Running) -> list[Operation]:
    return [
        one
        for one in operations_of(running.document)
        if one.method == "GET" and one.says not in ENDLESS
    ]


async def test_no_page_of_any_list_shows_the_neighbour(
    running: Running, sides: tuple[Side, Side]
) -> None:
    shown = []
    own_seen: set[str] = set()
    for operation in getters(running):
        if operation.parameters:
            continue
        for mine, other in (sides, sides[::-1]):
            cursor: str | None = None
            for _ in range(PAGES_MAX):
                query = {"limit": "500", **({"cursor": cursor} if cursor else {})}
                answer = await mine.caller.get(operation.path, params=query)
                if leaks(answer, other, names_told=False):
                    shown.append(f"{operation.says} {query}")
                if leaks(answer, mine, names_told=False):
                    own_seen.add(operation.path)
                cursor = _next_cursor(answer)
                if cursor is None:
                    break

    assert not shown, "\n".join(["", *shown])
    # Otherwise nothing was proved.
    assert {"/v1/trucks", "/v1/fences", "/v1/carriers", "/v1/roles", "/v1/events"} <= own_seen
    assert {"/v1/positions", "/v1/audit", "/v1/secrets", "/v1/flags"} <= own_seen


def _next_cursor(answer: httpx.Response) -> str | None:
    if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        body = answer.json()
    except json.JSONDecodeError:
        return None
    cursor = body.get("next_cursor") if isinstance(body, dict) else None
    return cursor if isinstance(cursor, str) else None


async def test_no_object_of_the_neighbour_is_shown_or_told_from_nothing(
    running: Running, sides: tuple[Side, Side]
) -> None:
    """404 for what is another's and 404 for what is not there read the same."""
    wrong = []
    for operation in getters(running):
        made = _named_by(operation)
        for mine, other in (sides, sides[::-1]):
            if made is None or made not in other.made:
                continue
            named = other.made[made][0]
            absent = "no" + named[2:]
            foreign = await _one(mine, operation, named)
            nothing = await _one(mine, operation, absent)
            if leaks(foreign, other, names_told=True):
                wrong.append(f"{operation.says}: shows the neighbour's")
            same = _told(foreign).replace(named, absent) == _told(nothing)
            if foreign.status_code != nothing.status_code or not same:
                wrong.append(f"{operation.says}: tells that there is something")

    assert not wrong, "\n".join(["", *wrong])


def _named_by(operation: Operation) -> str | None:
    """Which kind of object the path's parameter names."""
    if len(operation.parameters) != 1:
        return None
    found = [path for path in MAKERS if (operation.path + "/").startswith(path + "/")]
    return max(found, key=len, default=None)


async def _one(side: Side, operation: Operation, name: str) -> httpx.Response:
    path = operation.at(dict.fromkeys(operation.parameters, name))
    return await side.caller.get(path, params={"subject": "somebody"})


def _told(answer: httpx.Response) -> str:
    body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if isinstance(body, dict):
        body.pop("correlation_id", None)
    return json.dumps(body, sort_keys=True)


QUERY = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.sampled_from(["1", "7", "50", "500", "0"]),
        "truck": st.sampled_from(["mine", "theirs"]),
        "object": st.sampled_from(["mine", "theirs"]),
        "subject": st.sampled_from(["mine", "theirs"]),
        "actor": st.sampled_from(["mine", "theirs"]),
        "tenant": st.sampled_from(["tenant", "tenant", "other tenant", "*"]),
        "scope": st.sampled_from(["tenant", "tenant", "installation"]),
        "type": st.sampled_from(["truck.fence.entered", "no.such"]),
        "bbox": st.sampled_from(["77,28,78,29", "76,27,79,30", "-180,-90,180,90", "1,2"]),
        "near": st.sampled_from(["28.05,77.05", "28.1,77", "91,0"]),
        "radius_km": st.sampled_from(["5", "200", "20000", "-1"]),
        "from": st.sampled_from(["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "soon"]),
        "to": st.sampled_from(["2090-01-01T00:00:00Z", "2089-01-01T00:00:00Z"]),
        "order": st.sampled_from(["asc", "desc"]),
        "format": st.sampled_from(["json", "geojson", "gpx", "csv"]),
        "cursor": st.sampled_from(["theirs", "theirs", "nonsense"]),
        "q": st.sampled_from(["mine", "theirs", "%", "'"]),
    },
)


async def test_no_question_gets_the_neighbour_shown(
    running: Running, sides: tuple[Side, Side]
) -> None:
    operations = getters(running)
    loop = asyncio.get_running_loop()
    foreign_cursor = await _cursors(sides)
    found: list[bool] = []

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(
        operation=st.sampled_from(operations),
        query=QUERY,
        turned=st.booleans(),
        of_other=st.booleans(),
        at=st.integers(0, 9),
    )
    def ask(
        operation: Operation, query: dict[str, str], turned: bool, of_other: bool, at: int
    ) -> None:
        mine, other = sides[::-1] if turned else sides
        asked = _filled(_understood(operation, query), mine, other, foreign_cursor)
        named = _named_by(operation) or TRUCK
        names = (other if of_other else mine).made.get(named, mine.made[TRUCK])
        path = operation.at(dict.fromkeys(operation.parameters, names[at % len(names)]))
        answer = _wait(mine.caller.get(path, params=asked), loop)
        if answer.status_code not in NOT_NOW:
            found.append(leaks(answer, mine, names_told=False))
        told = of_other or other.name_mark in str(asked)
        assert not leaks(answer, other, names_told=told), f"{path} {asked}: {answer.text[:500]}"

    await asyncio.to_thread(ask)

    assert len(found) >= ANSWERED_SHARE * REQUESTS, f"{len(found)} of {REQUESTS} answered"
    assert sum(found) >= FINDING_SHARE * len(found), f"{sum(found)} of {len(found)}"


def _understood(operation: Operation, query: Mapping[str, str]) -> dict[str, str]:
    """What the operation has parameters for, and one that none has."""
    declared = operation.declared.get("parameters", [])
    names = {one["name"] for one in declared if one["in"] == "query"} | {"q"}
    return {name: value for name, value in query.items() if name in names}


async def _cursors(sides: tuple[Side, Side]) -> Mapping[str, str]:
    found = {}
    for side in sides:
        answer = await side.caller.get("/v1/trucks", params={"limit": "5"})
        found[side.mark] = answer.json()["next_cursor"]
    return found


def _filled(
    query: Mapping[str, str], mine: Side, other: Side, cursors: Mapping[str, str]
) -> dict[str, str]:
    asked = dict(query)
    for name, value in query.items():
        if value in {"mine", "theirs"}:
            side = mine if value == "mine" else other
            asked[name] = cursors[side.mark] if name == "cursor" else side.made[TRUCK][0]
        elif value in {"tenant", "other tenant"} and name == "tenant":
            asked[name] = (mine if value == "tenant" else other).caller.tenant.id
    return asked


def _wait(
    asked: Coroutine[Any, Any, httpx.Response], loop: asyncio.AbstractEventLoop
) -> httpx.Response:
    return asyncio.run_coroutine_threadsafe(asked, loop).result(ANSWERS_WITHIN_S * 3)


async def test_live_feeds_show_nothing_of_the_neighbour(
    running: Running, sides: tuple[Side, Side]
) -> None:
    ours, theirs = sides
    address = running.url.removeprefix("http://")
    headers = {"Authorization": f"Bearer {ours.caller.token}"}
    heard: list[bytes] = []
    url = f"ws://{address}/v1/live?format=json"
    async with (
        # Without a limit on what waits: the answer to our goodbye would stand behind it.
        connect(url, additional_headers=headers, max_queue=None) as socket,
        ours.caller.http.stream("GET", "/v1/live/events", headers=headers) as stream,
        asyncio.timeout(ANSWERS_WITHIN_S),
    ):
        await socket.send(json.dumps({"type": "subscribe", "bbox": None, "resume": None}))
        lines = stream.aiter_bytes()
        # The neighbour's first: what came after it has come.
        await drive(running.world, theirs, OUTSIDE)
        await drive(running.world, ours, OUTSIDE)
        while not _said(heard, ours, "positions") or not _said(heard, ours, "event"):
            message = await socket.recv()
            heard.append(message.encode() if isinstance(message, str) else message)
        streamed = [await anext(lines)]
        while ours.name_mark.encode() not in b"".join(streamed):
            streamed.append(await anext(lines))

    everything = b"".join([*heard, *streamed])
    assert theirs.mark.encode() not in everything
    assert theirs.name_mark.encode() not in everything


def _said(heard: list[bytes], side: Side, kind: str) -> bool:
    return any(side.name_mark.encode() in one and f'"{kind}"'.encode() in one for one in heard)
