"""Facts about trucks that carry loads, as booking shards follow them (SYSTEM)."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from freight.events import TruckEvent
from store.postgres import AnyConnection, epoch_ms

COLUMNS = """
    e.id, e.type, e.tenant_key, e.truck_key, t.id AS tenant, e.subject, e.time, e.known_at, e.data
"""


@dataclass(frozen=True, slots=True)
class CarriedFact:
    """What a truck did, and a booking that it may move."""

    seq: int
    booking: str
    leg: str
    event: TruckEvent


@dataclass(frozen=True, slots=True)
class Underway:
    tenant_key: int
    tenant: str
    booking: str
    truck_key: int


async def cursor(conn: AnyConnection, shard: int) -> int:
    """The number up to which all was taken up; a new shard begins at the end of the log."""
    seq: int = await conn.fetchval(
        """
        INSERT INTO booking_cursors (shard, seq)
        SELECT $1, coalesce(max(seq), 0) FROM events
        ON CONFLICT (shard) DO UPDATE SET seq = booking_cursors.seq RETURNING seq
        """,
        shard,
    )
    return seq


async def since(conn: AnyConnection, shard: int, after: int, upto: int) -> list[CarriedFact]:
    """In the order in which they were learned; from before the truck was promised, none."""
    rows = await conn.fetch(
        f"""
        SELECT e.seq, {COLUMNS}, l.booking, l.leg
        FROM events e
            JOIN tenants t ON t.key = e.tenant_key
            JOIN awards a ON a.truck_key = e.truck_key AND e.time >= lower(a.during)
            JOIN booking_legs l ON l.tenant_key = a.tenant_key AND l.booking = a.booking
                AND l.leg = a.leg AND l.drives AND l.shard = $1
        WHERE e.seq > $2 AND e.seq <= $3 AND e.truck_key IS NOT NULL
        ORDER BY e.seq, l.booking, l.leg
        """,
        *(shard, after, upto),
    )
    return [CarriedFact(row["seq"], row["booking"], row["leg"], _event(row)) for row in rows]


def _event(row: asyncpg.Record) -> TruckEvent:
    return TruckEvent(
        id=row["id"],
        type=row["type"],
        tenant_key=row["tenant_key"],
        truck_key=row["truck_key"],
        tenant=row["tenant"],
        subject=row["subject"],
        time_ms=epoch_ms(row["time"]),
        known_at_ms=epoch_ms(row["known_at"]),
        data=row["data"],
    )


async def newest(conn: AnyConnection) -> int:
    seq: int = await conn.fetchval("SELECT coalesce(max(seq), 0) FROM events")
    return seq


async def settled(conn: AnyConnection, after: int, upto: int, settle_s: float) -> int:
    """Up to which number nothing older can join the log any more."""
    young: int | None = await conn.fetchval(
        """
        SELECT seq FROM events WHERE seq > $1 AND seq <= $2
            AND known_at > clock_timestamp() - make_interval(secs => $3)
        ORDER BY seq LIMIT 1
        """,
        *(after, upto, settle_s),
    )
    return upto if young is None else young - 1


async def is_any_driven(conn: AnyConnection, shard: int) -> bool:
    """Whether a truck's facts may move any of the shard's legs."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM booking_legs WHERE shard = $1 AND drives)", shard
    )
    return found


async def on_the_way(conn: AnyConnection, shard: int) -> list[Underway]:
    """Legs whose trucks may move them, as a shard that starts finds them."""
    rows = await conn.fetch(
        """
        SELECT l.tenant_key, t.id AS tenant, l.booking, l.truck_key
        FROM booking_legs l JOIN tenants t ON t.key = l.tenant_key
        WHERE l.shard = $1 AND l.drives AND l.truck_key IS NOT NULL
        """,
        shard,
    )
    return [Underway(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Unheard:
    tenant_key: int
    tenant: str
    booking: str
    leg: str
    truck: str
    heard_ms: int  # when it was heard last


async def unheard(conn: AnyConnection, shard: int) -> list[Unheard]:
    """Legs of the shard whose trucks are out of reach now."""
    rows = await conn.fetch(
        """
        SELECT l.tenant_key, t.id AS tenant, l.booking, l.leg, trucks.id AS truck,
            (s.data->>'last_ms')::bigint AS heard_ms
        FROM booking_legs l
            JOIN spans s ON s.tenant_key = l.tenant_key AND s.truck_key = l.truck_key
                AND s.kind = 'interruption' AND s.to_ts IS NULL
            JOIN tenants t ON t.key = l.tenant_key
            JOIN trucks ON trucks.key = l.truck_key
        WHERE l.shard = $1 AND l.drives
        """,
        shard,
    )
    return [Unheard(**row) for row in rows]


async def keep_cursor(conn: AnyConnection, shard: int, seq: int) -> None:
    await conn.execute(
        "UPDATE booking_cursors SET seq = $2 WHERE shard = $1 AND seq < $2", shard, seq
    )


async def places_of(conn: AnyConnection, tenant_key: int, truck_key: int) -> list[TruckEvent]:
    """Where the truck is already: the facts by which it came there."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS}
        FROM spans s JOIN tenants t ON t.key = s.tenant_key
            JOIN events e ON e.truck_key = s.truck_key AND e.time = s.from_ts
                AND e.type = 'truck.fence.entered' AND e.data->>'fence' = s.about
        WHERE s.tenant_key = $1 AND s.truck_key = $2 AND s.kind = 'visit' AND s.to_ts IS NULL
        ORDER BY e.time
        """,
        *(tenant_key, truck_key),
    )
    return [_event(row) for row in rows]
