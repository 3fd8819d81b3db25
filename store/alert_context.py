"""What alerts are to know of trucks and bookings beside the facts: read once for a whole batch."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from freight.booking.state import Booking, Leg
from store.events import COLUMNS, SOURCE, StoredEvent, stored_event
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class TruckScene:
    """A truck, and the load that was promised to it at a moment."""

    truck: str
    truck_class: str | None
    carrier: str | None
    journey: str | None
    booking: Booking | None
    leg: Leg | None


async def of_trucks(
    conn: AnyConnection, asked: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], TruckScene]:
    """By truck key and device time: what it had then, as far as is known now."""
    wanted = sorted(set(asked))
    rows = await conn.fetch(
        """
        SELECT g.truck_key, g.ms, k.id AS truck, k.truck_class, k.carrier, j.id AS journey, a.leg,
            b.state
        FROM unnest($1::bigint[], $2::bigint[]) AS g (truck_key, ms)
        JOIN trucks k ON k.key = g.truck_key
        LEFT JOIN LATERAL (
            SELECT a.tenant_key, a.booking, a.leg FROM awards a
            WHERE int8range(a.truck_key, a.truck_key, '[]')
                    && int8range(g.truck_key, g.truck_key, '[]')
                AND a.during @> 'epoch'::timestamptz + g.ms * interval '1 ms'
            ORDER BY a.nr DESC LIMIT 1
        ) a ON true
        LEFT JOIN bookings b ON b.tenant_key = a.tenant_key AND b.id = a.booking
        LEFT JOIN LATERAL (
            SELECT j.id FROM journeys j CROSS JOIN (
                SELECT 'epoch'::timestamptz + g.ms * interval '1 ms' AS at) given
            WHERE j.truck_key = g.truck_key AND j.starts_at <= given.at
                AND coalesce(j.arrived_at, 'infinity') >= given.at
                AND coalesce(j.ended_at, 'infinity') > given.at
            ORDER BY j.starts_at DESC LIMIT 1
        ) j ON true
        """,
        *([key for key, _ in wanted], [ms for _, ms in wanted]),
    )
    known: dict[bytes, Booking] = {}
    found = {}
    for row in rows:
        booking = None if row["state"] is None else _booking(row["state"], known)
        found[row["truck_key"], row["ms"]] = TruckScene(
            truck=row["truck"],
            truck_class=row["truck_class"],
            carrier=row["carrier"],
            journey=row["journey"],
            booking=booking,
            leg=None if booking is None else booking.leg(row["leg"]),
        )
    return found


async def of_bookings(conn: AnyConnection, ids: Sequence[str]) -> dict[str, Booking]:
    rows = await conn.fetch("SELECT id, state FROM bookings WHERE id = ANY ($1)", sorted(set(ids)))
    return {row["id"]: _booking(row["state"], {}) for row in rows}


async def facts(conn: AnyConnection, ids: Sequence[uuid.UUID]) -> list[StoredEvent]:
    """Those that the caller may see, in the order in which they were learned."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE e.id = ANY ($1) ORDER BY e.seq", list(ids)
    )
    return [stored_event(row) for row in rows]


def _booking(state: bytes, known: dict[bytes, Booking]) -> Booking:
    """Many facts are of one load."""
    if state not in known:
        known[state] = msgspec.json.decode(state, type=Booking)
    return known[state]
