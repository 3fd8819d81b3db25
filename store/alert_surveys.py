"""How things stand that no fact tells of, because they come by time passing: found by looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One thing that is so at the moment, whether or not anybody is to be told of it."""

    tenant_key: int
    tenant: str
    subject: str  # "bookings/x", "trucks/x"
    about: str  # tells apart several of one subject
    since_ms: int
    truck: str | None = None
    booking: str | None = None
    leg: str | None = None
    journey: str | None = None
    lat: float | None = None
    lon: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Whole:
    """A booking as it stands, so that its clocks and weights can be read."""

    tenant_key: int
    tenant: str
    booking: str
    state: bytes
    trucks: dict[str, str]  # by leg


_UNDER_WAY = "('assigned', 'en_route', 'at_pickup', 'loaded', 'in_transit', 'at_drop')"


async def overdue_dues(conn: AnyConnection, now_ms: int, limit: int) -> list[Standing]:
    """For SYSTEM, as all of these: what is owed since before now, the oldest first."""
    rows = await conn.fetch(
        """
        SELECT d.tenant_key, t.id AS tenant, d.booking, d.due, d.kind, d.due_at, d.amount_minor,
            d.paid_minor, d.shipper
        FROM dues d JOIN tenants t ON t.key = d.tenant_key AND t.status = 'active'
        WHERE d.paid_minor < d.amount_minor AND d.due_at <= $1
        ORDER BY d.due_at, d.booking, d.due LIMIT $2
        """,
        *(moment(now_ms), limit),
    )
    return [
        Standing(
            tenant_key=row["tenant_key"],
            tenant=row["tenant"],
            subject=f"bookings/{row['booking']}",
            about=row["due"],
            since_ms=epoch_ms(row["due_at"]),
            booking=row["booking"],
            facts={
                "due": row["due"],
                "due_kind": row["kind"],
                "open_minor": row["amount_minor"] - row["paid_minor"],
                "amount_minor": row["amount_minor"],
                "shipper": row["shipper"],
            },
        )
        for row in rows
    ]


async def at_stops(conn: AnyConnection, limit: int) -> list[Whole]:
    """Bookings of which a truck has come to a stop and has not left it."""
    rows = await conn.fetch(
        """
        SELECT b.tenant_key, t.id AS tenant, b.id AS booking, b.state,
            jsonb_object_agg(l.leg, k.id) FILTER (WHERE k.id IS NOT NULL) AS trucks
        FROM bookings b JOIN tenants t ON t.key = b.tenant_key AND t.status = 'active'
            JOIN booking_legs l ON l.tenant_key = b.tenant_key AND l.booking = b.id
                AND l.status IN ('at_pickup', 'loaded', 'at_drop')
            LEFT JOIN trucks k ON k.key = l.truck_key
        WHERE b.status IN ('at_pickup', 'loaded', 'in_transit', 'at_drop', 'assigned', 'en_route')
        GROUP BY b.tenant_key, t.id, b.id, b.state, b.nr ORDER BY b.nr LIMIT $1
        """,
        limit,
    )
    return [Whole(**{**row, "trucks": row["trucks"] or {}}) for row in rows]


async def ending_bills(
    conn: AnyConnection, now_ms: int, within_s: float, limit: int
) -> list[Standing]:
    """E-way bills that end soon, or have, under loads that are on the road; `ends_ms` says when."""
    rows = await conn.fetch(
        f"""
        SELECT e.tenant_key, t.id AS tenant, e.id AS bill, e.booking, e.leg, e.number,
            e.valid_until, k.id AS truck
        FROM eway_bills e JOIN tenants t ON t.key = e.tenant_key AND t.status = 'active'
            JOIN booking_legs l ON l.tenant_key = e.tenant_key AND l.booking = e.booking
                AND l.leg = e.leg AND l.status IN {_UNDER_WAY}
            LEFT JOIN trucks k ON k.key = l.truck_key
        WHERE e.status IN ('active', 'expired')
            AND e.valid_until <= $1::timestamptz + make_interval(secs => $2)
        ORDER BY e.valid_until, e.nr LIMIT $3
        """,
        *(moment(now_ms), within_s, limit),
    )
    return [
        Standing(
            tenant_key=row["tenant_key"],
            tenant=row["tenant"],
            subject=f"bookings/{row['booking']}",
            about=row["bill"],
            since_ms=epoch_ms(row["valid_until"]),
            truck=row["truck"],
            booking=row["booking"],
            leg=row["leg"],
            facts={
                "bill": row["bill"],
                "number": row["number"],
                "ends_ms": epoch_ms(row["valid_until"]),
            },
        )
        for row in rows
    ]


