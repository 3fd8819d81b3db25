"""Before a stop everybody inside is answered, nobody is let in, and only we may ask for it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from actors.service_tokens import maker_for
from serve.draining.api import AUDIENCE
from serve.gateway import Gateway
from serve.shedding import DRAIN
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors


async def test_requests_under_way_are_answered_and_new_ones_are_sent_away(
    caller: Caller,
    actors: InProcessActors,
    gateway: Gateway,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, inside = asyncio.Event(), asyncio.Event()
    usual = actors.positions

    async def hang(tenant_key: int) -> object:
        inside.set()
        await go_on.wait()
        return await usual(tenant_key)

    monkeypatch.setattr(actors, "positions", hang)
    held = asyncio.create_task(caller.get("/v1/positions"))
    await inside.wait()
    token = maker_for(gateway.installation, "up").token_for(AUDIENCE)
    headers = {"X-Service-Token": token}
    draining = asyncio.create_task(http.post(DRAIN, params={"actors": True}, headers=headers))
    await until(lambda: gateway.shedder.is_draining)

    refused = await caller.get("/v1/trucks")
    ready = await http.get("/readyz")
    alive = await http.get("/livez")
    assert not draining.done()
    go_on.set()

    assert (await held).status_code == 200
    assert (await draining).json() == {"left": []}
    assert refused.status_code == 503
    assert "retry-after" in refused.headers
    assert ready.status_code == 503
    assert alive.status_code == 200


@pytest.mark.parametrize("audience", ["truck-shard-0", None])
async def test_nobody_else_may_stop_a_gateway(
    http: httpx.AsyncClient, gateway: Gateway, audience: str | None
) -> None:
    token = (
        "nothing" if audience is None else maker_for(gateway.installation, "up").token_for(audience)
    )

    answer = await http.post(DRAIN, headers={"X-Service-Token": token})

    assert answer.status_code == 403
    assert not gateway.shedder.is_draining
