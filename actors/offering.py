"""Offers of a booking's legs: decided and written by its actor, in its transactions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from actors.booking_rows import held_by
from actors.booking_writing import Step, TenantName, write
from actors.dispatch_serviceability import Asking, Sending, sending_faults
from config.policy import Policy
from freight.booking import commands as asked
from freight.booking.decide import decide
from freight.booking.state import Actor, ActorKind, Booking, Leg, Status
from freight.dispatch import offers as rules_of_offers
from freight.dispatch.offer_messages import (
    LegEscalated,
    OfferAccepted,
    OfferBid,
    OfferCommand,
    OfferDeclined,
    OfferEvent,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    Withdraw,
)
from freight.dispatch.offer_state import LegOffers
from freight.events import TruckEvent, aggregate_event_id
from freight.refusal import Refusal
from store import events, offers, trucks
from store.offers import OfLeg
from store.postgres import AnyConnection

SYSTEM = Actor(ActorKind.SYSTEM, "dispatch")
NOT_SERVICEABLE = "not_serviceable"
_KINDS: dict[type[OfferEvent], str] = {
    OfferMade: "offer.made",
    OfferBid: "offer.bid",
    OfferAccepted: "offer.accepted",
    OfferDeclined: "offer.declined",
    OfferExpired: "offer.expired",
    OfferWithdrawn: "offer.withdrawn",
    LegEscalated: "booking.escalated",
}


@dataclasses.dataclass(frozen=True, slots=True)
class OfferWish:
    leg: str
    command: OfferCommand
    by: Actor
    carrier: str | None = None  # who speaks for one answers its own offers only


@dataclasses.dataclass(frozen=True, slots=True)
class OfferTaken:
    """Committed; without events nothing was to be done."""

    offers: LegOffers
    events: tuple[OfferEvent, ...]
    booking: Booking


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    conn: AnyConnection
    tenant: TenantName
    shard: int
    policy: Policy
    at_ms: int


async def decide_offer(
    scene: Scene, booking: Booking, wish: OfferWish
) -> tuple[Step | None, OfferTaken]:
    """Writes the offers, and the step that gives the leg its truck if one was accepted."""
    leg = booking.leg(wish.leg)
    if leg is None:
        raise Refusal("unknown_leg", f"this booking has no leg {wish.leg}")
    before = await offers.load(scene.conn, booking.id, leg.id)
    _refuse_others(before.state, wish)
    made = rules_of_offers.decide(
        before.state, wish.command, scene.policy.dispatch.offers, scene.at_ms
    )
    agreed = next((event for event in made if isinstance(event, OfferAccepted)), None)
    begins = agreed is not None or any(isinstance(event, OfferMade) for event in made)
    if begins and leg.status is not Status.DISPATCHING:
        raise Refusal("not_dispatching", f"{leg.id} is {leg.status}: no truck is looked for")
    step = None
    if agreed is not None:
        step = await _assigned(scene, booking, before.state, agreed, wish)
    if step is not None:
        # The booking first, as every other step of it: two that meet wait for each other in turn.
        await write(scene.conn, scene.shard, step)
    after = await _written(scene, before, made, wish.by)
    told = booking if step is None else step.after
    return step, OfferTaken(after.state, tuple(made), told)


def _refuse_others(state: LegOffers, wish: OfferWish) -> None:
    """Another carrier's offer is not there."""
    name = getattr(wish.command, "offer", None)
    if wish.carrier is None or name is None:
        return
    offer = state.find(name)
    if offer is None or offer.asked.carrier != wish.carrier:
        raise Refusal("unknown_offer", f"no offer {name} was made for {state.leg}")


async def _assigned(
    scene: Scene, booking: Booking, state: LegOffers, agreed: OfferAccepted, wish: OfferWish
) -> Step:
    offer = state.find(agreed.offer)
    if offer is None:
        raise Refusal("unknown_offer", f"no offer {agreed.offer} was made for {state.leg}")
    carrier = offer.asked.carrier
    truck = await trucks.get(scene.conn, agreed.truck)
    if truck.carrier != carrier:
        raise Refusal("not_its_truck", f"{agreed.truck} is not a truck of who was asked")
    await _refuse_unfit(scene, booking, agreed, wish.leg)
    command = asked.Assign(
        by=wish.by,
        key=f"offer/{agreed.offer}",
        leg=wish.leg,
        truck=agreed.truck,
        carrier=carrier,
        driver=agreed.driver,
        offer=agreed.offer,
        from_ms=offer.asked.from_ms if agreed.truck == offer.asked.truck else None,
    )
    made = decide(booking, command, scene.policy.booking_rules, scene.at_ms)
    if not made:
        raise Refusal("offer_accepted", f"{agreed.offer} was accepted before")
    return Step.of(scene.tenant, booking, made, scene.at_ms)


