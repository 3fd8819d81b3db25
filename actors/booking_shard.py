"""The Ray actor that hosts the bookings placed on it: their commands, and what their trucks do."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from actors import booking_wire
from actors.booking_facts import FactsFollower
from actors.booking_journeys import BookingJourneys
from actors.booking_silence import SilenceWatch
from actors.booking_writing import TenantName
from actors.bookings import Bookings, BusyError, Refused, Taken
from actors.configured import following_configuration
from actors.errors import StoreAwayError
from actors.life import live
from actors.offering import SYSTEM, OfferTaken, OfferWish
from actors.service_tokens import guard_of
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy, process_settings
from config.snapshot import Handed, take_over
from freight.booking.events import Assigned, Swapped
from freight.booking.state import Booking
from freight.dispatch.offer_messages import Expire, OfferAccepted
from store import awards, offers
from store.booking_facts import Underway
from store.installed import installation
from store.postgres import STORE_FAILURES, AnyPool, as_tenant, open_pool
from telemetry import process

log = logging.getLogger(__name__)


class BookingShard:
    """A shell: it opens what is needed and goes round. A start and a recovery are the same."""

    def __init__(self, number: int, handed: Handed) -> None:
        take_over(handed)
        process.begin(f"booking-shard-{number}", installation())
        self._number = number
        self._name = f"booking-shard-{number}"
        self._guard = guard_of(self._name)
        self._trouble: str | None = "starting"
        self._bookings: Bookings | None = None
        self._follower: FactsFollower | None = None
        self._journeys: BookingJourneys | None = None
        self._silence: SilenceWatch | None = None
        # Trucks that were given a leg and not greeted yet; when they are too many, all are.
        self._given: asyncio.Queue[Underway] = asyncio.Queue(policy().bookings.waiting_max)
        self._greet_all = True
        self._app: AnyPool | None = None
        self._life = live(self._run(), "booking-shard-life")

    async def take(self, token: str, raw: bytes) -> bytes:
        """`Asked`, to be answered once it is committed."""
        self._guard.admit(token)
        bookings = self._at_work()
        asked = booking_wire.read_asked(raw)
        try:
            answer = await bookings.take(
                asked.tenant, asked.booking_id, asked.command, asked.expected
            )
        except BusyError as error:
            raise StoreAwayError(str(error)) from error
        if isinstance(answer, Taken) and any(
            isinstance(event, Assigned | Swapped) for event in answer.events
        ):
            await self._greet_trucks_of(asked.tenant, answer.booking)
        return booking_wire.written(answer)

    async def offer(
        self, token: str, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        """The same about the offers of a leg."""
        self._guard.admit(token)
        bookings = self._at_work()
        try:
            answer = await bookings.take_offer(tenant, booking_id, wish)
        except BusyError as error:
            raise StoreAwayError(str(error)) from error
        if isinstance(answer, OfferTaken):
            accepted = any(isinstance(event, OfferAccepted) for event in answer.events)
            if accepted:
                await self._greet_trucks_of(tenant, answer.booking)
        return answer

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values: dict[str, float] = {}
        if self._bookings is not None and self._follower is not None:
            values = {**self._bookings.counts, **self._follower.counts}
            values |= {} if self._journeys is None else self._journeys.counts
            values |= {} if self._silence is None else self._silence.counts
            values["bookings_known"] = len(self._bookings)
        return stats_of("booking_shard", self._name, values, self._trouble)

    def _at_work(self) -> Bookings:
        if self._bookings is None:
            raise StoreAwayError(self._trouble or "starting")
        return self._bookings

    async def _greet_trucks_of(self, tenant: TenantName, booking: Booking) -> None:
        """Trucks that were given a leg just now are greeted by the next round."""
        if self._app is None:
            return
        named = {leg.carriage.truck for leg in booking.legs if leg.carriage is not None}
        async with as_tenant(self._app, tenant.key) as conn:
            keys = await awards.truck_keys(conn, sorted(named))
        for key in keys.values():
            try:
                self._given.put_nowait(Underway(tenant.key, tenant.id, booking.id, key))
            except asyncio.QueueFull:
                self._greet_all = True

    async def _run(self) -> None:
        settings = process_settings()
        async with contextlib.AsyncExitStack() as stack:
            where, storage = installation().postgres, policy().storage
            app = await open_pool(where, DatabaseRole.APP, storage.app_pool, storage)
            stack.push_async_callback(app.close)
            system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
            stack.push_async_callback(system.close)
            await stack.enter_async_context(following_configuration(system))
            self._app = app
            bookings = Bookings(app, self._number, settings)
            self._follower = FactsFollower(bookings, system, self._number, settings)
            self._bookings = bookings
            self._journeys = BookingJourneys(app, system, self._number, settings)
            self._silence = SilenceWatch(bookings, system, self._number, settings)
            await self._follow(self._follower, self._journeys, self._silence, system)

    async def _follow(
        self,
        follower: FactsFollower,
        journeys: BookingJourneys,
        silence: SilenceWatch,
        system: AnyPool,
    ) -> None:
        wait_s = policy().bookings.look_s
        while True:
            limits = policy().bookings
            try:
                if self._greet_all:
                    await follower.greet_all()
                    self._greet_all = False
                while not self._given.empty():
                    await follower.greet(self._given.get_nowait())
                await self._expire_offers(system)
                await journeys.go_on()
                await silence.go_on()
                more = await follower.go_on()
                self._trouble, wait_s = None, limits.look_s
                if more:
                    continue
            except (StoreAwayError, BusyError, *STORE_FAILURES) as error:
                self._trouble = f"store: {type(error).__name__}: {error}"
                log.warning("%s waits for the %s", self._name, self._trouble)
                # Whoever was being greeted may not have been.
                self._greet_all = True
                wait_s = min(wait_s * 2, limits.retry_wait_s_max)
            await asyncio.sleep(wait_s)

    async def _expire_offers(self, system: AnyPool) -> None:
        async with system.acquire() as conn:
            due = await offers.due(conn, self._number, policy().bookings.waiting_max)
        for each in due:
            wish = OfferWish(each.leg, Expire(), SYSTEM)
            await self._at_work().take_offer(
                TenantName(each.tenant_key, each.tenant), each.booking, wish
            )
