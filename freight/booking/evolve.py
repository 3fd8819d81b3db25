"""What a booking is after one more event; never fails, so that a log once written can be read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.booking import events as happened
from freight.booking.events import BookingEvent, LegPlan
from freight.booking.state import (
    RANK,
    Booking,
    Carriage,
    Charge,
    Leg,
    Mark,
    Milestone,
    Status,
    StopProgress,
)
from freight.load import Load, StopKind


def evolve(booking: Booking | None, event: BookingEvent) -> Booking:
    if isinstance(event, happened.Created):
        return _created(event)
    if booking is None:
        raise ValueError(f"a log begins with its creation, not with {type(event).__name__}")
    after = _of_leg(booking, event) or _of_whole(booking, event)
    before = {id(leg) for leg in booking.legs} if after.load is booking.load else frozenset()
    legs = tuple(
        leg if id(leg) in before else _with_status(after, leg, event.at_ms) for leg in after.legs
    )
    keys = after.keys
    if event.key is not None and event.key not in keys:
        keys = (*keys, event.key)
    version = booking.version + 1
    return replace(after, legs=legs, status=_whole_status(legs), version=version, keys=keys)


def replayed(events: Iterable[BookingEvent], booking: Booking | None = None) -> Booking | None:
    for event in events:
        booking = evolve(booking, event)
    return booking


def _created(event: happened.Created) -> Booking:
    return Booking(
        id=event.id,
        shipper=event.shipper,
        version=1,
        status=Status.CREATED,
        load=event.load,
        legs=tuple(_planned(plan, Status.CREATED, event.at_ms) for plan in event.legs),
        terms=event.terms,
        price=event.price,
        needs_quote=event.price is None,
        created_ms=event.at_ms,
        references=event.references,
        documents=event.documents,
        declared_value_minor=event.declared_value_minor,
        keys=() if event.key is None else (event.key,),
    )


def _planned(plan: LegPlan, standing: Status, since_ms: int) -> Leg:
    return Leg(
        id=plan.id,
        weight_kg=plan.weight_kg,
        shares=plan.shares,
        standing=standing,
        status=standing,
        since_ms=since_ms,
    )


# ---------------------------------------------------------------------------------- status


def _with_status(booking: Booking, leg: Leg, at_ms: int) -> Leg:
    status = status_of(booking, leg)
    return leg if status is leg.status else replace(leg, status=status, since_ms=at_ms)


def status_of(booking: Booking, leg: Leg) -> Status:
    """Of what stands about its stops; a stop that was left unproven does not hold up the next."""
    if leg.standing is not Status.ASSIGNED:
        return leg.standing
    if leg.delivered_ms is not None:
        return Status.DELIVERED
    stops = booking.stops_of(leg)
    ahead = next((stop for stop in stops if leg.at(stop.id).left is None), None)
    if ahead is None:
        return Status.AT_DROP  # it has left, but its proof is awaited
    if leg.at(ahead.id).arrived is None:
        return _between(leg, carries=ahead is not stops[0])
    if ahead.kind is StopKind.DROP:
        return Status.AT_DROP
    return Status.AT_PICKUP if leg.at(ahead.id).done is None else Status.LOADED


def _between(leg: Leg, *, carries: bool) -> Status:
    if carries:
        return Status.IN_TRANSIT
    return Status.ASSIGNED if leg.en_route is None else Status.EN_ROUTE


def _whole_status(legs: tuple[Leg, ...]) -> Status:
    active = [leg.status for leg in legs if leg.is_active]
    return min(active, key=lambda status: RANK[status], default=Status.CANCELLED)


# ------------------------------------------------------------------------------- the whole


def _of_whole(booking: Booking, event: BookingEvent) -> Booking:
    match event:
        case happened.LoadAmended():
            after = _load_amended(booking, event)
        case happened.WindowsAmended() | happened.ContactsAmended():
            after = replace(booking, load=_with_details(booking, event))
        case happened.TermsAmended():
            after = replace(booking, terms=event.after)
        case happened.ReferencesAmended():
            after = replace(booking, references=event.after)
        case happened.DocumentsAmended():
            after = replace(booking, documents=event.after)
        case happened.Repriced():
            agreed = event.agreed or booking.agreed
            after = replace(booking, price=event.after, needs_quote=False, agreed=agreed)
        case happened.Adjusted():
            after = replace(booking, adjustments=(*booking.adjustments, event.adjustment))
        case happened.Confirmed():
            confirmed = replace(booking, agreed=event.agreed, confirmed_ms=event.at_ms)
            after = _standing(confirmed, Status.CONFIRMED)
        case happened.Closed():
            after = _standing(booking, Status.CLOSED)
        case _:
            after = booking
    return after


def _standing(booking: Booking, standing: Status) -> Booking:
    legs = (replace(leg, standing=standing) if leg.is_active else leg for leg in booking.legs)
    return replace(booking, legs=tuple(legs))


def _load_amended(booking: Booking, event: happened.LoadAmended) -> Booking:
    plans = {plan.id: plan for plan in event.legs}
    legs = tuple(
        replace(_offered_anew(leg), weight_kg=plan.weight_kg, shares=plan.shares)
        if (plan := plans.get(leg.id)) is not None
        else leg
        for leg in booking.legs
    )
    return replace(booking, load=event.after, legs=legs, needs_quote=True)


def _with_details(
    booking: Booking, event: happened.WindowsAmended | happened.ContactsAmended
) -> Load:
    if isinstance(event, happened.WindowsAmended):
        windows = event.after
        stops = (replace(s, window=windows.get(s.id, s.window)) for s in booking.load.stops)
    else:
        contacts = event.after
        stops = (replace(s, contact=contacts.get(s.id, s.contact)) for s in booking.load.stops)
    return replace(booking.load, stops=tuple(stops))


# ------------------------------------------------------------------------------------ legs


def _of_leg(booking: Booking, event: BookingEvent) -> Booking | None:
    """None: it is not about one leg."""
    leg = booking.leg(getattr(event, "leg", ""))
    if leg is None:
        return None
    match event:
        case happened.DetentionSettled() | happened.DetentionReopened():
            return _detention(booking, event)
        case happened.LegSplit():
            return _split(booking, leg, event)
        case happened.CarrierWithdrew(charge=charge) | happened.LegCancelled(charge=charge):
            booking = _charged(booking, charge)
        case _:
            pass
    changed = _turned(leg, event) or _seen(leg, event) or _told(leg, event)
    legs = tuple(changed if other.id == leg.id else other for other in booking.legs)
    after = replace(booking, legs=legs)
    if isinstance(event, happened.LegCancelled) and after.active_legs:
        return replace(after, needs_quote=True)  # less is carried than was quoted
    return after


def _charged(booking: Booking, charge: Charge | None) -> Booking:
    if charge is None:
        return booking
    return replace(booking, charges=booking.charges | {charge.id: charge})


def _detention(
    booking: Booking, event: happened.DetentionSettled | happened.DetentionReopened
) -> Booking:
    if isinstance(event, happened.DetentionSettled):
        return _charged(booking, event.charge)
    charges = {k: charge for k, charge in booking.charges.items() if k != event.before.id}
    return replace(booking, charges=charges)


def _split(booking: Booking, leg: Leg, event: happened.LegSplit) -> Booking:
    first, *others = event.parts
    leg = _offered_anew(leg)
    kept = replace(leg, weight_kg=first.weight_kg, shares=first.shares)
    legs = tuple(kept if other.id == leg.id else other for other in booking.legs)
    added = tuple(_planned(plan, leg.standing, event.at_ms) for plan in others)
    return replace(booking, legs=(*legs, *added))


def _offered_anew(leg: Leg) -> Leg:
    """What was offered to carriers is no longer what there is to carry."""
    offered = leg.standing is Status.DISPATCHING
    return replace(leg, standing=Status.CONFIRMED) if offered else leg


def _turned(leg: Leg, event: BookingEvent) -> Leg | None:
    """Who has the leg, and how it stands. None: the event is about something else."""
    after: Leg | None = None
    match event:
        case happened.DispatchStarted():
            after = replace(leg, standing=Status.DISPATCHING)
        case happened.Assigned():
            carriages = (*leg.carriages, event.carriage)
            after = replace(leg, standing=Status.ASSIGNED, carriages=carriages)
        case happened.Unassigned(carriage=ended) | happened.CarrierWithdrew(carriage=ended):
            after = replace(_without(leg, ended), standing=Status.DISPATCHING)
        case happened.Swapped():
            freed = _without(leg, event.before)
            after = replace(freed, carriages=(*freed.carriages, event.after))
        case happened.LegFailed():
            after = replace(_without(leg, event.carriage), standing=Status.FAILED)
        case happened.LegCancelled():
            after = replace(_without(leg, event.carriage), standing=Status.CANCELLED)
        case happened.Delivered():
            after = replace(leg, delivered_ms=event.at_ms, silent_ms=None)
        case _:
            pass
    return after


def _without(leg: Leg, ended: Carriage | None) -> Leg:
    """What a truck reached that carried nothing is of no use to the next one."""
    if ended is None:
        return leg
    ended_leg = replace(leg, carriages=(*leg.carriages[:-1], ended), silent_ms=None)
    if not ended.void:
        return ended_leg
    return replace(ended_leg, en_route=None, stops={}, sightings={}, pins=(), exclusions=())


def _seen(leg: Leg, event: BookingEvent) -> Leg | None:
    """What its truck was seen to do. None: the event is about something else."""
    match event:
        case happened.Sighted(sighting=seen):
            return replace(leg, sightings=leg.sightings | {seen.fact: seen})
        case happened.TruckSilent():
            return replace(leg, silent_ms=event.silent_ms)
        case happened.TruckHeard():
            return replace(leg, silent_ms=None)
        case _:
            return None


def _told(leg: Leg, event: BookingEvent) -> Leg:
    """What is known of its way."""
    match event:
        case happened.Pinned(pin=pin):
            others = (p for p in leg.pins if (p.milestone, p.stop) != (pin.milestone, pin.stop))
            after = replace(leg, pins=(*others, pin))
        case happened.Unpinned(pin=pin):
            after = replace(leg, pins=tuple(other for other in leg.pins if other != pin))
        case happened.Reached() | happened.MilestoneMoved():
            after = _marked(leg, event.milestone, event.stop, event.mark)
        case happened.MilestoneTakenBack():
            after = _marked(leg, event.milestone, event.stop, None)
        case happened.CodeSet():
            after = replace(leg, codes=leg.codes | {event.stop: event.code})
        case happened.ProofRefused():
            code = replace(leg.codes[event.stop], misses=event.misses)
            after = replace(leg, codes=leg.codes | {event.stop: code})
        case happened.ProofRecorded():
            after = replace(leg, proofs=(*leg.proofs, event.proof))
        case happened.DetentionExcluded():
            after = replace(leg, exclusions=(*leg.exclusions, event.exclusion))
        case _:
            after = leg
    return after


def _marked(leg: Leg, milestone: Milestone, stop: str | None, mark: Mark | None) -> Leg:
    if stop is None:
        return replace(leg, en_route=mark)
    now = leg.at(stop)
    match milestone:
        case Milestone.ARRIVED:
            now = replace(now, arrived=mark)
        case Milestone.WORKING:
            now = replace(now, working=mark)
        case Milestone.DONE:
            now = replace(now, done=mark)
        case _:
            now = replace(now, left=mark)
    kept = {k: progress for k, progress in leg.stops.items() if k != stop}
    return replace(leg, stops=kept if now == StopProgress() else kept | {stop: now})
