"""A booked truck with an e-way bill, the portal's simulator, and a clock that a test sets."""

from __future__ import annotations

import dataclasses
import secrets
from datetime import date
from typing import cast

import numpy as np
from msgspec.structs import replace

from actors.booking_journeys import BookingJourneys
from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.money.desk import Desk
from actors.money.eway import ask, draft
from actors.money.eway_counter import Counter, counter_of
from actors.money.eway_round import eway_round
from config.policy import Policy, Settings, policy
from freight.booking import commands as asked
from freight.eway import events as told
from freight.eway.autopilot import EXTEND
from freight.eway.codes import DocType
from freight.eway.consignment import Document, Transport
from freight.eway.state import Bill, Generate, Wish
from freight.eway.times import ms_from
from freight.tasks import Task
from providers.errors import ProviderUnsetError
from providers.eway.portal import EwayPortal
from providers.payments import PaymentProvider
from providers.payouts import PayoutProvider
from store import awards, eway, fixes, tasks
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, add_truck, assign, taken, waiting
from tests.freight.eway.given import CONSIGNMENT
from tests.providers.eway_simulator import Simulated
from tests.store.fix_arrays import bare_fixes

DELHI, JAIPUR, SEA = (28.6, 77.2), (26.9, 75.8), (15.0, 65.0)
BEGUN_MS = ms_from("20/11/2026 10:00:00 AM")
UNTIL_MS = ms_from("22/11/2026 11:59:00 PM")  # two days for 280 km
FROM_MS, TO_MS = ms_from("22/11/2026 03:59:00 PM"), ms_from("23/11/2026 07:59:00 AM")
MINUTE_MS = 60_000


@dataclasses.dataclass
class Portals:
    """Of the providers only the portal is there."""

    simulated: Simulated

    async def eway(self, tenant: TenantName) -> EwayPortal:  # noqa: ARG002 - one for all
        return self.simulated.portal()

    async def payments(self, tenant: TenantName) -> PaymentProvider:
        raise ProviderUnsetError(f"{tenant.id} has no money here")

    async def payouts(self, tenant: TenantName) -> PayoutProvider:
        raise ProviderUnsetError(f"{tenant.id} has no money here")


def flown(**changes: object) -> Policy:
    """A policy whose autopilot is set so, and which looks each time it is asked to."""
    now = policy()
    pilot = now.eway.autopilot.model_copy(update=changes)
    often = {"look_s": 0.001, "ask_again_s": 60}
    return now.model_copy(
        update={
            "eway": now.eway.model_copy(update={"autopilot": pilot}),
            "eway_portal": now.eway_portal.model_copy(update=often),
            "bookings": now.bookings.model_copy(update={"journeys_look_s": 1e-9}),
        }
    )


@dataclasses.dataclass
class World:
    app: AnyPool
    system: AnyPool
    telemetry: AnyPool
    name: TenantName
    simulated: Simulated
    settings: Settings
    now_ms: int = BEGUN_MS
    booking: str = ""
    truck: str = ""
    bill: str = "b1"

    @property
    def desk(self) -> Desk:
        providers, nobody = Portals(self.simulated), cast("PersonalData", None)
        now = self.settings, lambda: self.now_ms
        return Desk(self.app, self.system, *now, providers, nobody)

    @property
    def engine(self) -> Bookings:
        return Bookings(self.app, self.name.key, self.settings)

    async def begin(self) -> None:
        """A truck has the leg, and follows its way; the bill is a draft."""
        self.truck = await self.add_truck("GJ07 DL 9009")
        self.booking = await waiting(self.engine, self.name)
        taken(await self.engine.take(self.name, self.booking, assign(self.truck)))
        await self.follow()
        document = Document(DocType.INVOICE, f"A{secrets.token_hex(4)}", date(2026, 11, 20))
        drafted = told.Drafted(
            at_ms=self.now_ms,
            by="users/a",
            id=self.bill,
            booking=self.booking,
            leg="L1",
            consignment=replace(CONSIGNMENT, document=document),
            transport=Transport(280, vehicle="GJ07DL9009"),
        )
        async with as_tenant(self.app, self.name.key) as conn:
            await draft(self.counter(conn), drafted)

    def counter(self, conn: object) -> Counter:
        return counter_of(self.desk, conn, self.name)  # type: ignore[arg-type]

    async def add_truck(self, registration: str) -> str:
        return await add_truck(self.app, self.name, registration=registration)

    async def follow(self) -> None:
        ways = BookingJourneys(self.app, self.system, self.name.key, self.settings)
        await ways.go_on()

    async def ask(self, wish: Wish) -> Bill:
        async with as_tenant(self.app, self.name.key) as conn:
            return await ask(self.counter(conn), self.bill, wish, "users/a")

    async def generated(self) -> Bill:
        await self.begin()
        await self.ask(Generate())
        return await self.look(BEGUN_MS)

    async def look(self, at_ms: int) -> Bill:
        """All rounds that there are to make at this time."""
        self.now_ms = at_ms
        await self.simulated.at(at_ms)
        await eway_round(self.desk)
        return await self.now()

    async def now(self) -> Bill:
        async with as_tenant(self.app, self.name.key) as conn:
            return await eway.load(conn, self.bill)

    async def tasks(self, kind: str = EXTEND) -> list[Task]:
        async with as_tenant(self.app, self.name.key) as conn:
            found = await tasks.list_page(conn, before=None, limit=100, kind=kind)
        return [one.task for one in found]

    async def told(self) -> list[str]:
        async with as_tenant(self.app, self.name.key) as conn:
            rows = await conn.fetch(
                "SELECT type FROM events WHERE subject = $1 AND type ~ '^(eway|task)' ORDER BY seq",
                f"bookings/{self.booking}",
            )
        return [row["type"] for row in rows]

    async def seen(self, at_ms: int, at: tuple[float, float], truck: str | None = None) -> None:
        """A fix of the truck."""
        async with as_tenant(self.app, self.name.key) as conn:
            keys = await awards.truck_keys(conn, [truck or self.truck])
        given = bare_fixes(self.name.key, keys[truck or self.truck], [at_ms])
        given["lat"], given["lon"] = at
        async with self.telemetry.acquire() as conn:
            await fixes.ensure_partitions(conn, fixes.days_of(given))
            batch = int(np.random.default_rng().integers(1, 2**31))
            await fixes.copy_new(conn, given, {}, 9_001, batch)

    async def swap(self, truck: str, reason: str) -> None:
        command = asked.Swap(by=SOMEBODY, leg="L1", truck=truck, reason=reason)
        taken(await self.engine.take(self.name, self.booking, command))
