"""What waits for a truck, who is promised, and why each leg got the truck that it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True)
class WaitingTenant:
    key: int
    id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A leg that looks for a truck, its booking and its offers as they stand."""

    booking: str
    leg: str
    state: bytes
    offers: bytes | None


@dataclass(frozen=True, slots=True)
class Engaged:
    """A truck with a standing promise, and the booking that counts on it."""

    truck_key: int
    booking: str
    leg: str
    driver: str | None
    state: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """An explanation as it is kept: see freight.dispatch.explanations."""

    booking: str
    leg: str
    asked: int
    at_ms: int
    mode: str
    truck: str | None
    explanation: bytes


async def tenants_waiting(conn: AnyConnection) -> list[WaitingTenant]:
    """For SYSTEM: whose legs look for trucks."""
    rows = await conn.fetch(
        """
        SELECT t.key, t.id FROM tenants t
        WHERE t.status = 'active' AND EXISTS (SELECT FROM booking_legs l
            WHERE l.tenant_key = t.key AND l.waiting_since IS NOT NULL)
        """
    )
    return [WaitingTenant(**row) for row in rows]


async def waiting(conn: AnyConnection, tenant_key: int, limit: int) -> list[Waiting]:
    """For SYSTEM: the longest waiting first."""
    rows = await conn.fetch(
        """
        SELECT l.booking, l.leg, b.state, o.state AS offers
        FROM booking_legs l
            JOIN bookings b ON b.tenant_key = l.tenant_key AND b.id = l.booking
            LEFT JOIN leg_offers o ON o.tenant_key = l.tenant_key AND o.booking = l.booking
                AND o.leg = l.leg
        WHERE l.tenant_key = $1 AND l.waiting_since IS NOT NULL
        ORDER BY l.waiting_since LIMIT $2
        """,
        *(tenant_key, limit),
    )
    return [Waiting(**row) for row in rows]


async def engaged(conn: AnyConnection, tenant_key: int) -> list[Engaged]:
    """For SYSTEM: every standing promise of the tenant's trucks."""
    rows = await conn.fetch(
        """
        SELECT a.truck_key, a.booking, a.leg, a.driver, b.state
        FROM awards a JOIN bookings b ON b.tenant_key = a.tenant_key AND b.id = a.booking
        WHERE a.tenant_key = $1 AND a.stands
        """,
        tenant_key,
    )
    return [Engaged(**row) for row in rows]


async def last_loads(conn: AnyConnection, tenant_key: int, since_ms: int) -> dict[int, int]:
    """For SYSTEM: truck key -> when it was given a load last, if that was since then."""
    rows = await conn.fetch(
        """
        SELECT truck_key, max(made_at) AS at FROM awards
        WHERE tenant_key = $1 AND made_at >= $2 GROUP BY truck_key
        """,
        *(tenant_key, moment(since_ms)),
    )
    return {row["truck_key"]: epoch_ms(row["at"]) for row in rows}


async def open_trucks(conn: AnyConnection, tenant_key: int) -> set[str]:
    """For SYSTEM: trucks that an open offer suggests."""
    rows = await conn.fetch(
        """
        SELECT truck FROM offers
        WHERE tenant_key = $1 AND state = 'made' AND truck IS NOT NULL AND NOT bidding
        """,
        tenant_key,
    )
    return {row["truck"] for row in rows}


async def silent_trucks(conn: AnyConnection, tenant_key: int) -> set[int]:
    """For SYSTEM: keys of trucks that should have spoken, and are out of reach."""
    rows = await conn.fetch(
        """
        SELECT truck_key FROM spans
        WHERE tenant_key = $1 AND kind = 'interruption' AND to_ts IS NULL
        """,
        tenant_key,
    )
    return {row["truck_key"] for row in rows}


async def record(conn: AnyConnection, tenant_key: int, found: Sequence[Recorded]) -> None:
    """Each in place of what was found for the leg before it was asked for again."""
    await conn.executemany(
        """
        INSERT INTO dispatch_explanations
            (tenant_key, booking, leg, asked, at, mode, truck, explanation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (tenant_key, booking, leg, asked) DO UPDATE SET at = excluded.at,
            mode = excluded.mode, truck = excluded.truck, explanation = excluded.explanation
        """,
        [
            (
                *(tenant_key, one.booking, one.leg, one.asked, moment(one.at_ms), one.mode),
                *(one.truck, one.explanation),
            )
            for one in found
        ],
    )


async def recorded(conn: AnyConnection, booking: str, limit: int) -> list[Recorded]:
    """The newest first."""
    rows = await conn.fetch(
        """
        SELECT booking, leg, asked, at, mode, truck, explanation FROM dispatch_explanations
        WHERE booking = $1 ORDER BY at DESC, leg, asked DESC LIMIT $2
        """,
        *(booking, limit),
    )
    return [
        Recorded(
            *(row["booking"], row["leg"], row["asked"], epoch_ms(row["at"]), row["mode"]),
            *(row["truck"], row["explanation"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class ShadowDay:
    day: date
    windows: int
    otherwise: int
    live: dict[str, int]
    shadow: dict[str, int]


async def add_shadow(
    conn: AnyConnection, tenant_key: int, found: ShadowDay, summed: Sequence[str]
) -> None:
    """Adds one window's figures to its day's."""
    sums = ", ".join(
        f"'{name}', (s.{{0}}->>'{name}')::bigint + (excluded.{{0}}->>'{name}')::bigint"
        for name in summed
    )
    await conn.execute(
        f"""
        INSERT INTO dispatch_shadows AS s (tenant_key, day, windows, otherwise, live, shadow)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_key, day) DO UPDATE SET windows = s.windows + excluded.windows,
            otherwise = s.otherwise + excluded.otherwise,
            live = jsonb_build_object({sums.format("live")}),
            shadow = jsonb_build_object({sums.format("shadow")})
        """,
        *(tenant_key, found.day, found.windows, found.otherwise, found.live, found.shadow),
    )


async def shadows(conn: AnyConnection, limit: int) -> list[ShadowDay]:
    """The newest day first."""
    rows = await conn.fetch(
        """
        SELECT day, windows, otherwise, live, shadow FROM dispatch_shadows
        ORDER BY day DESC LIMIT $1
        """,
        limit,
    )
    return [ShadowDay(**row) for row in rows]
