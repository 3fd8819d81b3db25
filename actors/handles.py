"""Typed handles to every actor; the only file that says `.remote`."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError

from actors import booking_wire
from actors.booking_wire import Asked
from actors.booking_writing import TenantName
from actors.bookings import Answer, Refused
from actors.call_order import Numbers
from actors.doors import HttpFixes, HttpTaken
from actors.errors import StoreAwayError
from actors.offering import OfferTaken, OfferWish
from actors.placement import shard_of
from actors.service_tokens import ServiceTokenError, TokenMaker
from actors.stats import ActorStats
from config.installation import Installation
from config.policy import Policy
from config.snapshot import Handed
from freight.booking.commands import Command
from freight.fixes import FixBatch
from freight.tracking.columns import LAST_DTYPE, LastArray
from freight.tracking.names import TruckName
from freight.tracking.progress import Progress
from telemetry import tracing, work
from telemetry.spans import Kind

SHARD = "truck-shard-{}"
INGEST = "ingest-worker-{}"
BOOKINGS = "booking-shard-{}"
DISPATCHER = "dispatcher"
BOOKKEEPER = "bookkeeper"
WATCH = "watch"
MESSENGER = "messenger"
RELAY = "outbox-relay"


class ActorAwayError(Exception):
    """The actor cannot answer now: it died, restarts, hangs, or refuses; try again later."""

    def __init__(self, why: str, actor: str = "") -> None:
        super().__init__(f"{actor}: {why}" if actor else why)
        self.why = why  # for who says the name as well


class BatchRefusedError(Exception):
    """The shard ran into an error of its own over this batch; sending it again may not help."""


def connect(where: Installation) -> None:
    """Join this installation's Ray; the token file must be named before the first contact."""
    if ray.is_initialized():
        return
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(where.ray.token_file)
    ray.init(
        address=where.ray.address,
        namespace=where.ray.namespace,
        log_to_driver=False,
        configure_logging=False,
    )


def spawn(actor: type, name: str, *args: object) -> None:
    """Create a named actor that outlives its creator and is restarted for ever by Ray."""
    ray.remote(actor).options(
        name=name,
        get_if_exists=True,
        lifetime="detached",
        max_restarts=-1,
        max_task_retries=0,  # a batch is sent again by ingest, which knows the order
        num_cpus=0,
    ).remote(*args)


# Handles by name. They survive restarts of their actor; asking Ray for one blocks the event loop.
_known: dict[str, Any] = {}


async def _call(
    tokens: TokenMaker, name: str, method: str, *args: object, deadline_s: float | None
) -> Any:
    """One call by name; a handle that failed is asked for again, for the actor may be a new one."""
    try:
        with tracing.span("actor.call", Kind.CLIENT, actor=name, method=method):
            return await _asked(tokens, name, method, *args, deadline_s=deadline_s)
    except TimeoutError as error:
        raise ActorAwayError(f"gave no answer within {deadline_s:g} s", name) from error
    except RayTaskError as error:
        if isinstance(error.cause, StoreAwayError):
            raise ActorAwayError(str(error.cause), name) from error
        if isinstance(error.cause, ServiceTokenError):
            # Nothing is wrong with what was sent: with a new token it may be taken.
            tokens.forget()
            raise ActorAwayError(str(error.cause), name) from error
        raise BatchRefusedError(f"{name}: {_last_line(error)}") from error
    except (RayError, ValueError) as error:
        _known.pop(name, None)
        raise ActorAwayError(_last_line(error), name) from error


async def _asked(
    tokens: TokenMaker, name: str, method: str, *args: object, deadline_s: float | None
) -> Any:
    """Whose work it is goes along behind the token."""
    handle = _known.get(name) or _known.setdefault(name, ray.get_actor(name))
    told = f"{tokens.token_for(name)} {work.carried()}".rstrip(" ")
    call = cast(Awaitable[Any], getattr(handle, method).remote(told, *args))
    return await asyncio.wait_for(call, deadline_s)


