"""Late truth against a real Postgres that breaks off anywhere: an undisturbed run's history."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from typing import Any

import numpy as np
import pytest

from actors.errors import StoreAwayError
from actors.journal import Journal
from config.policy import policy
from config.sections.tracking import Tracking
from freight.fixes import MISSING_INT8, FixArray, FixBatch
from freight.tracking.facts import Flaw
from freight.tracking.fences import FenceBook
from freight.tracking.fold import Followed, follow, holding, sets_of
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook
from freight.tracking.machines import signal, visiting
from freight.tracking.names import TruckName
from freight.tracking.sample import samples
from freight.tracking.standing import as_stored, standing
from freight.tracking.tracked import Tracked
from store import fences, journey_versions, journeys, routes, spans, told, trucks
from store.journeys import JourneyTerms
from store.postgres import AnyConnection, AnyPool, as_tenant, epoch_ms, moment
from store.routes import RouteFields, RouteRef
from store.tenants import Tenant
from store.tenants import create as create_tenant
from tests.actors.breaking import Breaker, breaking
from tests.freight.test_journeys import line
from tests.freight.tracking.stream import START_MS, TRUCKS, driven
from tests.freight.tracking.test_any_order import delivered
from tests.freight.world import square
from tests.shard_numbers import new_shard

DAYS_AGO_MS = 5 * 86_400_000
SHAPES: dict[str, Any] = {
    "YARD": square(77.0, 20.0, 0.01),
    "TOWN": square(77.02, 19.99, 0.05),
    "GATE": {"center": {"lat": 20.005, "lon": 77.03}, "radius_m": 120.0},
}
# Along which the trucks drive, or not at all.
WAYS = [line(*ends).polyline for ends in (((0, 0), (9, 0)), ((0, 0), (9, 3)), ((9, 0), (0, 0)))]


class Fleet:
    """A tenant with trucks and fences of its own, and the shard its trucks live on."""

    def __init__(
        self, tenant: Tenant, keys: list[int], book: FenceBook, followed: JourneyBook
    ) -> None:
        self.tenant = tenant
        self.keys = keys
        self.shard = new_shard()
        names = {key: TruckName(tenant.id, f"T{i + 1}") for i, key in enumerate(keys)}
        rules = policy().tracking_rules
        now_ms = time.time_ns() // 1_000_000
        self.world = World(book, names, lambda _tenant: rules, now_ms, followed)

    def fixes(self, seed: int, count: int) -> FixArray:
        """Of the last days, all of them behind the horizon."""
        fixes = driven(seed, count)
        shift_ms = time.time_ns() // 1_000_000 - DAYS_AGO_MS - START_MS
        fixes["ts_ms"] += shift_ms
        fixes["received_ms"] = time.time_ns() // 1_000_000 + 1000  # after the fences
        fixes["tenant_key"] = self.tenant.key
        fixes["truck_key"] = np.array(self.keys)[fixes["truck_key"] - 1]
        return fixes

    def plainly(self, fixes: FixArray) -> dict[int, Followed]:
        """Every fix through the machines in order, then the silence until now."""
        sets = sets_of(*holding(fixes, self.world.fences), np.arange(len(fixes)))
        out = {key: follow(Tracked(self.tenant.key, key), self.world) for key in self.keys}
        for i, fix in enumerate(samples(fixes)):
            out[int(fixes["truck_key"][i])].look(fix, sets.get(i, frozenset()))
        for truck in out.values():
            signal.tick(truck.state, truck.around, self.world.known_at_ms, truck.facts)
        return out


@pytest.fixture
async def fleet(owner: AnyConnection, app: AnyPool, system: AnyPool) -> Fleet:
    tenant = await create_tenant(owner, "t" + secrets.token_hex(4), "A fleet")
    async with as_tenant(app, tenant.key) as conn:
        keys = []
        for number in range(1, TRUCKS + 1):
            truck = await trucks.create(
                conn,
                tenant.key,
                id=f"T{number}",
                registration=None,
                truck_class=None,
                capacity_t=None,
                secret_hash="x",
            )
            keys.append(truck.key)
        for name, shape in SHAPES.items():
            await fences.create(
                conn,
                tenant.key,
                id=name,
                name="Yard",
                kind="depot",
                shape=shape,
                dwell_s=300.0,
                speed_limit_kmh=50.0,
            )
        starts_at = moment(time.time_ns() // 1_000_000 - DAYS_AGO_MS)
        for truck_key, way in zip(keys, WAYS, strict=False):
            route = RouteFields(name="R", line=way, points=2, length_m=1.0, source="polyline")
            made = await routes.create(conn, tenant.key, f"R{truck_key}", route)
            terms = JourneyTerms(route=RouteRef(made.id, made.version), starts_at=starts_at)
            await journeys.begin(conn, tenant.key, truck_key, f"J{truck_key}", terms)
    drawn, followed = FenceBook(), JourneyBook()
    async with system.acquire() as conn:
        drawn.apply(await fences.changes_between(conn, 0, None))
        followed.apply(await journey_versions.changes_between(conn, 0, None))
    return Fleet(tenant, keys, drawn, followed)


async def an_hour_later(journal: Journal) -> tuple[int, Any] | None:
    """The look for silent trucks, when none has been heard since."""
    journal.columns.last["committed_ms"] -= 3_600_000
    return await journal.go_on(look_for_silent=True)


async def started(telemetry: AnyPool, system: AnyPool, fleet: Fleet, limits: Tracking) -> Journal:
    journal = Journal(telemetry, system, fleet.shard, limits)
    await journal.recover()
    return journal


async def stored(telemetry: AnyPool, fleet: Fleet) -> dict[int, tuple[Any, Any, Any]]:
    """Truck -> its standing facts, what lasts, and which fixes are not believed."""
    everything = dict.fromkeys(fleet.keys, 0)
    async with telemetry.acquire() as conn:
        events = await told.since(conn, everything)
        lasting = await spans.reaching(conn, everything)
        rows = await conn.fetch(
            "SELECT truck_key, ts, flaw FROM fixes WHERE truck_key = ANY ($1) AND flaw IS NOT NULL",
            fleet.keys,
        )
    flaws: dict[int, dict[int, Flaw]] = {key: {} for key in fleet.keys}
    for row in rows:
        flaws[row["truck_key"]][epoch_ms(row["ts"])] = Flaw(row["flaw"])
    return {
        key: (
            {
                fact.told.id: (fact.told.type, fact.told.time_ms, fact.data)
                for fact in standing(events[key]).values()
                if fact.data is not None
            },
            {span.key: (span.to_ms, span.data) for span in lasting[key]},
            flaws[key],
        )
        for key in fleet.keys
    }


def expected(plain: dict[int, Followed]) -> dict[int, tuple[Any, Any, Any]]:
    return {
        key: (
            {e.id: (e.type, e.time_ms, as_stored(e.data)) for e in truck.facts.events},
            {key: (s.to_ms, as_stored(s.data)) for key, s in truck.facts.spans.items()},
            dict(truck.facts.flaws),
        )
        for key, truck in plain.items()
    }


async def in_spite_of_all(journal: Journal, batch: FixBatch | None) -> None:
    """What the shard and ingest do: recover, and send again what was not answered."""
    while True:
        try:
            if batch is None:
                await journal.go_on(look_for_silent=True)
            else:
                await journal.commit(batch)
        except StoreAwayError:
            while True:
                try:
                    await journal.recover()
                    break
                except StoreAwayError:
                    pass
        else:
            return


def drive(fleet: Fleet, minutes: dict[int, float], *, came_s: int) -> FixBatch:
    """The first truck: minute -> longitude; it came in so many seconds from now."""
    fixes = fleet.fixes(1, 1)[: len(minutes)]
    now_ms = time.time_ns() // 1_000_000
    for name in ("speed_kmh", "accuracy_m", "fuel_pct"):
        fixes[name] = np.nan
    fixes["ignition"] = fixes["alarm"] = MISSING_INT8
    fixes["truck_key"] = fleet.keys[0]
    fixes["ts_ms"] = [now_ms // 3_600_000 * 3_600_000 - 7_200_000 + m * 60_000 for m in minutes]
    fixes["received_ms"] = now_ms + came_s * 1000
    fixes["lat"], fixes["lon"] = 20.005, list(minutes.values())
    return FixBatch(fixes, {})


async def told_of_fences(telemetry: AnyPool, fleet: Fleet) -> list[tuple[str, str, int]]:
    """(kind, fence, minute) of what stands."""
    found, _, _ = (await stored(telemetry, fleet))[fleet.keys[0]]
    start_ms = time.time_ns() // 1_000_000 // 3_600_000 * 3_600_000 - 7_200_000
    return sorted(
        (kind.rpartition(".")[2], data["fence"], (time_ms - start_ms) // 60_000)
        for kind, time_ms, data in found.values()
        if kind in (visiting.ENTERED, visiting.EXITED)
    )


async def test_fences_drawn_moved_and_removed_since_do_not_rewrite_the_past(
    fleet: Fleet, app: AnyPool, telemetry: AnyPool, system: AnyPool
) -> None:
    """In YARD from minute 10 to 20; where NEW is drawn, the truck was before."""
    journal = await started(telemetry, system, fleet, policy().tracking)
    way = {0: 76.99, 10: 77.005, 20: 77.015}
    await journal.commit(drive(fleet, way, came_s=0))
    told_then = [("entered", "YARD", 10), ("exited", "YARD", 20)]
    assert await told_of_fences(telemetry, fleet) == told_then
    async with as_tenant(app, fleet.tenant.key) as conn:
        await fences.delete(conn, "YARD", None)
        new = square(76.98, 20.0, 0.02)
        await fences.create(conn, fleet.tenant.key, id="NEW", name="N", kind=None, shape=new)

    await journal.commit(drive(fleet, {5: 76.991, 15: 77.006}, came_s=5))

    assert await told_of_fences(telemetry, fleet) == told_then
    await journal.commit(drive(fleet, {25: 76.99}, came_s=6))
    assert await told_of_fences(telemetry, fleet) == [("entered", "NEW", 25), *told_then]


async def test_rules_that_changed_since_do_not_rewrite_the_past(
    fleet: Fleet, telemetry: AnyPool, system: AnyPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await started(telemetry, system, fleet, policy().tracking)
    await journal.commit(drive(fleet, {0: 77.0, 10: 77.0, 20: 77.0}, came_s=0))
    before = await stored(telemetry, fleet)
    rules = policy().tracking_rules
    motion = rules.motion.model_copy(update={"stop_s": 10_000_000.0})
    changed = rules.model_copy(update={"motion": motion})
    monkeypatch.setattr("actors.journal._rules_of", lambda _tenant: changed)
    await journal.commit(drive(fleet, {30: 77.0}, came_s=5))

    await journal.commit(drive(fleet, {15: 77.0}, came_s=6))

    assert ("stop", "", before[fleet.keys[0]][1].popitem()[0][2]) in (
        await stored(telemetry, fleet)
    )[fleet.keys[0]][1]


async def test_of_trucks_that_fell_silent_a_few_are_told_at_a_time_and_each_once(
    fleet: Fleet, telemetry: AnyPool, system: AnyPool
) -> None:
    limits = policy().tracking.model_copy(update={"silent_trucks_max": 2})
    journal = await started(telemetry, system, fleet, limits)
    fixes = fleet.fixes(1, 1)
    await journal.commit(FixBatch(fixes, {}))
    told_so_far = []
    for _ in range(4):
        await an_hour_later(journal)
        found = await stored(telemetry, fleet)
        kinds = [kind for events, _, _ in found.values() for kind, _, _ in events.values()]
        told_so_far.append(kinds.count("truck.tracking.interrupted"))

    assert told_so_far == [2, 4, 6, 6]
    again = await started(telemetry, system, fleet, limits)
    assert await an_hour_later(again) is None


async def test_a_truck_that_sends_what_it_kept_is_not_silent_while_it_does(
    fleet: Fleet, telemetry: AnyPool, system: AnyPool
) -> None:
    journal = await started(telemetry, system, fleet, policy().tracking)
    for minute in (0, 5, 10):
        await journal.commit(drive(fleet, {minute: 77.0 + minute / 100}, came_s=0))
        assert await journal.go_on(look_for_silent=True) is None

    await an_hour_later(journal)

    events, _, _ = (await stored(telemetry, fleet))[fleet.keys[0]]
    kinds = [kind for kind, _, _ in events.values() if ".tracking." in kind]
    assert kinds == ["truck.tracking.interrupted"]


async def test_a_fix_that_was_on_its_way_takes_silence_back(
    fleet: Fleet, telemetry: AnyPool, system: AnyPool
) -> None:
    journal = await started(telemetry, system, fleet, policy().tracking)
    await journal.commit(drive(fleet, {-300: 77.0}, came_s=0))
    await an_hour_later(journal)

    await journal.commit(drive(fleet, {-290: 77.0}, came_s=0))
    await an_hour_later(journal)

    events, lasting, _ = (await stored(telemetry, fleet))[fleet.keys[0]]
    due = [time_ms for kind, time_ms, _ in events.values() if kind.endswith("interrupted")]
    assert len(due) == 1
    assert [key[2] for key in lasting if key[0] == "interruption"] == due
    assert await an_hour_later(journal) is None


@pytest.mark.parametrize("seed", range(5))
async def test_a_store_that_breaks_off_anywhere_ends_in_an_undisturbed_history(
    seed: int, fleet: Fleet, telemetry: AnyPool, system: AnyPool
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a scenario, not a secret
    fixes, breaker = fleet.fixes(seed, chance.choice([15, 40])), Breaker()
    fragile = breaking(telemetry, breaker)
    few = {"refold_fixes_max": chance.choice([10, 20_000]), "refold_piece_fixes": 10}
    limits = policy().tracking.model_copy(update=few)
    journal = await started(fragile, system, fleet, limits)

    for part in delivered(fixes, chance):
        breaker.arm(chance, times=chance.choice([0, 1, 3]))
        await in_spite_of_all(journal, FixBatch(part, {}))
        if chance.random() < 0.2:
            await in_spite_of_all(journal, None)
        breaker.disarm()
        if chance.random() < 0.3:
            await journal.snapshot(asyncio.Lock())
        if chance.random() < 0.2:
            journal = await started(fragile, system, fleet, limits)
    await an_hour_later(journal)
    while await journal.go_on(look_for_silent=False):
        pass
    await an_hour_later(journal)

    plain = fleet.plainly(fixes)
    assert await stored(telemetry, fleet) == expected(plain)
    for found in (journal, await started(telemetry, system, fleet, limits)):
        rows = found.columns.rows_of(np.array(fleet.keys))
        states = [
            found.columns.tracked_of(int(row), fleet.tenant.key, key)
            for row, key in zip(rows, fleet.keys, strict=True)
        ]
        assert states == [plain[key].state for key in fleet.keys]
