"""Devices follow their tenant: let in soon after it is onboarded, cut while it is suspended."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from functools import partial

import pytest

from config.installation import Postgres
from config.policy import Settings, policy
from launch.embedded.broker_users import BrokerUsers
from serve.fleet.device_secrets import hash_secret
from store import tenants, trucks
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant, TenantStatus
from tests.launch.conftest import RunningBroker
from tests.launch.device import device, may_connect
from tests.launch.waiting import until

SECRET = "a-device-secret"
HASH = hash_secret(SECRET)


@pytest.fixture
async def following(broker: RunningBroker, where: Postgres) -> AsyncIterator[RunningBroker]:
    """Its users follow the truck directory of a real database."""
    users = BrokerUsers(
        where,
        broker.mqtt,
        Settings(policy()),
        broker.layout.broker_users_file,
        reload=broker.reload,
    )
    known = asyncio.Event()
    task = asyncio.create_task(users.run(known))
    await known.wait()
    yield broker
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def add_truck(app: AnyPool, tenant: Tenant, truck: str) -> str:
    """The name its device signs in with."""
    async with as_tenant(app, tenant.key) as conn:
        await trucks.create(
            conn,
            tenant.key,
            id=truck,
            registration=None,
            truck_class=None,
            capacity_t=None,
            secret_hash=HASH,
        )
    return f"{tenant.id}/{truck}"


async def turn(system: AnyPool, tenant: Tenant, status: TenantStatus) -> None:
    async with system.acquire() as conn, conn.transaction():
        now = await tenants.by_key(conn, tenant.key)
        await tenants.set_status(conn, now, status, "a test")


async def test_a_new_tenants_truck_connects_within_two_seconds(
    following: RunningBroker, system: AnyPool, app: AnyPool, tenant: Tenant
) -> None:
    async with system.acquire() as conn:
        name = "n-" + secrets.token_hex(6)
        made = await tenants.create(conn, name, "Onboarded by an operator", tenant.key)
    took_s = []
    for number in range(3):
        user = await add_truck(app, made, f"T{number}")
        took_s.append(await until(partial(may_connect, following.port, user, SECRET)))

    # The best of three: how long it takes, not how busy this machine is.
    assert min(took_s) < 2


async def test_devices_of_a_suspended_tenant_are_cut_and_come_back(
    following: RunningBroker,
    system: AnyPool,
    app: AnyPool,
    tenant: Tenant,
    other_tenant: Tenant,
) -> None:
    port = following.port
    user, other = await add_truck(app, tenant, "T"), await add_truck(app, other_tenant, "T")
    for name in (user, other):
        await until(partial(may_connect, port, name, SECRET))
    with device(port, user, SECRET, "goes") as goes, device(port, other, SECRET, "stays") as stays:
        await turn(system, tenant, TenantStatus.SUSPENDED)

        assert await until(lambda: not goes.client.is_connected()) < 5
        assert stays.client.is_connected()
        assert not await may_connect(port, user, SECRET)

    await turn(system, tenant, TenantStatus.ACTIVE)

    assert await until(lambda: may_connect(port, user, SECRET)) < 5
