"""How a booking becomes binding: its price stands, and what was agreed is kept with it."""

from __future__ import annotations

from freight.booking.deciding import Asked, refusal_at
from freight.booking.events import BookingEvent, Confirmed
from freight.booking.rules import BookingRules, FeeRule, WaitingRule
from freight.booking.state import Agreed, Fee, FreeTime, Status
from freight.refusal import Refusal


def confirm(ask: Asked) -> list[BookingEvent]:
    booking = ask.booking
    if booking.status is not Status.CREATED:
        if booking.confirmed_ms is not None and booking.status is not Status.CANCELLED:
            raise Refusal("already_confirmed", "it is confirmed already")
        raise refusal_at(booking.status, "it cannot be confirmed")
    price = booking.price
    if price is None:
        raise Refusal("no_price", "it has no price yet: take one over from a quote")
    if booking.needs_quote:
        raise Refusal("price_outdated", "the load has changed since it was quoted: quote it anew")
    if price.expires_ms is not None and ask.now_ms >= price.expires_ms:
        raise Refusal("quote_expired", "its quote has expired: quote it anew")
    return [Confirmed(agreed=agreed(ask.rules, booking.load.truck_class), **ask.stamp)]


def agreed(rules: BookingRules, truck_class: str | None) -> Agreed:
    waiting, name = rules.detention, truck_class or ""
    return Agreed(
        pickup=_free(waiting.pickup_of_class.get(name, waiting.pickup)),
        drop=_free(waiting.drop_of_class.get(name, waiting.drop)),
        fees={
            side.value: {stage.value: _fee(fee) for stage, fee in fees.items()}
            for side, fees in rules.cancelling.fees.items()
        },
    )


def _free(rule: WaitingRule) -> FreeTime:
    return FreeTime(rule.free_minutes, rule.basis_minutes, rule.basis_minor, rule.cap_minor)


def _fee(rule: FeeRule) -> Fee:
    return Fee(rule.free_minutes, rule.fixed_minor, rule.share_bp, rule.refused)
