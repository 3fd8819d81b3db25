"""The embedded broker follows every change of a device, and what it refuses is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.installation import Postgres
from config.policy import Settings, policy
from launch.embedded.broker_users import BrokerUsers, UsersFile
from launch.embedded.broker_watch import BrokerWatch
from serve.fleet.device_secrets import hash_secret
from store import device_refusals, devices, trucks
from store.audit_chain import Signer
from store.device_refusals import StoredRefusal
from store.device_sealing import seal
from store.directory import DirectoryEntry
from store.key_file import KeyFile, create_key_ring
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.launch.conftest import INGEST, INGEST_PASSWORD, RunningBroker
from tests.launch.device import REFUSED, device, may_connect
from tests.launch.waiting import until

OLD, NEW = "the-old-secret", "the-new-secret"
OLD_HASH, NEW_HASH = hash_secret(OLD), hash_secret(NEW)
CUT_WITHIN_S = 5


@pytest.fixture
async def following(
    broker: RunningBroker, where: Postgres, tmp_path: Path
) -> AsyncIterator[RunningBroker]:
    """Its users follow a real database, and its log is watched, as `up` does it."""
    key_path = tmp_path / "keys"
    create_key_ring(key_path)
    quick = policy().devices.refusals.model_copy(update={"flush_s": 0.1})
    changes = {"refusals": quick, "secret_toggle_s_min": 0.5}
    limits = policy().model_copy(update={"devices": policy().devices.model_copy(update=changes)})
    users = BrokerUsers(
        where, broker.mqtt, Settings(limits), broker.layout.broker_users_file, reload=broker.reload
    )
    watch = BrokerWatch(
        postgres=where,
        settings=Settings(limits),
        signer=Signer(KeyFile(key_path), limits.audit.value_bytes_max),
        log_file=broker.log_file,
        monitor_url=broker.monitor_url,
        sign_in_refused=users.sign_in_refused,
    )
    known = asyncio.Event()
    tasks = [asyncio.create_task(users.run(known)), asyncio.create_task(watch.run())]
    await known.wait()
    yield broker
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def add_truck(app: AnyPool, tenant: Tenant, truck: str) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await trucks.create(
            conn,
            tenant.key,
            id=truck,
            registration=None,
            truck_class=None,
            capacity_t=None,
            secret_hash=OLD_HASH,
        )


async def rotate(app: AnyPool, tenant: Tenant, overlap_s: float) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await devices.rotate(conn, await devices.get(conn, "A"), NEW_HASH, overlap_s)


def line_of(broker: RunningBroker, user: str) -> str:
    """The users file's line of one device."""
    lines = broker.layout.broker_users_file.read_text().splitlines()
    return next((line for line in lines if f'"{user}"' in line), "")


async def refusals_of(app: AnyPool, tenant: Tenant) -> dict[tuple[str, str, str], StoredRefusal]:
    async with as_tenant(app, tenant.key) as conn:
        found = await device_refusals.list_page(conn, None, 100)
    return {(one.username, one.reason, one.topic): one for one in found}


async def test_a_revoked_device_is_cut(
    following: RunningBroker, app: AnyPool, tenant: Tenant
) -> None:
    port, user = following.port, f"{tenant.id}/A"
    await add_truck(app, tenant, "A")
    await add_truck(app, tenant, "B")
    await until(lambda: may_connect(port, f"{tenant.id}/B", OLD))
    with device(port, user, OLD, "a") as goes, device(port, f"{tenant.id}/B", OLD, "b") as stays:
        async with as_tenant(app, tenant.key) as conn:
            await devices.revoke(conn, await devices.get(conn, "A"))
        cut_s = await until(lambda: not goes.client.is_connected())

        assert cut_s < CUT_WITHIN_S
        assert not await may_connect(port, user, OLD)
        assert stays.client.is_connected()


async def test_a_suspended_tenants_devices_are_cut_and_come_back(
    following: RunningBroker, app: AnyPool, tenant: Tenant, superuser: AnyConnection
) -> None:
    port, user = following.port, f"{tenant.id}/A"
    await add_truck(app, tenant, "A")
    await until(lambda: may_connect(port, user, OLD))
    status = "UPDATE tenants SET status = $2 WHERE key = $1"
    with device(port, user, OLD, "a") as goes:
        await superuser.execute(status, tenant.key, "suspended")
        assert await until(lambda: not goes.client.is_connected()) < CUT_WITHIN_S
    await superuser.execute(status, tenant.key, "active")
    await until(lambda: may_connect(port, user, OLD))


