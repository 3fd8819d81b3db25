"""A change made at one gateway is in force at every other one within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np

from config.installation import Installation, Redis
from config.policy import Policy, policy
from freight.status import Status
from freight.tracking.columns import LAST_DTYPE
from serve.app import build_app
from serve.gateway import Gateway
from serve.live.columns import View
from serve.live.feed import TenantFeed
from store.config_bus import ConfigBus
from store.postgres import STORE_FAILURES
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, now_ms

EFFECTIVE_S = 2.0
MOVING = "services/tracking/*/business/moving_kmh_min"


@contextlib.asynccontextmanager
async def another_gateway(
    where: Installation, policy: Policy, actors: InProcessActors
) -> AsyncIterator[Gateway]:
    app = build_app(where, policy, actors)
    async with app.router.lifespan_context(app):
        yield app.state.gateway


def with_poll(policy: Policy, poll_s: float) -> Policy:
    followed = policy.configuration.model_copy(update={"poll_s": poll_s})
    return policy.model_copy(update={"configuration": followed})


async def set_all_three(caller: Caller) -> None:
    for path, value in ((MOVING, 60), ("global/operational/flags/new-map", {"enabled": True})):
        answer = await caller.ask("PUT", f"/v1/config/{path}", json={"value": value})
        assert answer.status_code == 200


def is_in_force(gateway: Gateway, tenant: str) -> bool:
    policy = gateway.settings.of(tenant)
    flag = policy.operational.flags.get("new-map")
    return policy.status.moving_kmh_min == 60 and flag is not None and flag.enabled


async def test_it_is_told_over_redis(
    caller: Caller, installation: Installation, quick: Policy, actors: InProcessActors
) -> None:
    bus = ConfigBus(installation.redis, installation.instance, quick.storage.bus)
    async with (
        another_gateway(installation, quick, actors) as other,
        asyncio.timeout(10),
        contextlib.aclosing(bus.heard()) as heard,
    ):
        await anext(heard)  # the subscription itself
        await set_all_three(caller)

        await anext(heard)
        await until(lambda: is_in_force(other, caller.tenant.id), within_s=EFFECTIVE_S)
        assert other.policy.status.moving_kmh_min == 5, "for others nothing has changed"
    await bus.close()


async def test_without_redis_it_is_seen_by_looking(
    caller: Caller, installation: Installation, quick: Policy, actors: InProcessActors
) -> None:
    nowhere = installation.model_copy(update={"redis": Redis(host="127.0.0.1", port=free_port())})
    async with another_gateway(nowhere, quick, actors) as other:
        await set_all_three(caller)

        await until(lambda: is_in_force(other, caller.tenant.id), within_s=EFFECTIVE_S)


async def test_who_changes_it_has_it_at_once(caller: Caller, gateway: Gateway) -> None:
    await set_all_three(caller)

    assert is_in_force(gateway, caller.tenant.id)


async def test_the_last_snapshot_serves_while_the_store_is_away(
    caller: Caller, installation: Installation, quick: Policy, actors: InProcessActors
) -> None:
    async with another_gateway(installation, with_poll(quick, 0.05), actors) as other:
        await set_all_three(caller)
        await until(lambda: is_in_force(other, caller.tenant.id), within_s=EFFECTIVE_S)
        await other.system_pool.close()

        assert not await looked_in_vain(other)
        assert is_in_force(other, caller.tenant.id)


async def looked_in_vain(gateway: Gateway) -> bool:
    with contextlib.suppress(*STORE_FAILURES):
        return await gateway.configuration.refresh()
    return False


async def test_what_a_truck_is_called_follows_the_threshold(
    caller: Caller, neighbour: Caller, actors: InProcessActors, gateway: Gateway
) -> None:
    for each in (caller, neighbour):
        await each.truck("T1")
        await gateway.directory.refresh(gateway.system_pool)
        key = gateway.directory.by_name[each.tenant.id, "T1"].truck_key
        await actors.report(
            each.tenant.key, [{"truck_key": key, "lat": 10.0, "lon": 70.0, "speed_kmh": 30.0}]
        )
    assert await statuses_of(caller) == ["moving", "moving"]

    await set_all_three(caller)

    assert await statuses_of(caller) == ["stopped", "stopped"]
    assert await statuses_of(neighbour) == ["moving", "moving"]


async def statuses_of(caller: Caller) -> list[str]:
    one = await caller.get("/v1/trucks/T1/position")
    fleet = await caller.get("/v1/positions")
    return [one.json()["status"], fleet.json()["items"][0]["status"]]


def test_who_watches_is_told_of_trucks_that_are_called_something_else_now() -> None:
    feed = TenantFeed(1, "t", policy())
    fixes = np.zeros(3, LAST_DTYPE)
    fixes["truck_key"] = [1, 2, 3]
    fixes["ts_ms"] = fixes["committed_ms"] = now_ms()
    fixes["speed_kmh"] = [3.0, 30.0, np.nan]
    feed.columns.apply(fixes, now_ms())
    for key in (1, 2, 3):
        feed.columns.name(key, f"T{key}")
    view = View()
    feed.columns.select(view)
    status = policy().status.model_copy(update={"moving_kmh_min": 60.0})

    feed.take(policy().model_copy(update={"status": status}))

    told = feed.columns.select(view)
    assert told is not None
    assert told.rows.tolist() == [1]
    assert feed.columns.statuses_of(told).tolist() == [Status.STOPPED]
