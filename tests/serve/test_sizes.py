"""What happens at each limit of size and time of a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from serve.gateway import Gateway
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.in_process import InProcessActors

PROBLEM = "application/problem+json"


async def test_headers_too_long_are_refused(caller: Caller, gateway: Gateway) -> None:
    most = gateway.policy.edge.header_bytes_max

    header = await caller.get("/v1/trucks", headers={"X-Anything": "x" * most})
    query = await caller.get("/v1/trucks", params={"cursor": "x" * most})
    fine = await caller.get("/v1/trucks", headers={"X-Anything": "x" * (most // 2)})

    assert (header.status_code, query.status_code, fine.status_code) == (431, 431, 200)
    assert header.headers["content-type"] == PROBLEM


async def test_a_body_that_comes_too_slowly_is_given_up(caller: Caller, gateway: Gateway) -> None:
    hold(gateway.settings, "api", request_deadline_s=0.05)

    async def never_ending() -> AsyncIterator[bytes]:
        yield b'{"id": '
        await asyncio.Event().wait()

    answer = await caller.ask(
        "POST", "/v1/trucks", content=never_ending(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_too_many_waiting_requests_are_turned_away_and_probes_are_not(
    caller: Caller,
    actors: InProcessActors,
    gateway: Gateway,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold(gateway.settings, "edge", waiting_requests_max=3)
    waiting, go_on = [], asyncio.Event()
    usual = actors.positions

    async def hang(tenant_key: int) -> object:
        waiting.append(tenant_key)
        await go_on.wait()
        return await usual(tenant_key)

    monkeypatch.setattr(actors, "positions", hang)
    held = [asyncio.create_task(caller.get("/v1/positions")) for _ in range(3)]
    await until(lambda: len(waiting) == 3)

    refused = await caller.get("/v1/positions")
    probe = await http.get("/livez")
    go_on.set()
    answers = await asyncio.gather(*held)
    after = await caller.get("/v1/positions")

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == PROBLEM
    assert probe.status_code == 200
    assert [answer.status_code for answer in (*answers, after)] == [200] * 4


@pytest.mark.parametrize("depth", [100, 10_000, 200_000])
async def test_deeply_nested_json_is_refused_and_harms_nobody(caller: Caller, depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    answer = await caller.ask(
        "POST", "/v1/fences", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == PROBLEM
    assert (await caller.get("/v1/fences")).status_code == 200