async def test_either_secret_gets_in_during_the_overlap_and_one_after_it(
    following: RunningBroker, app: AnyPool, tenant: Tenant
) -> None:
    port, user = following.port, f"{tenant.id}/A"
    await add_truck(app, tenant, "A")
    await until(lambda: may_connect(port, user, OLD))
    with device(port, user, OLD, "a") as connected:
        await rotate(app, tenant, overlap_s=600)
        async with as_tenant(app, tenant.key) as conn:
            await devices.bind(conn, await devices.get(conn, "A"), f"86{tenant.key}")
        # Written again for the binding, and still with the secret that the device has.
        await until(lambda: f"86{tenant.key}" in following.layout.broker_users_file.read_text())
        assert connected.client.is_connected()
    for secret in (NEW, OLD, NEW, OLD):
        await until(lambda secret=secret: may_connect(port, user, secret))  # type: ignore[misc]
    assert not await may_connect(port, user, "wrong")

    async with as_tenant(app, tenant.key) as conn:
        await conn.execute("UPDATE device_credentials SET previous_until = now() + '1s'")
    await until(lambda: may_connect(port, user, NEW))
    await until(lambda: NEW_HASH in line_of(following, user))
    assert not await may_connect(port, user, OLD)
    assert await may_connect(port, user, NEW)


def test_an_overlap_ends_by_the_clock(broker: RunningBroker) -> None:
    now = datetime.now(UTC)
    clock = [now]
    users = UsersFile(broker.mqtt, lambda: clock[0])
    until_then = now + timedelta(seconds=60)
    users.apply(
        [
            DirectoryEntry(
                1,
                "t",
                1,
                "A",
                NEW_HASH,
                1,
                False,
                previous_hash=OLD_HASH,
                previous_until=until_then,
            )
        ]
    )

    assert OLD_HASH in users.text()
    assert users.toggle("t/A")
    assert NEW_HASH in users.text()
    assert users.toggle("t/A")
    assert not users.end_overlaps()
    clock[0] = until_then
    assert users.end_overlaps()
    assert NEW_HASH in users.text()
    assert not users.toggle("t/A")


async def test_a_broker_that_is_told_secrets_lets_in_the_same_devices(
    broker: RunningBroker, tmp_path: Path
) -> None:
    create_key_ring(tmp_path / "keys")
    keys = KeyFile(tmp_path / "keys")
    users = UsersFile(broker.mqtt, keys=keys)
    told = seal(keys, "t/A", OLD)
    entries = [
        DirectoryEntry(1, "t", 1, "A", OLD_HASH, 1, deleted=False, sealed_secret=told),
        DirectoryEntry(1, "t", 2, "B", OLD_HASH, 2, deleted=False),
        DirectoryEntry(1, "t", 3, "C", OLD_HASH, 3, deleted=False, sealed_secret=told),
    ]
    users.apply(entries)
    broker.layout.broker_users_file.write_text(users.text())
    broker.reload()

    assert [OLD_HASH in line for line in users.text().splitlines() if "t/" in line] == [
        *(False, True),
        True,  # sealed for another device: not opened for this one
    ]
    for truck in ("A", "B", "C"):
        await until(lambda truck=truck: may_connect(broker.port, f"t/{truck}", OLD))  # type: ignore[misc]
        assert not await may_connect(broker.port, f"t/{truck}", "wrong")


async def test_what_a_device_may_not_do_is_recorded(
    following: RunningBroker,
    app: AnyPool,
    tenant: Tenant,
    other_tenant: Tenant,
    superuser: AnyConnection,
) -> None:
    port, user = following.port, f"{tenant.id}/A"
    theirs = f"v1/{other_tenant.id}/trucks/T/position"
    mine = f"v1/{tenant.id}/trucks/A"
    await add_truck(app, tenant, "A")
    await add_truck(app, tenant, "B")
    await until(lambda: may_connect(port, f"{tenant.id}/B", OLD))

    assert not await may_connect(port, user, "wrong")
    assert not await may_connect(port, f"{tenant.id}/guess", "wrong")
    with (
        device(port, INGEST, INGEST_PASSWORD, "ingest") as ingest,
        device(port, f"{tenant.id}/B", OLD, "same-id"),
        device(port, user, OLD, "same-id") as attacker,
    ):
        assert ingest.subscribe("v1/+/trucks/+/position") == 1
        for _ in range(3):
            attacker.publish(theirs, b"forged")
        assert attacker.subscribe(f"v1/{tenant.id}/trucks/B/receipts") == REFUSED
        attacker.publish(f"{mine}/position", b"own")
        await until(lambda: bool(ingest.received))
        assert ingest.received == [(f"{mine}/position", b"own")]
    expected = {
        (user, "sign_in", ""),
        (f"{tenant.id}/guess", "sign_in", ""),
        (user, "publish", theirs),
        (user, "subscribe", f"v1/{tenant.id}/trucks/B/receipts"),
        (user, "client_id", ""),
    }

    async def recorded() -> bool:
        return expected <= (await refusals_of(app, tenant)).keys()

    await until(recorded)
    found = await refusals_of(app, tenant)
    assert found[user, "publish", theirs].count == 3
    assert found[user, "publish", theirs].client_id == "same-id"
    assert found[user, "publish", theirs].origin == "127.0.0.1"
    assert await refusals_of(app, other_tenant) == {}
    audited = await superuser.fetch(
        "SELECT actor, action, outcome FROM audit_log WHERE tenant_key = $1", tenant.key
    )
    assert (f"device:{user}", "devices.publish", "refused") in {tuple(row) for row in audited}
