"""What is known about the truck under an e-way bill: gathered from the store, without any actor."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import date

import msgspec

from actors.booking_rows import held_by
from actors.money.eway import subject_of
from actors.money.eway_counter import Counter
from freight.booking.events import BookingEvent, Swapped
from freight.booking.state import Booking, Carriage, Status
from freight.eway.arriving import Coming, Seen, Way, coming, here
from freight.eway.autopilot import Here, Situation
from freight.eway.consignment import vehicle_number
from freight.eway.need import needs_vehicle
from freight.eway.state import Bill
from freight.eway.times import day_of
from freight.eway.validity import MINUTE_MS
from freight.routing.plan import Section
from freight.tracking.journeys import LINE_PRECISION, UNKNOWN_ROAD
from geo.point import Point
from geo.polyline import decode
from geo.route import Route, compile_route
from store import bookings, eway, fixes, journeys, routes, tasks, trucks
from store.errors import NotFoundError
from store.fixes import StoredFix

_OVER = frozenset({Status.DELIVERED, Status.CLOSED, Status.CANCELLED})


async def situation(at: Counter, bill_id: str) -> Situation:
    """As of now, for a transaction of the whole tenant's."""
    bill = await eway.load(at.conn, bill_id)
    known = await tasks.of_subject(at.conn, subject_of(bill))
    booking = msgspec.json.decode(await bookings.get(at.conn, bill.booking), type=Booking)
    leg = booking.leg(bill.leg)
    if leg is None or leg.status in _OVER:
        return Situation(bill, is_over=True, tasks=known)
    seen = Situation(bill, tasks=known)
    held = held_by(leg)
    if held is None:
        return seen
    truck = await _truck(at, held)
    if truck is None:
        return seen
    fix = await _fix(at, held.truck)
    expected = None if fix is None else await _coming(at, truck.key, fix)
    vehicle = None if truck.registration is None else vehicle_number(truck.registration)
    is_changed = vehicle != bill.vehicle
    return dataclasses.replace(
        seen,
        arrival_ms=None if expected is None else expected.arrival_ms,
        remaining_km=None if expected is None else expected.remaining_km,
        has_truck=_is_to_be_named(at, bill),
        vehicle=vehicle,
        swap_reason=await _swap_reason(at, bill) if is_changed else None,
        here=_here(at, fix),
    )


def _is_to_be_named(at: Counter, bill: Bill) -> bool:
    """On a short way inside a state nobody needs to name a vehicle; who has, keeps it true."""
    sender, receiver = bill.consignment.sender, bill.consignment.receiver
    states = f"{sender.at_state:02}", f"{receiver.at_state:02}"
    day: date = day_of(at.at_ms)
    law = at.policy.eway.law
    return bill.vehicle is not None or needs_vehicle(bill.transport.distance_km, *states, day, law)


async def _truck(at: Counter, held: Carriage) -> trucks.Truck | None:
    try:
        return await trucks.get(at.conn, held.truck)
    except NotFoundError:
        return None


async def _fix(at: Counter, truck: str) -> StoredFix | None:
    """Only what was seen of late says where it is."""
    fix = await fixes.last_fix_of(at.conn, at.tenant.key, truck)
    oldest_ms = at.at_ms - at.policy.eway.autopilot.fix_minutes_max * MINUTE_MS
    return None if fix is None or fix.ts_ms < oldest_ms else fix


def _here(at: Counter, fix: StoredFix | None) -> Here | None:
    rules = at.policy.eway
    if fix is None:
        return None
    return here(Point(fix.lat, fix.lon), rules.towns, rules.autopilot.town_m_max)


async def _coming(at: Counter, truck_key: int, fix: StoredFix) -> Coming | None:
    """Along the journey that the truck is on."""
    journey = await journeys.get_open(at.conn, truck_key)
    if journey is None:
        return None
    if journey.arrived_at is not None:
        return Coming(fix.ts_ms, 0)
    planned = await routes.get(at.conn, journey.route.id, journey.route.version)
    return await asyncio.to_thread(_forecast, at, planned, fix)


async def expected_arrival_ms(at: Counter, truck_id: str) -> int | None:
    """Of a truck that was seen of late and follows a journey; None: nobody knows."""
    try:
        truck = await trucks.get(at.conn, truck_id)
    except NotFoundError:
        return None
    fix = await _fix(at, truck_id)
    expected = None if fix is None else await _coming(at, truck.key, fix)
    return None if expected is None else expected.arrival_ms


def _forecast(at: Counter, planned: routes.Route, fix: StoredFix) -> Coming:
    route = compile_route(decode(planned.line, LINE_PRECISION))
    tracking, share = at.policy.tracking_rules, at.policy.eway.autopilot.arrival_share
    way = Way(route, roads_of(route, planned.sections or ()))
    seen = Seen(fix.ts_ms, Point(fix.lat, fix.lon))
    return coming(way, seen, tracking.eta, tracking.driving_hours.time_zone, share)


def roads_of(route: Route, sections: Sequence[Section]) -> tuple[tuple[float, str], ...]:
    """From how far along it the road is of which class; the first from the beginning."""
    found = [
        (route.segment_start_m(section.first), section.road_class or UNKNOWN_ROAD)
        for section in sections
    ]
    return tuple(found) if found and found[0][0] == 0.0 else ((0.0, UNKNOWN_ROAD), *found)


async def _swap_reason(at: Counter, bill: Bill) -> str | None:
    """What was said when the leg got another truck."""
    log = await bookings.log(at.conn, bill.booking)
    read = msgspec.json.Decoder(BookingEvent).decode
    swaps = [
        event
        for event in (read(one.event) for one in log if one.type == "swapped")
        if isinstance(event, Swapped) and event.leg == bill.leg
    ]
    return swaps[-1].cause.reason if swaps else None