async def ending_papers(
    conn: AnyConnection, now_ms: int, within_s: float, zone: str, limit: int
) -> list[Standing]:
    """Papers of trucks with a load, and licences of who drives them, that end soon or have.

    A paper is good until the end of its last day, by the clock of the place.
    """
    rows = await conn.fetch(
        f"""
        WITH underway AS (
            SELECT l.tenant_key, t.id AS tenant, l.booking, l.leg, l.driver, k.id AS truck,
                l.truck_key
            FROM booking_legs l JOIN tenants t ON t.key = l.tenant_key AND t.status = 'active'
                JOIN trucks k ON k.key = l.truck_key
            WHERE l.status IN {_UNDER_WAY}
        ), paper AS (
            SELECT u.*, p.kind, 'truck' AS whose, p.valid_until FROM underway u
                JOIN truck_papers p ON p.truck_key = u.truck_key WHERE p.valid_until IS NOT NULL
            UNION ALL
            SELECT u.*, 'licence', 'driver', d.licence_valid_until FROM underway u
                JOIN drivers d ON d.tenant_key = u.tenant_key AND d.id = u.driver
                    AND d.deleted_at IS NULL
            WHERE d.licence_valid_until IS NOT NULL
        )
        SELECT * FROM (
            SELECT DISTINCT ON (truck_key, whose, kind) *,
                (valid_until + 1)::timestamp AT TIME ZONE $3 AS ends_at
            FROM paper ORDER BY truck_key, whose, kind, booking, leg
        ) one
        WHERE ends_at <= $1::timestamptz + make_interval(secs => $2)
        ORDER BY ends_at, tenant_key, truck, whose, kind LIMIT $4
        """,
        *(moment(now_ms), within_s, zone, limit),
    )
    return [
        Standing(
            tenant_key=row["tenant_key"],
            tenant=row["tenant"],
            subject=f"trucks/{row['truck']}",
            about=f"{row['whose']}/{row['kind']}",
            since_ms=epoch_ms(row["ends_at"]),
            truck=row["truck"],
            booking=row["booking"],
            leg=row["leg"],
            facts={
                "paper": row["kind"],
                "whose": row["whose"],
                "valid_until": row["valid_until"].isoformat(),
                "ends_ms": epoch_ms(row["ends_at"]),
            },
        )
        for row in rows
    ]


async def unheard_trips(
    conn: AnyConnection, now_ms: int, silent_s: float, limit: int
) -> list[Standing]:
    """Trucks on the way with a load, or to one, that have sent nothing since they were given it;
    of who sends and then falls silent there are facts."""
    rows = await conn.fetch(
        """
        SELECT l.tenant_key, t.id AS tenant, l.booking, l.leg, l.status, k.id AS truck, a.begun
        FROM booking_legs l JOIN tenants t ON t.key = l.tenant_key AND t.status = 'active'
            JOIN trucks k ON k.key = l.truck_key
            JOIN LATERAL (SELECT lower(during) AS begun FROM awards a
                WHERE a.tenant_key = l.tenant_key AND a.booking = l.booking AND a.leg = l.leg
                    AND a.stands ORDER BY nr DESC LIMIT 1) a ON true
        WHERE l.drives AND l.status IN ('en_route', 'at_pickup', 'loaded', 'in_transit', 'at_drop')
            AND a.begun <= $1::timestamptz - make_interval(secs => $2)
            AND NOT EXISTS (
                SELECT FROM fixes f WHERE f.truck_key = l.truck_key AND f.ts >= a.begun)
        ORDER BY l.tenant_key, l.booking, l.leg LIMIT $3
        """,
        *(moment(now_ms), silent_s, limit),
    )
    return [
        Standing(
            tenant_key=row["tenant_key"],
            tenant=row["tenant"],
            subject=f"bookings/{row['booking']}",
            about=row["leg"],
            since_ms=epoch_ms(row["begun"]),
            truck=row["truck"],
            booking=row["booking"],
            leg=row["leg"],
            facts={"truck": row["truck"], "leg_status": row["status"]},
        )
        for row in rows
    ]


async def late_starts(conn: AnyConnection, now_ms: int, limit: int) -> list[Standing]:
    """Legs whose truck has not set out though their time to be picked up has passed."""
    rows = await conn.fetch(
        """
        SELECT l.tenant_key, t.id AS tenant, l.booking, l.leg, k.id AS truck, l.pickup_lat,
            l.pickup_lon, b.pickup_from, b.pickup_to, j.id AS journey
        FROM booking_legs l JOIN tenants t ON t.key = l.tenant_key AND t.status = 'active'
            JOIN bookings b ON b.tenant_key = l.tenant_key AND b.id = l.booking
            JOIN trucks k ON k.key = l.truck_key
            LEFT JOIN journeys j ON j.truck_key = l.truck_key AND j.ended_at IS NULL
        WHERE l.drives AND l.status = 'assigned' AND coalesce(b.pickup_to, b.pickup_from) <= $1
        ORDER BY coalesce(b.pickup_to, b.pickup_from), l.booking, l.leg LIMIT $2
        """,
        *(moment(now_ms), limit),
    )
    return [
        Standing(
            tenant_key=row["tenant_key"],
            tenant=row["tenant"],
            subject=f"bookings/{row['booking']}",
            about=row["leg"],
            since_ms=epoch_ms(row["pickup_to"] or row["pickup_from"]),
            truck=row["truck"],
            booking=row["booking"],
            leg=row["leg"],
            journey=row["journey"],
            lat=row["pickup_lat"],
            lon=row["pickup_lon"],
            facts={"pickup_by_ms": epoch_ms(row["pickup_to"] or row["pickup_from"])},
        )
        for row in rows
    ]


async def unloaded(conn: AnyConnection, since_ms: int, limit: int) -> list[Whole]:
    """Bookings of which something was unloaded of late: their weights are to be compared."""
    rows = await conn.fetch(
        """
        SELECT b.tenant_key, t.id AS tenant, b.id AS booking, b.state,
            jsonb_object_agg(l.leg, k.id) FILTER (WHERE k.id IS NOT NULL) AS trucks
        FROM bookings b JOIN tenants t ON t.key = b.tenant_key AND t.status = 'active'
            JOIN booking_legs l ON l.tenant_key = b.tenant_key AND l.booking = b.id
                AND l.status IN ('at_drop', 'delivered', 'closed')
            LEFT JOIN trucks k ON k.key = l.truck_key
        WHERE b.updated_at >= $1
        GROUP BY b.tenant_key, t.id, b.id, b.state, b.nr ORDER BY b.nr DESC LIMIT $2
        """,
        *(moment(since_ms), limit),
    )
    return [Whole(**{**row, "trucks": row["trucks"] or {}}) for row in rows]
