"""A leg that is too much for one truck becomes several; legs never become one again."""

from __future__ import annotations

from msgspec.structs import replace

from freight.booking import legs
from freight.booking.commands import Merge, Split
from freight.booking.creating import must_be_carriable
from freight.booking.deciding import Asked, must_not_be_over, refusal_at
from freight.booking.events import BookingEvent, LegSplit
from freight.booking.state import Booking, Leg, Status
from freight.load import Load
from freight.refusal import Refusal

FREE = frozenset({Status.CREATED, Status.CONFIRMED, Status.DISPATCHING, Status.FAILED})


def split(ask: Asked, command: Split) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "it cannot be split")
    leg, weights_kg = ask.leg(command.leg), command.weights_kg
    if leg.status not in FREE or leg.has_cargo:
        raise refusal_at(leg.status, f"{leg.id} cannot be split")
    if len(weights_kg) < 2 or min(weights_kg) <= 0 or sum(weights_kg) != leg.weight_kg:
        says = f"two or more weights above zero must make up the {leg.weight_kg} kg of {leg.id}"
        raise Refusal("invalid_legs", says)
    count = len(ask.booking.legs)
    must_be_carriable(weights_kg, count + len(weights_kg) - 1, ask.rules)
    numbers = range(count + 1, count + len(weights_kg))
    ids = [leg.id, *(legs.leg_id(number) for number in numbers)]
    parts = legs.plans(_load_of(ask.booking, leg), weights_kg, ids)
    return [LegSplit(leg=leg.id, parts=parts, **ask.stamp)]


def _load_of(booking: Booking, leg: Leg) -> Load:
    stops = tuple(replace(s, weight_kg=leg.shares[s.id]) for s in booking.stops_of(leg))
    return replace(booking.load, weight_kg=leg.weight_kg, stops=stops)


def merge(ask: Asked, command: Merge) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "its legs cannot be merged")
    for leg_id in command.legs:
        ask.leg(leg_id)
    says = (
        "each leg has its own truck, offers, proofs and papers, which cannot be made one: cancel "
        "the legs that are too many and amend the load"
    )
    raise Refusal("no_merging", says)
