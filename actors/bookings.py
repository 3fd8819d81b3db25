"""Bookings at work: each takes one command at a time, decided, committed, and only then known."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias, TypeVar

import asyncpg
import msgspec

from actors import measures
from actors.booking_origins import Origins
from actors.booking_writing import Step, TenantName, write
from actors.errors import StoreAwayError
from actors.life import now_ms
from actors.offering import OfferTaken, OfferWish, Scene, decide_offer, withdraw_moot
from config.policy import Settings
from freight.booking.commands import Command, Create
from freight.booking.decide import decide
from freight.booking.events import BookingEvent
from freight.booking.state import Booking
from freight.refusal import Refusal
from store import bookings
from store.awards import PromisedError
from store.errors import NotFoundError, StaleVersionError
from store.offers import TruckAskedError
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, as_tenant
from telemetry import tracing

log = logging.getLogger(__name__)


class Taken(msgspec.Struct, frozen=True, tag="taken"):
    """Committed; without events the command had been taken before."""

    booking: Booking
    events: tuple[BookingEvent, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    code: str
    detail: str


Answer: TypeAlias = Taken | Refused
T = TypeVar("T")
# Given the booking as it stands and the time: how it stands afterwards, and what to answer.
Work: TypeAlias = Callable[
    [AnyConnection, Booking | None, int], Awaitable[tuple[Booking | None, T]]
]
Place: TypeAlias = tuple[int, str]  # tenant key, booking id
PROMISED = "promised"
STALE = "stale"
_CODES: dict[type[Exception], str] = {
    PromisedError: PROMISED,
    TruckAskedError: "truck_asked",
    NotFoundError: "unknown_truck",
}


class BusyError(Exception):
    """More commands wait than may; later there is room again."""


class Bookings:
    """What is known here is what is committed; a failed commit is forgotten, not guessed at."""

    def __init__(self, app: AnyPool, shard: int, settings: Settings) -> None:
        self._app = app
        self._shard = shard
        self._settings = settings
        self._known: OrderedDict[Place, Booking] = OrderedDict()
        self._turns: dict[Place, tuple[asyncio.Lock, int]] = {}
        self._waiting = 0
        self._origins = Origins(settings)
        self.counts = {"commands_total": 0, "refused_total": 0, "raced_total": 0}

    def __len__(self) -> int:
        return len(self._known)

    async def find(self, tenant: TenantName, booking_id: str) -> Booking | None:
        place = (tenant.key, booking_id)
        if place not in self._known:
            try:
                async with as_tenant(self._app, tenant.key) as conn:
                    await self._load(conn, place)
            except STORE_FAILURES as error:
                raise StoreAwayError(f"{type(error).__name__}: {error}") from error
        return self._known.get(place)

    async def take(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        """`expected` is the version that the command is meant for."""
        rules = self._settings.of(tenant.id).booking_rules

        async def decided(
            conn: AnyConnection, before: Booking | None, at_ms: int
        ) -> tuple[Booking | None, Answer]:
            made = decide(before, command, rules, at_ms)
            if not made:
                return before, _unchanged(before)
            step = Step.of(tenant, before, made, at_ms)
            await self._write(conn, step)
            return step.after, Taken(step.after, step.made)

        is_new = isinstance(command, Create)
        return await self._in_turn(tenant, booking_id, decided, expected, is_new=is_new)

    async def take_offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        """What is said about the offers of a leg; an offer that is accepted gives it its truck."""
        policy = self._settings.of(tenant.id)

        async def decided(
            conn: AnyConnection, before: Booking | None, at_ms: int
        ) -> tuple[Booking | None, OfferTaken]:
            if before is None:
                raise Refusal("unknown_booking", "there is no such booking")
            scene = Scene(conn, tenant, self._shard, policy, at_ms)
            step, taken = await decide_offer(scene, before, wish)
            if step is not None:
                await withdraw_moot(scene, step)
                measures.tell_promised(before, wish.leg, at_ms)
            return (before if step is None else step.after), taken

        return await self._in_turn(tenant, booking_id, decided)

    async def _write(self, conn: AnyConnection, step: Step) -> None:
        await write(conn, self._shard, step)
        policy = self._settings.of(step.tenant.id)
        await withdraw_moot(Scene(conn, step.tenant, self._shard, policy, step.at_ms), step)

    async def _in_turn(
        self,
        tenant: TenantName,
        booking_id: str,
        work: Work[T],
        expected: int | None = None,
        *,
        is_new: bool = False,
    ) -> T | Refused:
        place = (tenant.key, booking_id)
        asked_ns = tracing.clock()
        with measures.booking_step_s.time():
            async with (
                self._turn(place),
                self._origins.told(self._app, tenant, booking_id, is_new=is_new),
            ):
                tracing.lap("booking.turn", asked_ns)
                with tracing.span("booking.step"):
                    answer = await self._attempts(tenant, place, work, expected, is_new=is_new)
                _tell(answer)
                return answer

    async def _attempts(
        self,
        tenant: TenantName,
        place: Place,
        work: Work[T],
        expected: int | None,
        *,
        is_new: bool,
    ) -> T | Refused:
        self.counts["commands_total"] += 1
        try:
            for _ in range(self._settings.of(tenant.id).bookings.attempts_max):
                answer = await self._attempt(place, work, expected, is_new=is_new)
                is_new = False  # what is not known here is looked for before it is tried again
                if answer is not None:
                    self.counts["refused_total"] += isinstance(answer, Refused)
                    return answer
                self._known.pop(place, None)  # somebody else was first
                self.counts["raced_total"] += 1
        except STORE_FAILURES as error:
            self._known.pop(place, None)
            raise StoreAwayError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self._known.pop(place, None)
            raise
        return Refused(STALE, "others change this booking all the time; try again")

    @contextlib.asynccontextmanager
    async def _turn(self, place: Place) -> AsyncIterator[None]:
        if self._waiting >= self._settings.now.bookings.waiting_max:
            raise BusyError(f"{self._waiting} commands wait already")
        lock, users = self._turns.get(place, (asyncio.Lock(), 0))
        self._turns[place] = lock, users + 1
        self._waiting += 1
        try:
            async with lock:
                yield
        finally:
            self._waiting -= 1
            lock, users = self._turns[place]
            if users == 1:
                del self._turns[place]
            else:
                self._turns[place] = lock, users - 1

    async def _attempt(
        self, place: Place, work: Work[T], expected: int | None, *, is_new: bool
    ) -> T | Refused | None:
        """None: the booking is not as it was known here."""
        cached = None if expected is not None else self._known.get(place)
        try:
            async with as_tenant(self._app, place[0]) as conn:
                before = cached
                if cached is None and not is_new:
                    before = await self._load(conn, place)
                if before is not None and expected not in (None, before.version):
                    detail = f"the booking is at version {before.version}, not {expected}"
                    raise Refusal(STALE, detail)
                after, answer = await work(conn, before, now_ms())
        except Refusal as refusal:
            # What is remembered may be older than what another has written.
            return None if cached is not None else Refused(refusal.code, refusal.detail)
        except (PromisedError, TruckAskedError, NotFoundError) as error:
            return Refused(_CODES[type(error)], str(error))
        except (StaleVersionError, asyncpg.DeadlockDetectedError):
            return None
        if after is not None:
            self._remember(place, after)
        return answer

    async def _load(self, conn: AnyConnection, place: Place) -> Booking | None:
        state = await bookings.load(conn, place[1])
        if state is None:
            return None
        found = msgspec.json.decode(state, type=Booking)
        self._remember(place, found)
        return found

    def _remember(self, place: Place, booking: Booking) -> None:
        self._known[place] = booking
        self._known.move_to_end(place)
        while len(self._known) > self._settings.now.bookings.known_max:
            self._known.popitem(last=False)


def _unchanged(booking: Booking | None) -> Answer:
    if booking is None:
        return Refused("unknown_booking", "there is no such booking")
    return Taken(booking, ())


def _tell(answer: object) -> None:
    """One line for every step: what happened, or why it did not."""
    if isinstance(answer, Refused):
        log.info("refused", extra={"fields": {"code": answer.code}})
    elif isinstance(answer, Taken | OfferTaken) and answer.events:
        kinds = [str(event.__struct_config__.tag) for event in answer.events]
        for kind in kinds:
            (measures.count_booking if isinstance(answer, Taken) else measures.count_offer)(kind)
        said = {"events": kinds, "version": answer.booking.version}
        log.info("committed", extra={"fields": said})
