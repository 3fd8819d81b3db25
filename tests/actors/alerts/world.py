"""A watch at work on the real store, with a clock of its own, and facts as shards tell them."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from actors.alerts.following import AlertsFollower
from actors.alerts.timers import timers_round
from actors.alerts.writing import NAME
from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.life import now_ms
from config.policy import Settings, defaults
from freight.alerts.state import Alert
from freight.events import TruckEvent
from store import alerts, awards, events, fixes, following
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import add_truck
from tests.store.fix_arrays import bare_fixes

MINUTE_MS = 60_000


@dataclasses.dataclass
class Clock:
    now_ms: int

    def __call__(self) -> int:
        return self.now_ms

    def pass_by(self, minutes: float) -> None:
        self.now_ms += round(minutes * MINUTE_MS)


@dataclasses.dataclass
class World:
    app: AnyPool
    system: AnyPool
    name: TenantName
    clock: Clock
    trucks: dict[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    async def begun(cls, app: AnyPool, system: AnyPool, name: TenantName) -> World:
        """What others left in the log is not for it."""
        async with system.acquire() as conn:
            await following.cursor(conn, NAME)
            newest = await conn.fetchval("SELECT coalesce(max(seq), 0) FROM events")
            await following.keep_cursor(conn, NAME, newest)
            await conn.execute("UPDATE watch_beats SET at = clock_timestamp()")
        return cls(app, system, name, Clock(now_ms()))

    def desk(self, app: AnyPool | None = None, system: AnyPool | None = None) -> WorkDesk:
        return WorkDesk(app or self.app, system or self.system, Settings(defaults()), self.clock)

    async def truck(self) -> str:
        truck_id = await add_truck(self.app, self.name)
        async with as_tenant(self.app, self.name.key) as conn:
            self.trucks |= await awards.truck_keys(conn, [truck_id])
        return truck_id

    def fact(self, kind: str, truck: str, minutes: float, **data: Any) -> TruckEvent:
        """So many minutes from the clock's now, known now or then."""
        at_ms = self.clock.now_ms + round(minutes * MINUTE_MS)
        return TruckEvent(
            id=uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {truck} {at_ms}"),
            type=kind,
            tenant_key=self.name.key,
            truck_key=self.trucks[truck],
            tenant=self.name.id,
            subject=f"trucks/{truck}",
            time_ms=at_ms,
            known_at_ms=max(at_ms, self.clock.now_ms),
            data=data,
        )

    async def tell(self, facts: Sequence[TruckEvent]) -> None:
        async with as_tenant(self.app, self.name.key) as conn:
            await events.insert(conn, facts)

    async def watch(self, desk: WorkDesk | None = None) -> None:
        """Until there is nothing to do now."""
        desk = desk or self.desk()
        counts: defaultdict[str, float] = defaultdict(float)
        follower = AlertsFollower(desk, counts)
        while await follower.go_on() + await timers_round(desk, counts):
            pass

    async def live_on(self, hours: int, desk: WorkDesk | None = None) -> None:
        """In steps, so that everything comes at its time."""
        for _ in range(hours * 4):
            self.clock.pass_by(15)
            await self.watch(desk)

    async def shown(self) -> list[Alert]:
        async with as_tenant(self.app, self.name.key) as conn:
            found = await alerts.list_page(conn, alerts.Wanted(), before=None, limit=1000)
        return [one.alert for one in found]

    async def told(self) -> list[tuple[str, str]]:
        """Type and alert of all that the world was told, in order."""
        async with as_tenant(self.app, self.name.key) as conn:
            rows = await conn.fetch(
                "SELECT type, subject FROM events WHERE type LIKE 'alert.%' ORDER BY seq"
            )
            sent = await conn.fetchval(
                "SELECT count(*) = count(DISTINCT id) FROM events WHERE type LIKE 'alert.%'"
            )
        assert sent
        return [(row["type"], row["subject"]) for row in rows]


def lives(found: Sequence[Alert]) -> set[tuple[Any, ...]]:
    """What must not depend on how news came in."""
    return {
        (one.id, one.kind, one.subject, one.began_ms, one.state, one.resolution, one.count)
        for one in found
    }


async def send(world: World, telemetry: AnyPool, truck: str, minutes: Sequence[float]) -> None:
    ts_ms = [world.clock.now_ms + round(each * MINUTE_MS) for each in minutes]
    given = bare_fixes(world.name.key, world.trucks[truck], ts_ms)
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, fixes.days_of(given))
        await fixes.copy_new(conn, given, {}, 9_001, 1)
