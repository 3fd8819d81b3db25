"""Bookings: their log, how each stands, and lists of them; written by their actors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, epoch_ms, moment

BOOKING = "booking"


@dataclass(frozen=True, slots=True)
class Written:
    """One event as the log keeps it."""

    version: int  # the booking's after it
    type: str
    at_ms: int
    event: bytes  # JSON


@dataclass(frozen=True, slots=True)
class Standing:
    """How a booking stands: what is found by, and the whole of it."""

    id: str
    version: int
    status: str
    shipper: str | None
    material: str
    weight_kg: int
    total_minor: int | None
    created_ms: int
    updated_ms: int
    pickup_from_ms: int | None
    pickup_to_ms: int | None
    words: str
    state: bytes


@dataclass(frozen=True, slots=True)
class LegStanding:
    leg: str
    status: str
    weight_kg: int
    pickup_lat: float
    pickup_lon: float
    truck_key: int | None
    carrier: str | None
    driver: str | None
    waiting_since_ms: int | None
    drives: bool


@dataclass(frozen=True, slots=True)
class StepRows:
    """What one step of a booking adds to its log, and how it stands after it with those of its legs
    that stand otherwise now; legs never vanish, they end."""

    events: Sequence[Written]
    now: Standing
    legs: Sequence[LegStanding]


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    id: str
    version: int
    state: bytes


async def load(conn: AnyConnection, booking_id: str) -> bytes | None:
    """How it stands."""
    found: bytes | None = await conn.fetchval(
        "SELECT state FROM bookings WHERE id = $1", booking_id
    )
    return found


async def get(conn: AnyConnection, booking_id: str) -> bytes:
    found = await load(conn, booking_id)
    if found is None:
        raise NotFoundError(BOOKING, booking_id)
    return found


async def write(conn: AnyConnection, tenant_key: int, shard: int, rows: StepRows) -> None:
    """Behind what is there; StaleVersionError when somebody else was first."""
    events, now = rows.events, rows.now
    try:
        await conn.execute(
            """
            WITH log AS (
                INSERT INTO booking_log (tenant_key, booking, version, type, at, event)
                SELECT $1, $2, version, type, 'epoch'::timestamptz + at_ms * interval '1 ms',
                    event::json
                FROM unnest($3::int[], $4::text[], $5::bigint[], $6::text[])
                    AS g (version, type, at_ms, event)
            ), standing AS (
                INSERT INTO bookings AS b (tenant_key, id, version, status, shipper, material,
                    weight_kg, total_minor, created_at, updated_at, pickup_from, pickup_to, words,
                    state)
                VALUES ($1, $2, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                ON CONFLICT (tenant_key, id) DO UPDATE SET version = excluded.version,
                    status = excluded.status, shipper = excluded.shipper,
                    material = excluded.material, weight_kg = excluded.weight_kg,
                    total_minor = excluded.total_minor, updated_at = excluded.updated_at,
                    pickup_from = excluded.pickup_from, pickup_to = excluded.pickup_to,
                    words = excluded.words, state = excluded.state
            )
            INSERT INTO booking_legs AS l (tenant_key, booking, shard, shipper, leg, status,
                weight_kg, pickup_lat, pickup_lon, truck_key, carrier, driver, waiting_since,
                drives)
            SELECT $1, $2, $19, $9, g.* FROM unnest($20::text[], $21::text[], $22::int[],
                $23::float8[], $24::float8[], $25::bigint[], $26::text[], $27::text[],
                $28::timestamptz[], $29::bool[]) AS g
            ON CONFLICT (tenant_key, booking, leg) DO UPDATE SET status = excluded.status,
                shard = excluded.shard, weight_kg = excluded.weight_kg,
                pickup_lat = excluded.pickup_lat, pickup_lon = excluded.pickup_lon,
                truck_key = excluded.truck_key, carrier = excluded.carrier,
                driver = excluded.driver, waiting_since = excluded.waiting_since,
                drives = excluded.drives
            """,
            *(tenant_key, now.id),
            [event.version for event in events],
            [event.type for event in events],
            [event.at_ms for event in events],
            [event.event.decode() for event in events],
            *(now.version, now.status, now.shipper, now.material, now.weight_kg),
            now.total_minor,
            moment(now.created_ms),
            moment(now.updated_ms),
            None if now.pickup_from_ms is None else moment(now.pickup_from_ms),
            None if now.pickup_to_ms is None else moment(now.pickup_to_ms),
            *(now.words, now.state, shard),
            *_columns(rows.legs),
        )
    except asyncpg.UniqueViolationError:
        first = events[0].version
        raise StaleVersionError(BOOKING, now.id, first - 1, first) from None


def _columns(legs: Sequence[LegStanding]) -> tuple[list[object], ...]:
    return (
        [leg.leg for leg in legs],
        [leg.status for leg in legs],
        [leg.weight_kg for leg in legs],
        [leg.pickup_lat for leg in legs],
        [leg.pickup_lon for leg in legs],
        [leg.truck_key for leg in legs],
        [leg.carrier for leg in legs],
        [leg.driver for leg in legs],
        [None if ms is None else moment(ms) for ms in (leg.waiting_since_ms for leg in legs)],
        [leg.drives for leg in legs],
    )


async def log(conn: AnyConnection, booking_id: str) -> list[Written]:
    rows = await conn.fetch(
        """
        SELECT version, type, at, event::text FROM booking_log WHERE booking = $1 ORDER BY version
        """,
        booking_id,
    )
    return [
        Written(row["version"], row["type"], epoch_ms(row["at"]), row["event"].encode())
        for row in rows
    ]


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    statuses: Sequence[str] = (),
    shipper: str | None = None,
    truck_key: int | None = None,
    words: str | None = None,
) -> list[Listed]:
    """The newest first, beginning behind `before`."""
    where, args = ["true"], list[object]()

    def require(condition: str, value: object | None) -> None:
        if value is not None:
            args.append(value)
            where.append(condition.replace("?", f"${len(args)}"))

    require("nr < ?", before)
    require("status = ANY (?)", list(statuses) or None)
    require("shipper = ?", shipper)
    require("id IN (SELECT booking FROM booking_legs WHERE truck_key = ?)", truck_key)
    require(r"words LIKE '%' || ? || '%'", None if words is None else _literal(words.lower()))
    rows = await conn.fetch(
        f"SELECT nr, id, version, state FROM bookings WHERE {' AND '.join(where)} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [Listed(**row) for row in rows]


def _literal(text: str) -> str:
    """LIKE takes it for what it is."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


async def rehome(conn: AnyConnection, shards: int) -> int:
    """For SYSTEM, before any shard starts: how many legs were of shards that are no more."""
    moved = await conn.fetch(
        "UPDATE booking_legs SET shard = shard % $1 WHERE shard >= $1 RETURNING 1", shards
    )
    await conn.execute("UPDATE offers SET shard = shard % $1 WHERE shard >= $1", shards)
    return len(moved)
