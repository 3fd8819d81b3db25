"""Who ends a leg before it is delivered, at which stage, and what that costs whom."""

from __future__ import annotations

from freight.booking import detention
from freight.booking.commands import Cancel, Fail
from freight.booking.deciding import Asked, must_not_be_over, refusal_at
from freight.booking.events import BookingEvent, CarrierWithdrew, LegCancelled, LegFailed
from freight.booking.replacing import ended
from freight.booking.rules import Stage
from freight.booking.state import (
    UNDER_WAY,
    Booking,
    Charge,
    ChargeHead,
    Fee,
    Leg,
    Side,
    Status,
)
from freight.money import rounded
from freight.refusal import Refusal

WHOLE_BP = 10_000  # basis points in a whole
MINUTE_MS = 60_000  # in a minute

_STAGES = {
    Status.CREATED: Stage.CREATED,
    Status.CONFIRMED: Stage.CONFIRMED,
    Status.DISPATCHING: Stage.CONFIRMED,
    Status.ASSIGNED: Stage.ASSIGNED,
    Status.EN_ROUTE: Stage.EN_ROUTE,
    Status.AT_PICKUP: Stage.AT_PICKUP,
}


def cancel(ask: Asked, command: Cancel) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "it cannot be cancelled")
    legs = ask.booking.active_legs if command.leg is None else (ask.leg(command.leg),)
    told: list[BookingEvent] = []
    for leg in legs:
        if leg.status in (Status.DELIVERED, Status.CANCELLED):
            raise refusal_at(leg.status, f"{leg.id} cannot be cancelled")
        if command.side is Side.CARRIER and leg.carriage is None:
            raise refusal_at(leg.status, "there is no carrier that could cancel")
        told += _cancelled(ask, leg, command.side)
    return told


def _cancelled(ask: Asked, leg: Leg, side: Side) -> list[BookingEvent]:
    charge = _charge(ask.booking, leg, side, ask.now_ms)
    carriage = None if leg.carriage is None else ended(leg, leg.carriage, ask.now_ms)
    if side is Side.CARRIER and carriage is not None and ask.rules.cancelling.carrier_withdraws:
        if leg.has_cargo:
            raise Refusal("loaded", "the load is aboard: it is handed over to another truck")
        withdrew = CarrierWithdrew(
            leg=leg.id, carriage=carriage, stage=leg.status, charge=charge, **ask.stamp
        )
        return [withdrew]
    told: list[BookingEvent] = []
    if side is Side.SHIPPER:
        told += detention.settled_now(ask.booking, leg, ask.rules, ask.now_ms, ask.stamp)
    cancelled = LegCancelled(
        leg=leg.id, side=side, stage=leg.status, charge=charge, carriage=carriage, **ask.stamp
    )
    return [*told, cancelled]


def stage_of(leg: Leg) -> Stage | None:
    """None: nobody has it any more, which is no fault of who cancels."""
    if leg.has_cargo:
        return Stage.LOADED
    return _STAGES.get(leg.status)


def _charge(booking: Booking, leg: Leg, side: Side, now_ms: int) -> Charge | None:
    stage = stage_of(leg)
    if stage is None or booking.agreed is None:
        return None
    fee = booking.agreed.fees.get(side.value, {}).get(stage.value)
    if fee is None:
        return None
    if fee.refused:
        raise Refusal("loaded" if stage is Stage.LOADED else "too_late", "it is too far to cancel")
    amount_minor = _owed_minor(booking, leg, fee, _entered_ms(booking, leg, stage), now_ms)
    if amount_minor == 0:
        return None
    returns = stage is Stage.LOADED
    attempt = len(leg.carriages)
    return Charge(
        id=f"cancellation/{leg.id}/{attempt}",
        head=ChargeHead.RETURN if returns else ChargeHead.CANCELLATION,
        leg=leg.id,
        stop=None,
        payer=side,
        amount_minor=amount_minor,
    )


def _entered_ms(booking: Booking, leg: Leg, stage: Stage) -> int:
    if stage is Stage.CONFIRMED and booking.confirmed_ms is not None:
        return booking.confirmed_ms
    return leg.since_ms


def _owed_minor(booking: Booking, leg: Leg, fee: Fee, entered_ms: int, now_ms: int) -> int:
    if now_ms < entered_ms + fee.free_minutes * MINUTE_MS:
        return 0
    return max(fee.fixed_minor, rounded(price_of_leg(booking, leg) * fee.share_bp, WHOLE_BP))


def price_of_leg(booking: Booking, leg: Leg) -> int:
    """By weight; the prices of all legs make up the whole to the paisa."""
    total, before = booking.agreed_minor or 0, 0
    whole_kg = sum(each.weight_kg for each in booking.legs)
    for each in booking.legs:
        if each.id == leg.id:
            break
        before += each.weight_kg
    return rounded(total * (before + leg.weight_kg), whole_kg) - rounded(total * before, whole_kg)


def fail(ask: Asked, command: Fail) -> list[BookingEvent]:
    must_not_be_over(ask.booking, "it cannot fail")
    leg = ask.leg(command.leg)
    if leg.status not in UNDER_WAY and leg.status is not Status.DISPATCHING:
        raise refusal_at(leg.status, f"{leg.id} cannot fail")
    carriage = None if leg.carriage is None else ended(leg, leg.carriage, ask.now_ms)
    return [LegFailed(leg=leg.id, stage=leg.status, carriage=carriage, **ask.stamp)]
