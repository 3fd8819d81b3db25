"""What `bench history` reads back: days of fixes as they arrive, trucks' past, and the gateway's
application around them."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np

from actors.booking_writing import TenantName
from actors.bookings import Answer, Refused
from actors.doors import HttpFixes, HttpTaken
from actors.handles import ActorAwayError
from actors.offering import OfferTaken, OfferWish
from actors.stats import ActorStats
from config.installation import DatabaseRole, Installation
from config.policy import Policy, policy
from freight.booking.commands import Command
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, FixArray
from freight.tracking.columns import LAST_DTYPE, LastArray
from freight.tracking.names import TruckName
from freight.tracking.progress import Progress
from serve.app import build_app
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from store import tenants
from store.fix_codec import COPY_COLUMNS
from store.fixes import copy_payload, days_of, ensure_partitions
from store.postgres import AnyConnection, connect
from store.tenants import Tenant

DAY_MS = 86_400_000
EVERY_S = 10
FIXES_A_DAY = 86_400 // EVERY_S
DAYS = 3
# Trips, stops and events go back further than fixes are filled: they are kept longer.
PAST_DAYS = 120
TRIPS_A_DAY = 8
EVENTS_A_DAY = 40
SLAB_FIXES = 200_000
TYPES = ("truck.fence.entered", "truck.fence.exited", "truck.stopped", "truck.moved")
SPEED_KMH = 55.0
PLENTY = 1_000_000
LEG_S = 9_000  # a drive of two hours and a half, then a stop of half an hour


@dataclasses.dataclass(frozen=True)
class Size:
    fixes: int
    fleet: int  # trucks of the live fleet; those with a past are the first of them

    @property
    def trucks(self) -> int:
        return max(1, self.fixes // (FIXES_A_DAY * DAYS))


@dataclasses.dataclass(frozen=True)
class Ground:
    installation: Installation
    tenant: Tenant
    truck_ids: list[str]
    truck_keys: list[int]
    first_day_ms: int
    filled_s: float


# ------------------------------------------------------------------------------------ filling


async def fill(where: Installation, size: Size) -> Ground:
    begun = time.monotonic()
    owner = await connect(where.postgres, DatabaseRole.OWNER)
    telemetry = await connect(where.postgres, DatabaseRole.TELEMETRY)
    try:
        tenant = await tenants.create(owner, "bench", "Bench")
        ids = [f"H{number:06}" for number in range(size.fleet)]
        keys = await _trucks(where, tenant, ids)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        first_day_ms = int((today - timedelta(days=DAYS)).timestamp() * 1000)
        await _fixes(telemetry, tenant, keys[: size.trucks], first_day_ms)
        await _past(telemetry, tenant, keys[: size.trucks], today)
        # As the server does by itself, in its own time.
        for table in ("fixes", "spans", "events", "trucks"):
            await owner.execute(f"VACUUM (ANALYZE) {table}")
    finally:
        await owner.close()
        await telemetry.close()
    return Ground(where, tenant, ids, keys, first_day_ms, time.monotonic() - begun)


async def _trucks(where: Installation, tenant: Tenant, ids: list[str]) -> list[int]:
    app = await connect(where.postgres, DatabaseRole.APP)
    try:
        await app.execute(f"SET ubertruck.tenant_key = {int(tenant.key)}")
        rows = await app.fetch(
            "INSERT INTO trucks (tenant_key, id) SELECT $1, unnest($2::text[]) RETURNING key",
            tenant.key,
            ids,
        )
    finally:
        await app.close()
    return [row["key"] for row in rows]


async def _fixes(
    telemetry: AnyConnection, tenant: Tenant, keys: list[int], first_day_ms: int
) -> None:
    """In the order in which they arrive: the rows of one truck lie all over its day."""
    rounds = max(1, SLAB_FIXES // len(keys))
    for first in range(0, FIXES_A_DAY * DAYS, rounds):
        times = np.arange(first, min(first + rounds, FIXES_A_DAY * DAYS)) * EVERY_S
        slab = driving(tenant.key, np.array(keys), times, first_day_ms)
        await ensure_partitions(telemetry, days_of(slab))
        payload = copy_payload(slab, {}, 0, first + 1)
        await telemetry.copy_to_table(
            "fixes", source=_one_piece(payload), columns=COPY_COLUMNS, format="binary"
        )


async def _one_piece(payload: bytes) -> AsyncIterator[bytes]:
    yield payload


def driving(tenant_key: int, keys: np.ndarray, times_s: np.ndarray, first_day_ms: int) -> FixArray:
    """Each truck goes up and down a winding road of its own, with a stop in every leg."""
    slab = np.zeros(len(keys) * len(times_s), FIX_DTYPE)
    truck = np.tile(np.arange(len(keys)), len(times_s))
    # No two trucks speak at the same moment.
    at_ms = np.repeat(times_s, len(keys)) * 1000 + truck * 7 % (EVERY_S * 1000)
    leg, within_s = np.divmod(at_ms / 1000.0 + truck * 61, LEG_S * 1.2)
    is_driving = within_s < LEG_S
    way_km = np.minimum(within_s, LEG_S) * SPEED_KMH / 3600.0
    way_km = np.where(leg % 2 == 0, way_km, LEG_S * SPEED_KMH / 3600.0 - way_km)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            slab[name] = np.nan
    slab["tenant_key"], slab["truck_key"] = tenant_key, keys[truck]
    slab["ts_ms"] = slab["received_ms"] = first_day_ms + at_ms
    slab["lat"] = 10.0 + truck % 997 * 0.015 + way_km / 111.2
    slab["lon"] = 73.0 + truck % 1009 * 0.012 + 0.02 * np.sin(way_km / 3.0)
    slab["speed_kmh"] = np.where(is_driving, SPEED_KMH + 8.0 * np.sin(at_ms / 40_000.0), 0.0)
    slab["heading_deg"], slab["accuracy_m"] = at_ms % 360, 6.5
    slab["odometer_km"], slab["external_v"] = 120_000 + leg * 137.5 + way_km, 24.3
    slab["seq"], slab["satellites"] = at_ms // 1000, 11
    slab["ignition"], slab["alarm"] = is_driving, MISSING_INT8
    slab["satellites"][::50] = MISSING_INT16
    return slab


async def _past(telemetry: AnyConnection, tenant: Tenant, keys: list[int], today: datetime) -> None:
    """What is left of days whose fixes may be gone: trips with their stops, and events."""
    first, every = today - timedelta(days=PAST_DAYS), timedelta(days=1) / TRIPS_A_DAY
    place = {"lat": 19.0, "lon": 73.0}
    trip = {"from": place, "to": place, "distance_km": 110.5, "driving_s": 7800, "fixes": 800}
    for kind, data, begin, length in (
        ("trip", trip, 0.0, 0.8),
        ("stop", {**place, "halt": "unknown", "fence": None}, 0.8, 0.2),
    ):
        await telemetry.execute(
            """
            INSERT INTO spans (tenant_key, truck_key, kind, about, from_ts, to_ts, data, known_at)
            SELECT $1, truck, $3, '', begun, begun + $6 * $7::interval, $8, begun
            FROM unnest($2::bigint[]) truck, generate_series(0, $4 - 1) nr,
                LATERAL (SELECT $5::timestamptz + (nr + $9::float8) * $7::interval) t (begun)
            """,
            *(tenant.key, keys, kind, PAST_DAYS * TRIPS_A_DAY, first, length, every, data, begin),
        )
    await telemetry.execute(
        """
        INSERT INTO events (id, time, known_at, truck_key, tenant_key, type, subject, data)
        SELECT gen_random_uuid(), at, at, truck, $1, ($6::text[])[1 + nr % 4], 'trucks/x',
            '{"fence": "yard"}'
        FROM generate_series(0, $3 - 1) nr, unnest($2::bigint[]) truck,
            LATERAL (SELECT $4::timestamptz + nr * $5::interval) t (at)
        """,
        *(tenant.key, keys, PAST_DAYS * EVENTS_A_DAY, first, timedelta(days=1) / EVENTS_A_DAY),
        list(TYPES),
    )


# --------------------------------------------------------------------------------- the gateway


@dataclasses.dataclass
class StandingFleet:
    """In the place of the shards: the last positions of the whole fleet."""

    last: LastArray

    async def positions(self, tenant_key: int) -> LastArray:
        found: LastArray = self.last[self.last["tenant_key"] == tenant_key]
        return found

    async def progress(self, truck: TruckName, truck_key: int) -> Progress | None:
        raise ActorAwayError(f"{truck.truck} ({truck_key}): nobody here follows routes")

    async def take_fixes(self, asked: HttpFixes) -> HttpTaken:
        raise ActorAwayError(f"{asked.form}: nobody here takes fixes")

    async def command(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        raise ActorAwayError(f"{tenant.id}/{booking_id}: {command} ({expected}): nobody here books")

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        raise ActorAwayError(f"{tenant.id}/{booking_id}: {wish}: nobody here is asked")

    async def drain(self, deadline_s: float) -> list[str]:
        return [f"{deadline_s:g} s are not needed: nobody here holds anything"]

    async def stats(self) -> list[ActorStats]:
        return []

    async def shard_stats(self) -> list[ActorStats]:
        return []


def standing(ground: Ground, seed: int) -> StandingFleet:
    """All over India, as last seen a moment ago."""
    draw = np.random.default_rng(seed)
    last = np.zeros(len(ground.truck_keys), LAST_DTYPE)
    last["tenant_key"], last["truck_key"] = ground.tenant.key, ground.truck_keys
    last["ts_ms"] = last["committed_ms"] = time.time_ns() // 1_000_000
    last["lat"] = draw.uniform(8.5, 31.0, len(last))
    last["lon"] = draw.uniform(70.0, 88.0, len(last))
    last["speed_kmh"] = draw.uniform(0.0, 80.0, len(last))
    last["heading_deg"] = np.nan
    return StandingFleet(last)


@contextlib.asynccontextmanager
async def client(ground: Ground, fleet: StandingFleet) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the whole application, with all it does to every request, but for the socket."""
    app = build_app(ground.installation, _unhindered(), fleet)
    async with app.router.lifespan_context(app), _without_a_line_each():
        gateway: Gateway = app.state.gateway
        await gateway.directory.refresh(gateway.system_pool)
        token = gateway.issuer.issue(
            client_id="bench",
            tenant=ground.tenant.id,
            tenant_key=ground.tenant.key,
            permissions=tuple(Permission),
            now_s=int(time.time()),
        )
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers, timeout=60
        ) as http:
            yield http


@contextlib.asynccontextmanager
async def _without_a_line_each() -> AsyncIterator[None]:
    """The access log's lines would stand between those of the table."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _unhindered() -> Policy:
    """As usual, but nobody is sent away for asking much."""
    usual = policy()
    plenty = {
        name: getattr(usual.limits, name).model_copy(update={"requests": PLENTY})
        for name in ("anonymous", "token", "client", "user", "api_key", "tenant")
    }
    limits = usual.limits.model_copy(update={**plenty, "roles": {}})
    return usual.model_copy(update={"limits": limits})
