"""A tenant that dispatches, its trucks and carriers, and how they answer: for tests."""

from __future__ import annotations

import secrets

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Refused
from actors.offering import OfferTaken, OfferWish
from config.policy import Policy, policy
from freight.booking.state import Status
from freight.dispatch.offer_messages import Accept, Decline, Withdraw
from freight.dispatch.rules import Mode
from store import awards, offers
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, Actors, add_truck

NEAR, FAR = (28.7, 77.1), (28.3, 76.9)


def willing(mode: Mode = Mode.WINDOW, **offers_rules: float) -> Policy:
    """Of trucks nothing is on record, and that keeps none of them from going."""
    now = policy()
    dispatching = now.dispatch
    constraints = dispatching.constraints.model_copy(update={"allow_unknown_papers": True})
    asking = dispatching.offers.model_copy(update=offers_rules)
    update = {"mode": mode, "constraints": constraints, "offers": asking}
    papers = now.fleet.papers.model_copy(update={"required": frozenset()})
    return now.model_copy(
        update={
            "dispatch": dispatching.model_copy(update=update),
            "fleet": now.fleet.model_copy(update={"papers": papers}),
        }
    )


async def place(
    app: AnyPool, name: TenantName, actors: Actors, at: tuple[float, float], **fields: object
) -> str:
    """A truck that stands there."""
    fields = {"payload_kg": 20_000, **fields}
    truck = await add_truck(app, name, **fields)
    async with as_tenant(app, name.key) as conn:
        keys = await awards.truck_keys(conn, [truck])
    actors.at[keys[truck]] = at
    return truck


async def add_carrier(app: AnyPool, name: TenantName) -> str:
    carrier = f"c-{secrets.token_hex(4)}"
    async with as_tenant(app, name.key) as conn:
        await conn.execute(
            """
            INSERT INTO carriers (tenant_key, id, name, kyc_state) VALUES ($1, $2, $2, 'verified')
            """,
            *(name.key, carrier),
        )
    return carrier


async def offered(app: AnyPool, name: TenantName, booking: str) -> list[offers.ListedOffer]:
    async with as_tenant(app, name.key) as conn:
        found = await offers.list_page(conn, before=None, limit=50, having={"booking": booking})
    return found[::-1]


async def answer(
    engine: Bookings, name: TenantName, booking: str, command: Accept | Decline | Withdraw
) -> OfferTaken | Refused:
    return await engine.take_offer(name, booking, OfferWish("L1", command, SOMEBODY))


async def status(engine: Bookings, name: TenantName, booking: str) -> Status:
    found = await engine.find(name, booking)
    assert found is not None
    return found.status
