"""Offers of legs: their log, how each stands, and lists of them; written by bookings' actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from freight.dispatch.offer_messages import OfferEvent
from freight.dispatch.offer_state import LegOffers, Offer
from store.errors import NotFoundError, StaleVersionError, StoreError
from store.postgres import AnyConnection, moment

COLUMNS = (
    "nr, id, version, booking, leg, carrier, truck, driver, price_minor, bid_minor, bidding, "
    "round, state, reason, made_at, expires_at, settled_at"
)


class TruckAskedError(StoreError):
    """An open offer of another leg suggests this truck."""

    def __init__(self) -> None:
        super().__init__("the truck is asked for another load just now")


@dataclass(frozen=True, slots=True)
class ListedOffer:
    nr: int
    id: str
    version: int
    booking: str
    leg: str
    carrier: str | None
    truck: str | None
    driver: str | None
    price_minor: int | None
    bid_minor: int | None
    bidding: bool
    round: int
    state: str
    reason: str | None
    made_at: datetime
    expires_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfLeg:
    """The offers of a leg at one version; 0: none was ever made."""

    version: int
    state: LegOffers


async def load(conn: AnyConnection, booking: str, leg: str) -> OfLeg:
    row = await conn.fetchrow(
        "SELECT version, state FROM leg_offers WHERE booking = $1 AND leg = $2", booking, leg
    )
    if row is None:
        return OfLeg(0, LegOffers(booking=booking, leg=leg))
    return OfLeg(row["version"], msgspec.json.decode(row["state"], type=LegOffers))


async def append(
    conn: AnyConnection, tenant_key: int, of: OfLeg, events: Sequence[OfferEvent], by: str
) -> None:
    """StaleVersionError when somebody else was first."""
    first, state = of.version + 1, of.state
    try:
        await conn.executemany(
            """
            INSERT INTO offer_log (tenant_key, booking, leg, version, at, told_by, event)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                (tenant_key, state.booking, state.leg, first + i, moment(event.at_ms), by, event)
                for i, event in enumerate(events)
            ],
        )
    except asyncpg.UniqueViolationError:
        what = f"{state.booking}/{state.leg}"
        raise StaleVersionError("leg", what, of.version, first) from None


async def put(
    conn: AnyConnection, tenant_key: int, shard: int, before: OfLeg, after: OfLeg
) -> None:
    """How they stand after what was appended; TruckAskedError: one may not be made."""
    state = after.state
    await conn.execute(
        """
        INSERT INTO leg_offers (tenant_key, booking, leg, version, escalated, state)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_key, booking, leg) DO UPDATE SET version = excluded.version,
            escalated = excluded.escalated, state = excluded.state
        """,
        *(tenant_key, state.booking, state.leg, after.version, state.escalated),
        msgspec.json.encode(state),
    )
    known = {offer.asked.id: offer for offer in before.state.offers}
    changed = [offer for offer in state.offers if known.get(offer.asked.id) != offer]
    # Those that end make room for those that begin.
    changed.sort(key=lambda offer: offer.is_open)
    try:
        await conn.executemany(
            """
            INSERT INTO offers AS o (tenant_key, booking, leg, shard, version, id, round, bidding,
                made_at, expires_at, settled_at, price_minor, bid_minor, carrier, truck, driver,
                state, reason)
            VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            ON CONFLICT (tenant_key, id) DO UPDATE SET settled_at = excluded.settled_at,
                price_minor = excluded.price_minor, bid_minor = excluded.bid_minor,
                truck = excluded.truck, driver = excluded.driver, state = excluded.state,
                reason = excluded.reason, shard = excluded.shard, version = o.version + 1
            """,
            [(tenant_key, state.booking, state.leg, shard, *_row(offer)) for offer in changed],
        )
    except asyncpg.UniqueViolationError:
        raise TruckAskedError from None


def _row(offer: Offer) -> tuple[object, ...]:
    asked = offer.asked
    return (
        *(asked.id, asked.round, asked.bidding, moment(offer.made_ms), moment(asked.expires_ms)),
        None if offer.settled_ms is None else moment(offer.settled_ms),
        asked.price_minor if offer.price_minor is None else offer.price_minor,
        None if offer.bid is None else offer.bid.price_minor,
        asked.carrier,
        offer.truck or asked.truck,
        offer.driver or asked.driver,
        *(offer.state, offer.reason),
    )


async def get(conn: AnyConnection, offer_id: str) -> ListedOffer:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM offers WHERE id = $1", offer_id)
    if row is None:
        raise NotFoundError("offer", offer_id)
    return ListedOffer(**row)


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    having: Mapping[str, str | None],
) -> list[ListedOffer]:
    """The newest first; `having`: booking, leg, carrier, truck or state that it must have."""
    given = {name: value for name, value in having.items() if value is not None}
    where = [f"{name} = ${i}" for i, name in enumerate(given, start=2)]
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM offers WHERE {' AND '.join(['nr < $1', *where])} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        2**62 if before is None else before,
        *given.values(),
    )
    return [ListedOffer(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class Due:
    tenant_key: int
    tenant: str
    booking: str
    leg: str


async def due(conn: AnyConnection, shard: int, limit: int) -> list[Due]:
    """For SYSTEM: legs with an offer that was to be answered by now."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT o.tenant_key, t.id AS tenant, o.booking, o.leg
        FROM offers o JOIN tenants t ON t.key = o.tenant_key
        WHERE o.shard = $1 AND o.state = 'made' AND o.expires_at <= clock_timestamp() LIMIT $2
        """,
        *(shard, limit),
    )
    return [Due(**row) for row in rows]