def _last_line(error: Exception) -> str:
    """The cause in one line; Ray wraps a remote traceback around it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}"


class ShardHandle:
    """One truck shard, called by name."""

    def __init__(self, number: int, tokens: TokenMaker) -> None:
        self._name = SHARD.format(number)
        self._tokens = tokens
        self._numbers = Numbers()

    async def fold(self, batch: FixBatch) -> int:
        """Commit a batch; the answer, the commit's time, comes after the commit. Batches of one
        handle are taken in the order in which they were given to it.

        Without a deadline: as long as the shard works on it, sending it again only adds work.
        """
        given = (batch, self._numbers.next())
        return cast(int, await _call(self._tokens, self._name, "fold", *given, deadline_s=None))

    async def positions(self, tenant_key: int, deadline_s: float) -> LastArray:
        found = await _call(
            self._tokens, self._name, "positions", tenant_key, deadline_s=deadline_s
        )
        return cast(LastArray, found)

    async def progress(self, truck_key: int, deadline_s: float) -> Progress | None:
        found = await _call(self._tokens, self._name, "progress", truck_key, deadline_s=deadline_s)
        return cast(Progress | None, found)


class IngestDoors:
    """The ingest workers, for fixes that came over HTTP; any of them will do, so each in turn."""

    def __init__(self, workers: int, deadline_s: float, tokens: TokenMaker) -> None:
        self._names = itertools.cycle([INGEST.format(i) for i in range(workers)])
        self._deadline_s = deadline_s
        self._tokens = tokens

    async def take(self, asked: HttpFixes) -> HttpTaken:
        """Committed when it answers; ActorAwayError: it may or may not be."""
        name = next(self._names)
        taken = await _call(self._tokens, name, "take_http", asked, deadline_s=self._deadline_s)
        return cast(HttpTaken, taken)


@dataclasses.dataclass(frozen=True, slots=True)
class BookingShards:
    """The actors of all bookings; each is asked where it lives."""

    shards: int
    deadline_s: float
    tokens: TokenMaker

    async def take(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        """Committed when it answers; ActorAwayError: it may or may not be, ask again with the
        command's key."""
        name = BOOKINGS.format(shard_of(tenant.id, booking_id, self.shards))
        asked = booking_wire.written(Asked(tenant, booking_id, command, expected))
        answer = await _call(self.tokens, name, "take", asked, deadline_s=self.deadline_s)
        return booking_wire.read_answer(answer)

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        """The same about the offers of a leg."""
        name = BOOKINGS.format(shard_of(tenant.id, booking_id, self.shards))
        given = (tenant, booking_id, wish)
        answer = await _call(self.tokens, name, "offer", *given, deadline_s=self.deadline_s)
        return cast(OfferTaken | Refused, answer)


