"""What can be done with e-way bills: drafted, asked of the portal, looked at."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable

from actors.booking_rows import held_by
from actors.life import now_ms
from actors.money import eway as engine
from actors.money.eway_counter import Counter
from freight.booking.state import Booking
from freight.eway import events as told
from freight.eway.checks import Fault, faults_of, place_faults
from freight.eway.codes import Mode
from freight.eway.consignment import vehicle_number
from freight.eway.payloads import Extension, PartB
from freight.eway.state import (
    Bill,
    Cancel,
    ChangeTransporter,
    ChangeVehicle,
    Extend,
    Generate,
    Status,
    Wish,
)
from freight.eway.times import day_of
from freight.refusal import Refusal
from serve.bookings.reading import standing
from serve.eway_bills.answers import EwayBillOut, EwayStepOut
from serve.eway_bills.completing import Completing
from serve.eway_bills.wire import CancelIn, ExtensionIn, NewEwayBill, PartBIn, TransporterIn
from serve.gateway import Change, Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import tenant_of
from serve.problems import ConflictError, InvalidError
from store import eway, journeys, routes, trucks
from store.postgres import AnyConnection, moment

MINUTE_MS = 60_000
METRES = 1000.0


async def create(gateway: Gateway, who: Principal, new: NewEwayBill) -> EwayBillOut:
    bill_id = new.id or f"ewb-{secrets.token_hex(8)}"
    law = gateway.policy_of(who).eway.law
    try:
        async with gateway.changing(who, "eway.draft", f"eway-bills/{bill_id}") as change:
            at = _counter(gateway, who, change)
            drafted = await _drafted(at, who, new, bill_id)
            bill = await engine.draft(at, drafted)
            if new.generate:
                bill = await engine.ask(at, bill_id, Generate(), who.name)
            change.after = made = EwayBillOut.of(bill, law)
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    return made


async def _drafted(at: Counter, who: Principal, new: NewEwayBill, bill_id: str) -> told.Drafted:
    booking = await standing(at.conn, new.booking)
    leg = booking.leg(new.leg)
    if leg is None or not leg.is_active:
        raise InvalidError.at("/leg", f"the booking carries nothing as {new.leg!r}")
    rules = at.policy.eway
    completing = Completing(new, booking, leg, rules.references)
    consignment = completing.consignment()
    vehicle, distance_km = await _of_truck(at.conn, booking, new.leg)
    transport = completing.transport(vehicle, distance_km)
    limits = rules.law.limits.at(day_of(at.at_ms))
    _refuse(faults_of(consignment, transport, limits, at.at_ms))
    return told.Drafted(
        at_ms=at.at_ms,
        by=who.name,
        id=bill_id,
        booking=new.booking,
        leg=new.leg,
        consignment=consignment,
        transport=transport,
    )


async def _of_truck(
    conn: AnyConnection, booking: Booking, leg: str
) -> tuple[str | None, int | None]:
    """Its registration, and how long the way is that it follows."""
    held = held_by(booking.leg(leg))
    if held is None:
        return None, None
    truck = await trucks.get(conn, held.truck)
    vehicle = None if truck.registration is None else vehicle_number(truck.registration)
    journey = await journeys.get_open(conn, truck.key)
    if journey is None:
        return vehicle, None
    (head,) = (await routes.heads(conn, [journey.route])).values()
    return vehicle, math.ceil(head.length_m / METRES)


async def get(gateway: Gateway, who: Principal, bill_id: str) -> EwayBillOut:
    async with gateway.as_tenant(who) as conn:
        return await _shown(gateway, who, conn, await eway.load(conn, bill_id))


async def _shown(gateway: Gateway, who: Principal, conn: AnyConnection, bill: Bill) -> EwayBillOut:
    trouble = await eway.trouble_of(conn, bill.id)
    return EwayBillOut.of(bill, gateway.policy_of(who).eway.law, trouble)


async def list_page(
    gateway: Gateway,
    who: Principal,
    page: Page,
    *,
    booking: str | None,
    status: Status | None,
    expiring_in_minutes: int | None,
) -> ListOf[EwayBillOut]:
    soon_ms = None if expiring_in_minutes is None else now_ms() + expiring_in_minutes * MINUTE_MS
    async with gateway.as_tenant(who) as conn:
        found = await eway.list_page(
            conn,
            before=number_of(page.after),
            limit=page.one_more,
            booking=booking,
            status=None if status is None else status.value,
            expiring_before=None if soon_ms is None else moment(soon_ms),
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    law = gateway.policy_of(who).eway.law
    items = [EwayBillOut.of(one.bill, law, one.trouble) for one in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def history(
    gateway: Gateway, who: Principal, bill_id: str, page: Page
) -> ListOf[EwayStepOut]:
    async with gateway.as_tenant(who) as conn:
        await eway.load(conn, bill_id)
        found = await eway.log(conn, bill_id, number_of(page.after) or 0, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    return ListOf(items=[EwayStepOut.of(one) for one in kept], next_cursor=next_cursor)


# ------------------------------------------------------------------------ asking the portal


async def generate(
    gateway: Gateway, who: Principal, bill_id: str, expected: int | None
) -> EwayBillOut:
    return await _ask(gateway, who, bill_id, Generate(), expected)


async def change_vehicle(
    gateway: Gateway, who: Principal, bill_id: str, given: PartBIn, expected: int | None
) -> EwayBillOut:
    _refuse(place_faults(None, int(given.state), given.vehicle))
    if given.mode is Mode.IN_TRANSIT:
        raise InvalidError.at("/mode", "only an extension is in transit")
    part_b = PartB(
        vehicle=given.vehicle,
        place=given.place,
        state=int(given.state),
        reason=given.reason,
        remark=given.remark or given.reason.name.replace("_", " ").capitalize(),
        mode=given.mode,
        vehicle_type=given.vehicle_type,
        doc_number=given.doc_number,
        doc_day=given.doc_date,
    )
    return await _ask(gateway, who, bill_id, ChangeVehicle(part_b), expected)


async def extend(
    gateway: Gateway, who: Principal, bill_id: str, given: ExtensionIn, expected: int | None
) -> EwayBillOut:
    _refuse(place_faults(given.pin, int(given.state), given.vehicle))
    async with gateway.as_tenant(who) as conn:
        bill = await eway.load(conn, bill_id)
    in_transit = given.transit is not None
    extension = Extension(
        place=given.place,
        pin=given.pin,
        state=int(given.state),
        remaining_km=given.remaining_km,
        reason=given.reason,
        remark=given.remark,
        vehicle=given.vehicle or bill.vehicle,
        mode=Mode.IN_TRANSIT if in_transit else bill.transport.mode,
        goods=given.goods,
        transit=given.transit,
        address=tuple(given.address),
        doc_number=bill.transport.doc_number,
        doc_day=bill.transport.doc_day,
    )
    return await _ask(gateway, who, bill_id, Extend(extension), expected)


async def change_transporter(
    gateway: Gateway, who: Principal, bill_id: str, given: TransporterIn, expected: int | None
) -> EwayBillOut:
    return await _ask(gateway, who, bill_id, ChangeTransporter(given.transporter), expected)


async def cancel(
    gateway: Gateway, who: Principal, bill_id: str, given: CancelIn, expected: int | None
) -> EwayBillOut:
    """A draft is thrown away; of the rest the portal is asked."""
    async with gateway.as_tenant(who) as conn:
        bill = await eway.load(conn, bill_id)
    is_draft = bill.status is Status.DRAFT and bill.pending is None
    wish = None if is_draft else Cancel(given.reason, given.remark)
    return await _ask(gateway, who, bill_id, wish, expected)


async def refresh(gateway: Gateway, who: Principal, bill_id: str) -> EwayBillOut:
    """Soon it is as the portal has it."""
    async with gateway.changing(who, "eway.refresh", f"eway-bills/{bill_id}") as change:
        bill = await eway.load(change.conn, bill_id)
        await eway.mark_stale(change.conn, bill_id, now_ms())
        change.after = shown = await _shown(gateway, who, change.conn, bill)
    return shown


async def _ask(
    gateway: Gateway, who: Principal, bill_id: str, wish: Wish | None, expected: int | None
) -> EwayBillOut:
    """None: throw the draft away."""
    law, what = gateway.policy_of(who).eway.law, "discard" if wish is None else _name(wish)
    try:
        async with gateway.changing(who, f"eway.{what}", f"eway-bills/{bill_id}") as change:
            at = _counter(gateway, who, change)
            change.before = EwayBillOut.of(await eway.load(change.conn, bill_id), law)
            if wish is None:
                bill = await engine.discard(at, bill_id, who.name, expected)
            else:
                bill = await engine.ask(at, bill_id, wish, who.name, expected)
            change.after = shown = EwayBillOut.of(bill, law)
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    return shown


def _name(wish: Wish) -> str:
    return str(wish.__struct_config__.tag)


def _counter(gateway: Gateway, who: Principal, change: Change) -> Counter:
    return Counter(change.conn, tenant_of(who), gateway.policy_of(who), now_ms())


def _refuse(faults: Iterable[Fault]) -> None:
    errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    if errors:
        raise InvalidError("the portal would refuse this; errors says why", errors=errors)


def problem_of(refusal: Refusal) -> ConflictError:
    error = {"pointer": "", "detail": refusal.detail, "code": refusal.code}
    return ConflictError(refusal.detail, errors=[error])
