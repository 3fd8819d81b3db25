"""How a booking becomes binding: its price stands, and what was agreed is kept with it."""

from __future__ import annotations

from freight.booking.deciding import Asked, refusal_at
from freight.booking.events import BookingEvent, Confirmed, DispatchStarted
from freight.booking.rules import BookingRules, FeeRule, WaitingRule
from freight.booking.state import Agreed, Booking, Fee, FreeTime, Quoted, Status
from freight.refusal import Refusal


def confirm(ask: Asked) -> list[BookingEvent]:
    booking = ask.booking
    if booking.status is not Status.CREATED:
        if booking.confirmed_ms is not None and booking.status is not Status.CANCELLED:
            raise Refusal("already_confirmed", "it is confirmed already")
        raise refusal_at(booking.status, "it cannot be confirmed")
    must_be_priced(booking)
    price = booking.price
    if price is not None:
        must_be_in_force(price, ask.now_ms)
    terms = agreed(ask.rules, booking.load.truck_class, price)
    confirmed = Confirmed(agreed=terms, **ask.stamp)
    if not ask.rules.dispatch_at_confirm:
        return [confirmed]
    legs = (leg.id for leg in booking.legs if leg.is_active)
    return [confirmed, *(DispatchStarted(leg=leg, **ask.stamp) for leg in legs)]


def must_be_priced(booking: Booking) -> None:
    if booking.price is None:
        raise Refusal("no_price", "it has no price yet: take one over from a quote")
    if booking.needs_quote:
        raise Refusal("price_outdated", "the load has changed since it was quoted: quote it anew")


def must_be_in_force(price: Quoted, now_ms: int) -> None:
    if price.expires_ms is not None and now_ms >= price.expires_ms:
        raise Refusal("quote_expired", "its quote has expired: quote it anew")


def agreed(rules: BookingRules, truck_class: str | None, price: Quoted | None) -> Agreed:
    """What the quote says of waiting goes before the tenant's rules."""
    waiting, name = rules.detention, truck_class or ""
    pickup = None if price is None else price.pickup
    drop = None if price is None else price.drop
    return Agreed(
        pickup=pickup or _free(waiting.pickup_of_class.get(name, waiting.pickup)),
        drop=drop or _free(waiting.drop_of_class.get(name, waiting.drop)),
        fees={
            side.value: {stage.value: _fee(fee) for stage, fee in fees.items()}
            for side, fees in rules.cancelling.fees.items()
        },
    )


def _free(rule: WaitingRule) -> FreeTime:
    return FreeTime(rule.free_minutes, rule.basis_minutes, rule.basis_minor, rule.cap_minor)


def _fee(rule: FeeRule) -> Fee:
    return Fee(rule.free_minutes, rule.fixed_minor, rule.share_bp, rule.refused)
