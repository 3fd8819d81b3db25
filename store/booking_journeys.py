"""Which trucks of booked legs have no journey, and which journeys have outlived their leg (SYSTEM).

A leg's journey is named for it, so that whoever begins it twice begins one: see `name_of`.
"""

from __future__ import annotations

from dataclasses import dataclass

from freight.booking.state import UNDER_WAY
from store.postgres import AnyConnection

PREFIX = "bj"
_UNDER_WAY = sorted(UNDER_WAY)
_BOOKING = f"substring(j.id FROM '^{PREFIX}-(.+)-[^-]+-[0-9]+$')"
_LEG = f"substring(j.id FROM '^{PREFIX}-.+-([^-]+)-[0-9]+$')"


def name_of(booking: str, leg: str, nth: int) -> str:
    """`nth` counts the trucks that had the leg one after another."""
    return f"{PREFIX}-{booking}-{leg}-{nth}"


@dataclass(frozen=True, slots=True)
class Due:
    tenant_key: int
    tenant: str
    booking: str
    leg: str


@dataclass(frozen=True, slots=True)
class Outlived:
    tenant_key: int
    journey: str
    status: str  # of the leg
    swapped: bool  # another truck has it


async def wanting(conn: AnyConnection, shard: int, limit: int) -> list[Due]:
    """Legs under way whose truck follows nothing, whoever it is to follow it for."""
    rows = await conn.fetch(
        """
        SELECT l.tenant_key, t.id AS tenant, l.booking, l.leg
        FROM booking_legs l JOIN tenants t ON t.key = l.tenant_key AND t.status = 'active'
        WHERE l.shard = $1 AND l.drives AND l.truck_key IS NOT NULL AND l.status = ANY ($2)
            AND NOT EXISTS (SELECT FROM journeys j
                WHERE j.truck_key = l.truck_key AND j.ended_at IS NULL)
        LIMIT $3
        """,
        *(shard, _UNDER_WAY, limit),
    )
    return [Due(**row) for row in rows]


async def outlived(conn: AnyConnection, shard: int) -> list[Outlived]:
    """Journeys of legs that are done or given up, or that another truck has; one that a person has
    sent another way is that person's.
    """
    rows = await conn.fetch(
        f"""
        SELECT j.tenant_key, j.id AS journey, l.status,
            l.truck_key IS NOT NULL AND l.truck_key <> j.truck_key AS swapped
        FROM journeys j JOIN booking_legs l ON l.tenant_key = j.tenant_key
            AND l.booking = {_BOOKING} AND l.leg = {_LEG} AND l.shard = $1
        WHERE j.ended_at IS NULL AND j.id LIKE '{PREFIX}-%' AND j.route_id = j.id
            AND (l.status <> ALL ($2) OR l.truck_key IS DISTINCT FROM j.truck_key)
        """,
        *(shard, _UNDER_WAY),
    )
    return [Outlived(**row) for row in rows]