async def _refuse_unfit(scene: Scene, booking: Booking, agreed: OfferAccepted, leg_id: str) -> None:
    """It may be another truck than was suggested, and the papers others than when it was."""
    leg = booking.leg(leg_id)
    if leg is None:
        return
    asking = Asking(scene.conn, scene.tenant.key, scene.policy, scene.at_ms)
    sending = Sending(booking, leg, agreed.truck, agreed.driver)
    found = await sending_faults(asking, sending)
    if found:
        says = "; ".join(f"{reason.code}: {reason.detail}" for reason in found)
        raise Refusal(NOT_SERVICEABLE, f"{agreed.truck} may not go: {says}")


async def withdraw_moot(scene: Scene, step: Step) -> None:
    """Nobody need answer for a leg that looks for a truck no longer; and who gave it back, or was
    taken off it, has not agreed to it any more."""
    for leg in step.after.legs:
        then = None if step.before is None else step.before.leg(leg.id)
        if then is None or then.status is leg.status:
            continue
        held = held_by(then)
        if then.status is Status.DISPATCHING:
            await _withdraw(scene, step.after, leg.id, None, f"the leg is {leg.status}")
        elif held is not None and held.offer is not None and _gives_back(leg):
            await _withdraw(scene, step.after, leg.id, held.offer, f"the leg is {leg.status}")


def _gives_back(leg: Leg) -> bool:
    return held_by(leg) is None and leg.delivered_ms is None


async def _withdraw(scene: Scene, booking: Booking, leg: str, offer: str | None, why: str) -> None:
    before = await offers.load(scene.conn, booking.id, leg)
    command = Withdraw(why, offer)
    made = rules_of_offers.decide(before.state, command, scene.policy.dispatch.offers, scene.at_ms)
    await _written(scene, before, made, SYSTEM)


async def _written(scene: Scene, before: OfLeg, made: Sequence[OfferEvent], by: Actor) -> OfLeg:
    if not made:
        return before
    state = before.state
    for event in made:
        state = rules_of_offers.evolve(state, event)
    after = OfLeg(before.version + len(made), state)
    conn, tenant = scene.conn, scene.tenant
    await offers.append(conn, tenant.key, before, made, f"{by.kind}:{by.name}")
    await offers.put(conn, tenant.key, scene.shard, before, after)
    told = [
        _announced(scene, before.version + nr, event, after.state)
        for nr, event in enumerate(made, start=1)
        if type(event) in _KINDS
    ]
    await events.insert(conn, told)
    return after


def _announced(scene: Scene, version: int, event: OfferEvent, state: LegOffers) -> TruckEvent:
    subject = f"bookings/{state.booking}"
    place = f"{subject}/{state.leg}/offers"
    return TruckEvent(
        id=aggregate_event_id(scene.tenant.key, place, version, 0),
        type=_KINDS[type(event)],
        tenant_key=scene.tenant.key,
        truck_key=None,
        tenant=scene.tenant.id,
        subject=subject,
        time_ms=scene.at_ms,
        known_at_ms=scene.at_ms,
        data={"booking": state.booking, "leg": state.leg, **_said(event, state)},
    )


def _said(event: OfferEvent, state: LegOffers) -> dict[str, Any]:
    if isinstance(event, LegEscalated):
        return {"reason": event.reason}
    name = event.asked.id if isinstance(event, OfferMade) else getattr(event, "offer", "")
    offer = state.find(name)
    said: dict[str, Any] = {"offer": name, "reason": getattr(event, "reason", None)}
    if offer is not None:
        said["carrier"] = offer.asked.carrier
        said["truck"] = offer.truck or offer.asked.truck
        said["driver"] = offer.driver or offer.asked.driver
        said["expires_ms"] = offer.asked.expires_ms
    return {key: value for key, value in said.items() if value is not None}