@dataclasses.dataclass(frozen=True, slots=True)
class TruckShards:
    """All shards together, for whoever asks about many trucks, and the other actors beside."""

    shards: int
    ingest_workers: int
    deadline_s: float
    tokens: TokenMaker
    doors: IngestDoors
    bookings: BookingShards

    @classmethod
    def from_policy(cls, policy: Policy, tokens: TokenMaker) -> TruckShards:
        tracking, workers = policy.tracking, policy.ingest.workers
        # Beyond the door's own deadline, so that its answer is heard.
        doors = IngestDoors(
            workers, policy.doors.http.deadline_s + tracking.query_deadline_s, tokens
        )
        bookings = BookingShards(policy.bookings.shards, policy.bookings.deadline_s, tokens)
        return cls(tracking.shards, workers, tracking.query_deadline_s, tokens, doors, bookings)

    async def positions(self, tenant_key: int) -> LastArray:
        """Last known positions of a tenant's trucks, complete or ActorAwayError."""
        handles = [ShardHandle(i, self.tokens) for i in range(self.shards)]
        asked = [handle.positions(tenant_key, self.deadline_s) for handle in handles]
        parts = await asyncio.gather(*asked)
        return np.concatenate([*parts, np.empty(0, dtype=LAST_DTYPE)])

    async def progress(self, truck: TruckName, truck_key: int) -> Progress | None:
        """How a truck's journey goes; None: nothing was held against one yet."""
        handle = ShardHandle(shard_of(truck.tenant, truck.truck, self.shards), self.tokens)
        return await handle.progress(truck_key, self.deadline_s)

    async def take_fixes(self, asked: HttpFixes) -> HttpTaken:
        """Fixes that came over HTTP, committed when it answers; ActorAwayError: nobody knows."""
        return await self.doors.take(asked)

    async def command(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        return await self.bookings.take(tenant, booking_id, command, expected)

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        return await self.bookings.offer(tenant, booking_id, wish)

    async def stats(self) -> list[ActorStats]:
        """One entry for every actor there should be; a dead one says what is wrong."""
        names = [
            *(("ingest_worker", INGEST.format(i)) for i in range(self.ingest_workers)),
            *(("booking_shard", BOOKINGS.format(i)) for i in range(self.bookings.shards)),
            ("dispatcher", DISPATCHER),
            ("bookkeeper", BOOKKEEPER),
            ("watch", WATCH),
            ("messenger", MESSENGER),
            ("outbox_relay", RELAY),
        ]
        others = asyncio.gather(*(self._stats_of(role, name) for role, name in names))
        of_shards, of_others = await asyncio.gather(self.shard_stats(), others)
        return [*of_shards, *of_others]

    async def shard_stats(self) -> list[ActorStats]:
        """Of the truck shards alone, for who looks often."""
        names = [SHARD.format(i) for i in range(self.shards)]
        return await asyncio.gather(*(self._stats_of("truck_shard", name) for name in names))

    async def drain(self, deadline_s: float) -> list[str]:
        """Before a stop: who takes in lets go first, then who keeps. Whoever did not, and why.

        All others, booking shards, dispatcher and relay, hold nothing that is not in the store:
        their steps are one transaction each, and whoever asks for one has been answered by now.
        """
        takers = [INGEST.format(i) for i in range(self.ingest_workers)]
        keepers = [SHARD.format(i) for i in range(self.shards)]
        left: list[str] = []
        for names in (takers, [*keepers, BOOKKEEPER, WATCH, MESSENGER]):
            asked = (self._drained(name, deadline_s) for name in names)
            left += [trouble for trouble in await asyncio.gather(*asked) if trouble is not None]
        return left

    async def _drained(self, name: str, deadline_s: float) -> str | None:
        try:
            await _call(self.tokens, name, "drain", deadline_s=deadline_s)
        except (ActorAwayError, BatchRefusedError) as error:
            return str(error)
        return None

    async def _stats_of(self, role: str, name: str) -> ActorStats:
        try:
            found = await _call(self.tokens, name, "stats", deadline_s=self.deadline_s)
            return cast(ActorStats, found)
        except ActorAwayError as error:
            return ActorStats(role, name, 0, {}, error.why)


@dataclasses.dataclass(frozen=True, slots=True)
class ActorTypes:
    """What each actor is; those above this folder are given from there."""

    truck_shard: type
    booking_shard: type
    dispatcher: type
    bookkeeper: type
    watch: type
    messenger: type
    relay: type
    ingest_worker: type


def start_actors(policy: Policy, handed: Handed, types: ActorTypes) -> None:
    """Create every actor there should be; those that run already are left alone."""
    for number in range(policy.tracking.shards):
        spawn(types.truck_shard, SHARD.format(number), number, handed)
    for number in range(policy.bookings.shards):
        spawn(types.booking_shard, BOOKINGS.format(number), number, handed)
    spawn(types.dispatcher, DISPATCHER, handed)
    spawn(types.bookkeeper, BOOKKEEPER, handed)
    spawn(types.watch, WATCH, handed)
    spawn(types.messenger, MESSENGER, handed)
    spawn(types.relay, RELAY, handed)
    for number in range(policy.ingest.workers):
        spawn(types.ingest_worker, INGEST.format(number), number, handed)


async def wait_until_working(
    shards: TruckShards, told: Callable[[Sequence[ActorStats]], None], poll_s: float
) -> None:
    """Return once every actor answers without trouble; `told` hears each look in between."""
    while True:
        stats = await shards.stats()
        told(stats)
        if all(s.trouble is None for s in stats):
            return
        await asyncio.sleep(poll_s)
