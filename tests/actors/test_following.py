"""Followers of the log: each fact once, also after a death, out of order, and beside a bad one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

import pytest

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.following import Follower, tell_lag
from actors.life import now_ms
from config.policy import Settings, defaults
from config.sections.pace import Following
from freight.events import TruckEvent
from store import events, following
from store.events import StoredEvent
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.launch.waiting import until

LIMITS = Following(
    facts_max=100,
    gather_s=0.001,
    kept_every_s=0.001,
    settle_s=0.01,
    settle_facts_max=1000,
    trouble_chars_max=100,
)


class Taken:
    """What was taken up, and told to fail by."""

    def __init__(self) -> None:
        # Not by its address: the next test's may be the same, and with it an older cursor.
        self.follower = f"test-{uuid.uuid4().hex}"
        self.facts: list[str] = []
        self.bad = ""
        self.dies = False

    async def take_up(
        self, conn: AnyConnection, tenant: TenantName, facts: Sequence[StoredEvent]
    ) -> None:
        del conn, tenant
        names = [fact.subject for fact in facts]
        if self.bad in names:
            raise ValueError(f"{self.bad} is bad")
        if self.dies:
            raise OSError("the connection broke")
        self.facts += names


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def desk(app: AnyPool, system: AnyPool) -> WorkDesk:
    return WorkDesk(app, system, Settings(defaults()), now_ms)


def follower(desk: WorkDesk, taken: Taken, limits: Following = LIMITS, kind: str = "") -> Follower:
    return Follower(taken.follower, desk, lambda: limits, taken.take_up, [kind] if kind else [])


def fact(tenant: Tenant, subject: str, kind: str = "test.happened") -> TruckEvent:
    return TruckEvent(
        id=uuid.uuid4(),
        type=kind,
        tenant_key=tenant.key,
        truck_key=None,
        tenant=tenant.id,
        subject=subject,
        time_ms=now_ms(),
        known_at_ms=now_ms(),
        data={},
    )


async def tell(app: AnyPool, tenant: Tenant, *facts: TruckEvent) -> None:
    async with as_tenant(app, tenant.key) as conn:
        await events.insert(conn, facts)


async def all_are_old(system: AnyPool, tenant: Tenant) -> bool:
    async with system.acquire() as conn:
        age_s = await conn.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - max(known_at))::float8 FROM events "
            "WHERE tenant_key = $1",
            tenant.key,
        )
    return bool(age_s > LIMITS.settle_s)


async def test_each_fact_is_taken_up_once(
    app: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken)
    await one.go_on()
    await tell(app, tenant, fact(tenant, "a"), fact(tenant, "b"))
    await one.go_on()
    await one.go_on()
    again = follower(desk, taken)
    await again.go_on()

    assert [name for name in taken.facts if name in {"a", "b"}] == ["a", "b"]


async def test_a_number_that_was_drawn_early_and_committed_late_is_not_passed_by(
    app: AnyPool, system: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken)
    await one.go_on()
    async with as_tenant(app, tenant.key) as conn:
        await events.insert(conn, [fact(tenant, "early")])
        await tell(app, tenant, fact(tenant, "late"))
        await until(lambda: all_are_old(system, tenant))
        await one.go_on()
        assert taken.facts == ["late"]
        async with system.acquire() as looking:
            before = await following.cursor(looking, one.name)
            newest = await looking.fetchval("SELECT max(seq) FROM events")
        assert before < newest
    await one.go_on()

    assert taken.facts == ["late", "early"]


async def test_what_cannot_be_taken_up_is_kept_and_holds_up_no_other(
    app: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken)
    await one.go_on()
    taken.bad = "b"
    await tell(app, tenant, *(fact(tenant, name) for name in "abc"))
    await one.go_on()

    counts: dict[str, float] = {}
    await tell_lag(desk, [one.name], 100, counts)
    async with as_tenant(app, tenant.key) as conn:
        trouble = await conn.fetchval(
            "SELECT trouble FROM follower_taken WHERE follower = $1 AND trouble IS NOT NULL",
            one.name,
        )
    assert taken.facts == ["a", "c"]
    assert trouble == "ValueError: b is bad"
    assert counts[f"{one.name}_troubles"] == 1


async def test_a_store_that_goes_away_in_between_leaves_the_facts_for_later(
    app: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken)
    await one.go_on()
    taken.dies = True
    await tell(app, tenant, fact(tenant, "a"))
    with pytest.raises(OSError, match="broke"):
        await one.go_on()
    taken.dies = False
    await one.go_on()

    assert taken.facts == ["a"]


async def test_more_than_it_takes_at_once_are_taken_in_goes(
    app: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken, LIMITS.model_copy(update={"facts_max": 2}), "test.many")
    await one.go_on()
    await tell(app, tenant, *(fact(tenant, name, "test.many") for name in "abcde"))

    assert [await one.go_on() for _ in range(4)] == [2, 2, 1, 0]
    assert taken.facts == list("abcde")


async def test_what_gathers_after_a_busy_look_is_taken_up_together(
    app: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    one = follower(desk, taken, LIMITS.model_copy(update={"gather_s": 0.3}), "test.gathered")
    await one.go_on()
    await tell(app, tenant, fact(tenant, "a", "test.gathered"))
    await one.go_on()

    next_look = asyncio.create_task(one.go_on())
    for name in "bc":
        await tell(app, tenant, fact(tenant, name, "test.gathered"))

    assert await next_look == 2
    assert taken.facts == list("abc")


async def test_who_comes_after_goes_on_from_an_older_cursor_and_takes_nothing_twice(
    app: AnyPool, system: AnyPool, desk: WorkDesk, tenant: Tenant, taken: Taken
) -> None:
    rarely = LIMITS.model_copy(update={"kept_every_s": 3600.0})
    one = follower(desk, taken, rarely, "test.kept")
    await one.go_on()
    kept: list[int | None] = []
    for name in "ab":
        await tell(app, tenant, fact(tenant, name, "test.kept"))
        await until(lambda: all_are_old(system, tenant))
        await one.go_on()
        async with system.acquire() as conn:
            kept.append(await following.taken_up_to(conn, one.name))
    await follower(desk, taken, rarely, "test.kept").go_on()

    assert kept[0] == kept[1]
    assert taken.facts == list("ab")
