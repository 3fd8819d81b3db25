"""Days of fixes that are removed while devices still send some of them, and what stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from actors.errors import StoreAwayError
from actors.journal import Journal
from actors.retention import remove_due
from config.policy import Policy, Settings, policy
from freight.dated import Dated, DatedRow
from freight.events import TruckEvent, event_id
from freight.fixes import FixArray, FixBatch
from ingest.admission import RateLimiter, admission_now, judge
from store import events, fixes, trucks
from store.postgres import AnyPool, as_tenant
from store.retention import drop_fixes_before
from store.tenants import Tenant
from tests.shard_numbers import new_shard
from tests.store.fix_arrays import bare_fixes

DAY_MS = 86_400_000
# Far back and of no other test.
LONG_AGO = datetime(2004, 3, 7, 12, tzinfo=UTC)
LONG_AGO_MS = int(LONG_AGO.timestamp() * 1000)


@pytest.fixture
async def truck_key(app: AnyPool, tenant: Tenant) -> int:
    async with as_tenant(app, tenant.key) as conn:
        made = await trucks.create(
            conn,
            tenant.key,
            id="T1",
            registration=None,
            truck_class=None,
            capacity_t=None,
            secret_hash=None,
        )
    return made.key


@pytest.fixture
async def journal(telemetry: AnyPool, system: AnyPool) -> Journal:
    journal = Journal(telemetry, system, new_shard(), policy().tracking)
    await journal.recover()
    return journal


def batch(tenant: Tenant, truck_key: int, *times_ms: int) -> FixBatch:
    return FixBatch(bare_fixes(tenant.key, truck_key, list(times_ms)), {})


async def stored(app: AnyPool, tenant: Tenant, truck_key: int) -> list[int]:
    async with as_tenant(app, tenant.key) as conn:
        found = await fixes.track(conn, truck_key, LONG_AGO_MS - DAY_MS, LONG_AGO_MS + DAY_MS, 99)
    return [fix.ts_ms for fix in found]


async def test_a_fix_of_a_day_that_was_removed_is_not_tried_for_ever(
    journal: Journal, app: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    """The shard believes that the day is in place. It finds out by failing, once."""
    await journal.commit(batch(tenant, truck_key, LONG_AGO_MS))
    assert "fixes_20040307" in await drop_fixes_before(system, date(2004, 3, 8))

    with pytest.raises(StoreAwayError):
        await journal.commit(batch(tenant, truck_key, LONG_AGO_MS + 1000))
    await journal.commit(batch(tenant, truck_key, LONG_AGO_MS + 1000))

    assert await stored(app, tenant, truck_key) == [LONG_AGO_MS + 1000]
    assert "fixes_20040307" in await drop_fixes_before(system, date(2004, 3, 8))
    assert await stored(app, tenant, truck_key) == []


async def test_what_was_derived_stays_when_the_fixes_go(
    app: AnyPool, telemetry: AnyPool, system: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    journal = Journal(telemetry, system, new_shard(), policy().tracking)
    await journal.recover()
    await journal.commit(batch(tenant, truck_key, LONG_AGO_MS))
    entered = TruckEvent(
        id=event_id(truck_key, "truck.fence.entered", "yard", LONG_AGO_MS),
        type="truck.fence.entered",
        tenant_key=tenant.key,
        truck_key=truck_key,
        tenant=tenant.id,
        subject="trucks/T1",
        time_ms=LONG_AGO_MS,
        known_at_ms=LONG_AGO_MS,
        data={"fence": "yard"},
    )
    async with telemetry.acquire() as conn:
        await events.insert(conn, [entered])

    await drop_fixes_before(system, date(2004, 3, 8))

    assert await stored(app, tenant, truck_key) == []
    async with as_tenant(app, tenant.key) as conn:
        assert [e.id for e in await events.list_page(conn, limit=9)] == [entered.id]


def kept_for(days: int, age_s_max: float) -> Policy:
    rows = (DatedRow(valid_from=date(2000, 1, 1), value=days),)
    retention = policy().retention.model_copy(update={"fixes_kept_days": Dated(rows)})
    admission = policy().ingest.admission.model_copy(update={"age_s_max": age_s_max})
    ingest = policy().ingest.model_copy(update={"admission": admission})
    return policy().model_copy(update={"retention": retention, "ingest": ingest})


def too_old(given: FixArray, rules: Policy, now_ms: int) -> list[bool]:
    admission = admission_now(rules, now_ms)
    flags: np.ndarray[tuple[int], np.dtype[np.bool_]] = judge(
        given, admission, RateLimiter(admission), now_ms
    ).too_old
    return flags.tolist()


def test_a_fix_of_a_day_that_goes_next_is_too_old() -> None:
    """Days are removed whole: what of the first day that is kept may come, is taken."""
    now_ms = LONG_AGO_MS
    midnight_ms = now_ms - now_ms % DAY_MS
    first_kept_ms = midnight_ms - 40 * DAY_MS
    given = bare_fixes(1, 1, [first_kept_ms - 1, first_kept_ms, now_ms - 39 * DAY_MS])

    assert too_old(given, kept_for(40, 1e9), now_ms) == [True, False, False]
    assert too_old(given, kept_for(40, 39 * 86_400.0), now_ms) == [True, True, False]


@pytest.mark.parametrize("days", [31, 45])
async def test_days_go_on_the_day_they_are_due(
    system: AnyPool, telemetry: AnyPool, days: int
) -> None:
    day = date(2002, 1, 1)
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, [day])
    settings = Settings(kept_for(days, 86_400.0))
    last_kept = datetime(2002, 1, 1, 23, 59, tzinfo=UTC) + timedelta(days=days)

    assert "fixes_20020101" not in await remove_due(settings, system, last_kept)
    assert "fixes_20020101" in await remove_due(settings, system, last_kept + timedelta(minutes=1))
