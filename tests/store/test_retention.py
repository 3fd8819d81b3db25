"""Days of fixes that are kept no longer, removed whole; the others are not touched."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from actors.retention import remove_due
from config.policy import Settings, policy
from freight.dated import Dated, DatedRow
from store.postgres import AnyPool
from store.retention import drop_fixes_before

# Far back, so that no other test's fixes are in the way.
LONG_AGO = [date(2003, 5, 1), date(2003, 5, 2), date(2003, 5, 3)]


async def partitions(system: AnyPool) -> set[str]:
    async with system.acquire() as conn:
        rows = await conn.fetch(
            "SELECT relname FROM pg_class WHERE relname ~ '^fixes_2003[0-9]{4}$'"
        )
    return {row["relname"] for row in rows}


@pytest.fixture
async def days(telemetry: AnyPool) -> None:
    async with telemetry.acquire() as conn:
        for day in LONG_AGO:
            await conn.fetchval("SELECT ensure_fix_partition($1)", day)


@pytest.mark.usefixtures("days")
async def test_only_older_days_are_removed(system: AnyPool) -> None:
    assert await drop_fixes_before(system, date(2003, 5, 3)) == ["fixes_20030501", "fixes_20030502"]

    assert await partitions(system) == {"fixes_20030503"}
    await drop_fixes_before(system, date(2003, 6, 1))


@pytest.mark.usefixtures("days")
async def test_the_days_kept_are_those_in_force_today(system: AnyPool) -> None:
    today = datetime(2003, 7, 2, 12, tzinfo=UTC)
    rows = (
        DatedRow(valid_from=date(2000, 1, 1), valid_to=date(2003, 7, 1), value=10),
        DatedRow(valid_from=date(2003, 7, 1), value=61),
    )
    kept = policy().retention.model_copy(update={"fixes_kept_days": Dated(rows)})
    settings = Settings(policy().model_copy(update={"retention": kept}))

    assert await remove_due(settings, system, today) == ["fixes_20030501"]
    assert await remove_due(settings, system, today) == []
    assert await remove_due(settings, system, today + timedelta(days=1)) == ["fixes_20030502"]
    await drop_fixes_before(system, date(2003, 6, 1))


async def test_the_last_month_stays_whatever_is_asked(system: AnyPool, telemetry: AnyPool) -> None:
    recent = datetime.now(UTC).date() - timedelta(days=5)
    async with telemetry.acquire() as conn:
        await conn.fetchval("SELECT ensure_fix_partition($1)", recent)

    await drop_fixes_before(system, date(2003, 6, 1))
    async with system.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        while name := await conn.fetchval("SELECT drop_oldest_fix_partition('2099-01-01')"):
            assert name < f"fixes_{recent:%Y%m%d}"
        await transaction.rollback()


async def test_only_the_system_role_may(telemetry: AnyPool, app: AnyPool) -> None:
    for pool in (telemetry, app):
        async with pool.acquire() as conn:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.fetchval("SELECT drop_oldest_fix_partition('2003-06-01')")
