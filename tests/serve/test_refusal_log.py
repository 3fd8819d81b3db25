"""What brokers refuse is gathered once a minute and kind, within bounds, until it can be stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from config.policy import policy
from config.sections.devices import Refusals
from serve.devices.refusal_log import OTHERS, RefusalLog
from store import device_refusals
from store.audit_chain import Signer
from store.device_refusals import Reason, StoredRefusal
from store.key_file import KeyFile, create_key_ring
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant

# Late enough in its minute that a second more is still in it.
AT = datetime.now(UTC).replace(second=30, microsecond=0)
LIMITS = policy().devices.refusals.model_copy(update={"topics_per_minute_max": 2, "waiting_max": 4})


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    create_key_ring(tmp_path / "keys")
    return Signer(KeyFile(tmp_path / "keys"), policy().audit.value_bytes_max)


def refusal_log(signer: Signer, limits: Refusals = LIMITS) -> RefusalLog:
    return RefusalLog(limits, signer)


async def stored(app: AnyPool, tenant: Tenant) -> list[StoredRefusal]:
    async with as_tenant(app, tenant.key) as conn:
        return await device_refusals.list_page(conn, None, 100)


async def test_repeats_are_counted(
    signer: Signer, app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    log = refusal_log(signer)
    for second in range(3):
        log.note(f"{tenant.id}/T", Reason.SIGN_IN, at=AT + timedelta(seconds=second))
    log.note(f"{tenant.id}/T", Reason.SIGN_IN, at=AT + timedelta(minutes=1))
    await log.flush(system)
    await log.flush(system)

    found = await stored(app, tenant)
    assert [one.count for one in found] == [1, 3]
    assert found[1].last_at - found[1].first_at == timedelta(seconds=2)


async def test_many_topics_count_together(
    signer: Signer, app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    log = refusal_log(signer)
    for number in range(10):
        log.note(f"{tenant.id}/T", Reason.PUBLISH, topic=f"t/{number}", at=AT)
    await log.flush(system)

    found = {one.topic: one.count for one in await stored(app, tenant)}
    assert found == {"t/0": 1, "t/1": 1, OTHERS: 8}


async def test_no_more_wait_than_there_is_room_for(
    signer: Signer, app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    log = refusal_log(signer)
    for number in range(6):
        log.note(f"{tenant.id}/T{number}", Reason.SIGN_IN, at=AT)
    await log.flush(system)

    assert log.counts["refusals_not_kept_total"] == 2
    assert sum(one.count for one in await stored(app, tenant)) == 4


async def test_what_a_stranger_wrote_is_made_harmless(
    signer: Signer, app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    log = refusal_log(signer)
    log.note(f"{tenant.id}/T", Reason.PUBLISH, topic="a\0b\x1b[2J" + "x" * 1000, client_id="\n")
    log.note("not a device", Reason.SIGN_IN)
    await log.flush(system)

    (one,) = await stored(app, tenant)
    assert one.topic.startswith("a?b?[2Jx")
    assert len(one.topic) == 256
    assert one.client_id == "?"


async def test_a_store_that_is_away_gets_it_later(
    signer: Signer, app: AnyPool, system: AnyPool, tenant: Tenant
) -> None:
    log = refusal_log(signer)
    closed = await asyncpg.create_pool(host="127.0.0.1", port=1, min_size=0, max_size=1)
    await closed.close()
    log.note(f"{tenant.id}/T", Reason.SIGN_IN, at=AT)
    with pytest.raises(asyncpg.InterfaceError):
        await log.flush(closed)
    log.note(f"{tenant.id}/T", Reason.SIGN_IN, at=AT)

    await log.flush(system)
    assert [one.count for one in await stored(app, tenant)] == [2]
