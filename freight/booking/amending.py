"""What may still be changed of a booking, at which stage, and what it costs in new quotes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.booking import legs
from freight.booking.commands import Adjust, Amend, Reprice
from freight.booking.confirming import agreed, must_be_in_force
from freight.booking.creating import must_add_up, must_be_carriable, must_fit, whole
from freight.booking.deciding import Asked, must_not_be_over, refusal_at
from freight.booking.events import (
    Adjusted,
    BookingEvent,
    ContactsAmended,
    DocumentsAmended,
    LegPlan,
    LoadAmended,
    ReferencesAmended,
    Repriced,
    TermsAmended,
    WindowsAmended,
)
from freight.booking.state import RANK, UNDER_WAY, Adjustment, Booking, Status
from freight.load import Contact, Load, Stop, Window
from freight.money import rounded
from freight.refusal import Refusal


def amend(ask: Asked, command: Amend) -> list[BookingEvent]:
    """One event for each matter that really changes."""
    must_not_be_over(ask.booking, "it cannot be amended")
    load = ask.booking.load
    windows, contacts = dict(command.windows or {}), dict(command.contacts or {})
    told: list[BookingEvent] = []
    if command.load is not None or command.legs_kg:
        wanted = command.load or load
        if _bare(wanted) == _bare(load) and not command.legs_kg:
            windows = {stop.id: stop.window for stop in wanted.stops} | windows
            contacts = {stop.id: stop.contact for stop in wanted.stops} | contacts
        else:
            told += _amend_load(ask, wanted, command.legs_kg)
            load = wanted
    told += _amend_windows(ask, load, windows)
    told += _amend_contacts(ask, load, contacts)
    told += _amend_rest(ask, command)
    return told


def _must_be_before(booking: Booking, until: Status, what: str) -> None:
    farthest = max((leg.status for leg in booking.active_legs), key=lambda status: RANK[status])
    if RANK[farthest] > RANK[until]:
        raise Refusal("too_late", f"{what} may change until {until.value}, not at {farthest.value}")


# ------------------------------------------------------------------------------------ load


def _bare(load: Load) -> Load:
    """What a price is for."""
    return replace(load, stops=tuple(_bare_stop(stop) for stop in load.stops))


def _bare_stop(stop: Stop) -> Stop:
    return replace(stop, window=Window(), contact=None)


def _amend_load(ask: Asked, wanted: Load, legs_kg: tuple[int, ...]) -> list[BookingEvent]:
    booking = ask.booking
    until = ask.rules.amending
    if replace(_bare(wanted), stops=()) != replace(_bare(booking.load), stops=()):
        _must_be_before(booking, until.load_until, "the load")
    if _bare(wanted).stops != _bare(booking.load).stops:
        _must_be_before(booking, until.stops_until, "stops")
    must_add_up(wanted)
    _must_keep_reached(booking, wanted)
    plans = _plans(ask, wanted, legs_kg)
    if wanted == booking.load and all(_is_planned(booking, plan) for plan in plans):
        return []
    return [LoadAmended(before=booking.load, after=wanted, legs=plans, **ask.stamp)]


def _is_planned(booking: Booking, plan: LegPlan) -> bool:
    leg = booking.leg(plan.id)
    return leg is not None and leg.shares == plan.shares


def _must_keep_reached(booking: Booking, wanted: Load) -> None:
    for leg in booking.active_legs:
        for number, stop in enumerate(booking.load.stops):
            if leg.at(stop.id).arrived is None:
                continue
            if wanted.stops[number : number + 1] == (stop,):
                continue
            raise Refusal("stop_reached", f"{leg.id} has come to stop {stop.id} already")


def _plans(ask: Asked, wanted: Load, legs_kg: tuple[int, ...]) -> tuple[LegPlan, ...]:
    active = ask.booking.active_legs
    weights_kg = legs_kg
    if not weights_kg and len(active) == 1:
        weights_kg = (wanted.weight_kg,)
    elif not weights_kg:
        weights_kg = tuple(leg.weight_kg for leg in active)
    if len(active) > 1 and any(_is_carried(leg.status) for leg in active):
        raise Refusal("legs_under_way", "trucks have legs of it: what each carries is fixed")
    right = len(weights_kg) == len(active) and min(weights_kg) > 0
    if not right or sum(weights_kg) != wanted.weight_kg:
        says = f"say the new weights of {len(active)} legs, together {wanted.weight_kg} kg"
        raise Refusal("invalid_legs", says)
    must_be_carriable(weights_kg, len(ask.booking.legs), ask.rules)
    return legs.plans(wanted, weights_kg, [leg.id for leg in active])


def _is_carried(status: Status) -> bool:
    return status in UNDER_WAY or status is Status.DELIVERED


# ----------------------------------------------------------------------- windows, contacts


def _amend_windows(ask: Asked, load: Load, asked: dict[str, Window]) -> list[BookingEvent]:
    before = {stop.id: stop.window for stop in load.stops}
    _must_be_stops(asked.keys(), load)
    after = {key: window for key, window in asked.items() if window != before[key]}
    if not after:
        return []
    _must_be_before(ask.booking, ask.rules.amending.stops_until, "windows")
    for key, window in after.items():
        if None not in (window.from_ms, window.to_ms) and (window.from_ms or 0) > (
            window.to_ms or 0
        ):
            raise Refusal("invalid_window", f"the window of stop {key} ends before it begins")
        if any(leg.at(key).arrived is not None for leg in ask.booking.active_legs):
            raise Refusal("stop_reached", f"a truck has come to stop {key} already")
    return [WindowsAmended(before={k: before[k] for k in after}, after=after, **ask.stamp)]


def _amend_contacts(ask: Asked, load: Load, asked: dict[str, Contact | None]) -> list[BookingEvent]:
    before = {stop.id: stop.contact for stop in load.stops}
    _must_be_stops(asked.keys(), load)
    after = {key: contact for key, contact in asked.items() if contact != before[key]}
    if not after:
        return []
    _must_be_before(ask.booking, ask.rules.amending.details_until, "contacts")
    return [ContactsAmended(before={k: before[k] for k in after}, after=after, **ask.stamp)]


def _must_be_stops(stops: Iterable[str], load: Load) -> None:
    unknown = sorted(set(stops) - {stop.id for stop in load.stops})
    if unknown:
        raise Refusal("unknown_stop", f"there is no stop {', '.join(unknown)}")


def _amend_rest(ask: Asked, command: Amend) -> list[BookingEvent]:
    booking, until = ask.booking, ask.rules.amending
    told: list[BookingEvent] = []
    if command.terms is not None and whole(command.terms) != booking.terms:
        _must_be_before(booking, until.terms_until, "terms")
        terms = whole(command.terms)
        told.append(TermsAmended(before=booking.terms, after=terms, **ask.stamp))
    references, documents = command.references, command.documents
    must_fit(references or {}, documents or (), ask.rules)
    if references is not None and references != booking.references:
        _must_be_before(booking, until.details_until, "references")
        told.append(ReferencesAmended(before=booking.references, after=references, **ask.stamp))
    if documents is not None and documents != booking.documents:
        _must_be_before(booking, until.details_until, "documents")
        told.append(DocumentsAmended(before=booking.documents, after=documents, **ask.stamp))
    return told


# ----------------------------------------------------------------------------------- price


def reprice(ask: Asked, command: Reprice) -> list[BookingEvent]:
    booking, price = ask.booking, command.price
    must_not_be_over(booking, "its price is final")
    must_be_in_force(price, ask.now_ms)
    if price == booking.price and not booking.needs_quote:
        return []
    terms = None
    if booking.confirmed_ms is not None:
        terms = agreed(ask.rules, booking.load.truck_class, price)
    return [Repriced(before=booking.price, after=price, agreed=terms, **ask.stamp)]


def adjust(ask: Asked, command: Adjust) -> list[BookingEvent]:
    booking = ask.booking
    if booking.confirmed_ms is None or booking.status is Status.CANCELLED:
        raise refusal_at(booking.status, "nothing is agreed that could be adjusted")
    must_not_be_over(booking, "its price is final")
    if command.leg is not None:
        ask.leg(command.leg)
    if command.per <= 0 or command.quantity <= 0:
        raise Refusal("invalid_quantity", "quantities, and what a price is per, are above zero")
    amount_minor = rounded(command.quantity * command.unit_minor, command.per)
    if amount_minor + (booking.agreed_minor or 0) < 0:
        raise Refusal("below_zero", "the price would be less than nothing")
    adjustment = Adjustment(
        id=f"A{len(booking.adjustments) + 1}",
        head=command.head,
        unit=command.unit,
        quantity=command.quantity,
        per=command.per,
        unit_minor=command.unit_minor,
        amount_minor=amount_minor,
        leg=command.leg,
    )
    return [Adjusted(adjustment=adjustment, **ask.stamp)]
