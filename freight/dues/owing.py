"""What a booking owes, in which parts and when: derived from how it stands, never remembered."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from freight.booking.state import OVER, Booking, Charge, Leg, Side, Status, Term, TermKind
from freight.dues.rules import DuesRules, Moment
from freight.load import StopKind
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP

DAY_MS = 86_400_000  # in a day


class DueState(StrEnum):
    AWAITED = "awaited"  # it is not known yet when
    OPEN = "open"
    PAID = "paid"


class Due(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str  # the kind, and its number where there are several: the same for as long as it is owed
    kind: TermKind
    amount_minor: int
    due_ms: int | None
    paid_minor: int = 0

    @property
    def open_minor(self) -> int:
        return self.amount_minor - self.paid_minor

    @property
    def state(self) -> DueState:
        if self.open_minor <= 0:
            return DueState.PAID
        return DueState.AWAITED if self.due_ms is None else DueState.OPEN


def carriage_minor(booking: Booking) -> int | None:
    """The price with what was adjusted, for the part of the load that is carried."""
    agreed_minor = booking.agreed_minor
    if agreed_minor is None:
        return None
    carried_kg = sum(leg.weight_kg for leg in booking.active_legs)
    of_kg = sum(leg.weight_kg for leg in booking.legs)
    return rounded(agreed_minor * carried_kg, of_kg) if carried_kg < of_kg else agreed_minor


def charges_of(booking: Booking, payer: Side) -> list[Charge]:
    return [one for one in booking.charges.values() if one.payer is payer and one.amount_minor]


def dues_of(
    booking: Booking, final_minor: int | None, rules: DuesRules, received_minor: int
) -> tuple[Due, ...]:
    """`final_minor` is what its documents come to, as soon as there are any. What was received
    fills the parts in the order in which they are due."""
    agreed_minor = carriage_minor(booking)
    if agreed_minor is None or booking.confirmed_ms is None:
        return ()
    if final_minor is None:
        extra_minor = sum(one.amount_minor for one in charges_of(booking, Side.SHIPPER))
        final_minor = agreed_minor + extra_minor
    return _filled(_parts(booking, agreed_minor, final_minor, rules), received_minor)


def _parts(booking: Booking, agreed_minor: int, final_minor: int, rules: DuesRules) -> list[Due]:
    """The terms share what was agreed; what it comes to beside that is the last part's, and what
    is taken off goes from the last part backwards."""
    parts: list[Due] = []
    shared_bp = shared_minor = 0
    for term in booking.terms:
        shared_bp += term.share_bp
        upto_minor = rounded(agreed_minor * shared_bp, WHOLE_BP)
        due_ms = due_of(booking, term, rules)
        name = f"{term.kind.value}-{sum(one.kind is term.kind for one in parts) + 1}"
        parts.append(Due(name, term.kind, upto_minor - shared_minor, due_ms))
        shared_minor = upto_minor
    left_minor = final_minor - shared_minor
    for number in reversed(range(len(parts))):
        part = parts[number]
        amount_minor = max(part.amount_minor + left_minor, 0)
        left_minor -= amount_minor - part.amount_minor
        parts[number] = msgspec.structs.replace(part, amount_minor=amount_minor)
    return parts


def _filled(parts: Sequence[Due], received_minor: int) -> tuple[Due, ...]:
    in_turn = sorted(
        range(len(parts)),
        key=lambda n: (parts[n].due_ms is None, parts[n].due_ms or 0, n),
    )
    filled = list(parts)
    for number in in_turn:
        paid_minor = min(max(received_minor, 0), parts[number].amount_minor)
        received_minor -= paid_minor
        filled[number] = msgspec.structs.replace(parts[number], paid_minor=paid_minor)
    return tuple(filled)


# ------------------------------------------------------------------------------------- when


def due_of(booking: Booking, term: Term, rules: DuesRules) -> int | None:
    """None: what it waits for has not happened."""
    if booking.status is Status.CANCELLED:
        return booking.confirmed_ms
    if term.kind is TermKind.ADVANCE:
        return moment_of(booking, rules.advance_at)
    delivered_ms = moment_of(booking, Moment.DELIVERED)
    if delivered_ms is None or term.kind is TermKind.COD:
        return delivered_ms
    days = rules.balance_days if term.credit_days is None else term.credit_days
    return delivered_ms + days * DAY_MS


def moment_of(booking: Booking, moment: Moment) -> int | None:
    """When all of it was there."""
    if moment is Moment.CONFIRMED:
        return booking.confirmed_ms
    legs = booking.active_legs
    times = [
        leg.delivered_ms if moment is Moment.DELIVERED else loaded_ms(booking, leg) for leg in legs
    ]
    known = [at_ms for at_ms in times if at_ms is not None]
    return max(known) if known and len(known) == len(legs) else None


def loaded_ms(booking: Booking, leg: Leg) -> int | None:
    """When all of the leg's goods were aboard."""
    pickups = [stop for stop in booking.stops_of(leg) if stop.kind is StopKind.PICKUP]
    done = [leg.at(stop.id).done for stop in pickups]
    marks = [mark.at_ms for mark in done if mark is not None]
    return max(marks) if marks and len(marks) == len(done) else None


def is_final(booking: Booking, rules: DuesRules) -> bool:
    """Whether it can be said what it comes to."""
    if booking.confirmed_ms is None:
        return False
    return booking.status in OVER or moment_of(booking, rules.invoice_at) is not None
