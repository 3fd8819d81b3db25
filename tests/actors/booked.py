"""Bookings that wait for trucks, and trucks that stand somewhere: for tests of dispatching."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

import numpy as np

from actors.booking_writing import TenantName
from actors.bookings import Answer, Bookings, Refused, Taken
from actors.life import now_ms
from actors.offering import OfferTaken, OfferWish
from freight.booking import commands as asked
from freight.booking.state import Actor, ActorKind, Booking, Quoted
from freight.load import Load, Place, Stop, StopKind
from freight.tracking.columns import LAST_DTYPE, LastArray
from store import trucks
from store.postgres import AnyPool, as_tenant

SOMEBODY = Actor(ActorKind.USER, "somebody")
DELHI, JAIPUR = (28.6, 77.2), (26.9, 75.8)


def load(weight_kg: int = 9_000, at: tuple[float, float] = DELHI) -> Load:
    return Load(
        material="cement",
        weight_kg=weight_kg,
        stops=(
            Stop("S1", StopKind.PICKUP, Place(*at, name="Okhla"), weight_kg),
            Stop("S2", StopKind.DROP, Place(*JAIPUR, name="Jaipur"), weight_kg),
        ),
    )


def create(booking_id: str, key: str | None = None, carried: Load | None = None) -> asked.Create:
    quoted = Quoted("q-1", 100_00, "digest", "INR")
    return asked.Create(
        by=SOMEBODY,
        key=key,
        id=booking_id,
        shipper=None,
        load=carried or load(),
        price=quoted,
    )


def taken(answer: Answer) -> Booking:
    assert isinstance(answer, Taken), answer
    return answer.booking


async def waiting(engine: Bookings, name: TenantName, carried: Load | None = None) -> str:
    """A booking that looks for a truck."""
    booking_id = f"bk-{secrets.token_hex(4)}"
    taken(await engine.take(name, booking_id, create(booking_id, carried=carried)))
    taken(await engine.take(name, booking_id, asked.Confirm(by=SOMEBODY)))
    return booking_id


async def add_truck(app: AnyPool, name: TenantName, **fields: Any) -> str:
    truck_id = f"T-{secrets.token_hex(4)}"
    async with as_tenant(app, name.key) as conn:
        await trucks.create(conn, name.key, id=truck_id, secret_hash="hash", **fields)
    return truck_id


def assign(truck: str, from_ms: int | None = None) -> asked.Assign:
    return asked.Assign(by=SOMEBODY, leg="L1", truck=truck, from_ms=from_ms)


@dataclasses.dataclass
class Actors:
    """Positions as a test says, and bookings as they are."""

    engine: Bookings
    at: dict[int, tuple[float, float]] = dataclasses.field(default_factory=dict)

    async def positions(self, tenant_key: int) -> LastArray:
        seen = np.zeros(len(self.at), LAST_DTYPE)
        for row, (key, (lat, lon)) in enumerate(self.at.items()):
            seen[row] = (tenant_key, key, now_ms(), now_ms(), lat, lon, 0.0, 0.0)
        return seen

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        return await self.engine.take_offer(tenant, booking_id, wish)
