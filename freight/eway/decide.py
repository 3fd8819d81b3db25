"""What may be asked of the portal about a bill, and what its answers make of the bill."""

from __future__ import annotations

import re
from typing import NamedTuple

from freight.eway import events as told
from freight.eway.codes import Consignment
from freight.eway.payloads import Extension
from freight.eway.rules import Law
from freight.eway.state import (
    ON_THE_PORTAL,
    VOID,
    Bill,
    Cancel,
    ChangeTransporter,
    ChangeVehicle,
    Extend,
    Generate,
    Status,
    Wish,
    name_of,
)
from freight.eway.times import day_of
from freight.eway.validity import MINUTE_MS, extension_window, is_capped
from freight.refusal import Refusal

NUMBER = re.compile(r"[0-9]{12}")
PORTAL = "portal"


class Found(NamedTuple):
    """How a bill stands on the portal."""

    number: str
    generated_ms: int
    valid_until_ms: int | None
    vehicle: str | None
    transporter: str | None
    is_cancelled: bool = False
    is_rejected: bool = False


class Did(NamedTuple):
    """What the portal answered to a wish; 0 and None where it says nothing of that."""

    at_ms: int
    number: str | None = None
    valid_until_ms: int | None = None
    vehicle: str | None = None


def ask(
    bill: Bill, wish: Wish, law: Law, now_ms: int, *, by: str, why: str | None = None
) -> list[told.EwayEvent]:
    """One thing at a time: what became of the last one must be known first."""
    if bill.pending is not None:
        if bill.pending.wish == wish:
            return []
        asked = name_of(bill.pending.wish)
        raise Refusal("pending", f"the portal has not answered to {asked} yet")
    _may(bill, wish, law, now_ms)
    return [told.Asked(at_ms=now_ms, by=by, wish=wish, why=why)]


def _may(bill: Bill, wish: Wish, law: Law, now_ms: int) -> None:
    match wish:
        case Generate():
            if bill.status is not Status.DRAFT:
                raise Refusal("generated", f"it was generated already, as {bill.number}")
        case ChangeVehicle(part_b):
            _must_be(bill, Status.PART_A, Status.ACTIVE)
            if part_b.vehicle == bill.vehicle:
                raise Refusal("nothing_changes", f"{part_b.vehicle} is its vehicle already")
        case Extend(extension):
            may_extend(bill, extension, law, now_ms)
        case ChangeTransporter(transporter):
            _must_be(bill, Status.PART_A, Status.ACTIVE)
            if transporter == bill.transporter:
                raise Refusal("nothing_changes", f"{transporter} is its transporter already")
        case Cancel():
            _may_cancel(bill, law, now_ms)


def _must_be(bill: Bill, *statuses: Status) -> None:
    if bill.status not in statuses:
        raise Refusal("status", f"the bill is {bill.status.value}")


def may_extend(bill: Bill, extension: Extension, law: Law, now_ms: int) -> None:
    _must_be(bill, Status.ACTIVE, Status.EXPIRED)
    until_ms, generated_ms = bill.valid_until_ms, bill.generated_ms
    if until_ms is None or generated_ms is None:
        raise Refusal("status", "it has no end that could be put off")
    window = extension_window(until_ms, law)
    if now_ms < window.from_ms:
        raise Refusal("too_early", "its validity cannot be extended yet")
    if now_ms > window.to_ms:
        raise Refusal("too_late", "its validity can no longer be extended: a new bill is needed")
    if is_capped(until_ms, generated_ms, now_ms, law):
        raise Refusal("cap", "it was extended as often as the law allows: a new bill is needed")
    if extension.remaining_km > bill.transport.distance_km:
        raise Refusal("distance", "more of the way is left than there ever was")
    if extension.goods is Consignment.IN_TRANSIT and extension.transit is None:
        raise Refusal("transit", "of goods in transit say where they are")


def _may_cancel(bill: Bill, law: Law, now_ms: int) -> None:
    if bill.status not in ON_THE_PORTAL or bill.generated_ms is None:
        raise Refusal("status", f"the bill is {bill.status.value}")
    minutes = law.limits.at(day_of(bill.generated_ms)).cancel_minutes
    if now_ms > bill.generated_ms + minutes * MINUTE_MS:
        raise Refusal("too_late", f"it may be cancelled for {minutes} minutes")


def discard(bill: Bill, now_ms: int, by: str) -> list[told.EwayEvent]:
    """A draft that nobody asked the portal for."""
    if bill.status is Status.CANCELLED:
        return []
    if bill.status is not Status.DRAFT or bill.pending is not None:
        raise Refusal("status", "only a draft is thrown away; cancel what was generated")
    return [told.Cancelled(at_ms=now_ms, by=by, cancelled_ms=now_ms)]


def answered(bill: Bill, did: Did, now_ms: int) -> list[told.EwayEvent]:
    """The portal has done what it was asked; again from the same answer follows nothing."""
    pending = bill.pending
    if pending is None:
        return []
    by, wish = pending.by, pending.wish
    match wish:
        case Generate():
            number = str(did.number)
            if NUMBER.fullmatch(number) is None:
                raise Refusal("answer", f"{number} is no number of a bill")
            vehicle = did.vehicle or bill.transport.vehicle
            vehicle = None if did.valid_until_ms is None else vehicle
            return [
                told.Generated(
                    at_ms=now_ms,
                    by=by,
                    number=number,
                    generated_ms=did.at_ms,
                    valid_until_ms=did.valid_until_ms,
                    vehicle=vehicle,
                )
            ]
        case ChangeVehicle(part_b):
            until_ms = did.valid_until_ms or bill.valid_until_ms or did.at_ms
            return [
                told.VehicleChanged(
                    at_ms=now_ms,
                    by=by,
                    vehicle=part_b.vehicle,
                    changed_ms=did.at_ms,
                    valid_until_ms=until_ms,
                    reason=int(part_b.reason),
                )
            ]
        case Extend():
            before_ms = bill.valid_until_ms or did.at_ms
            return [
                told.Extended(
                    at_ms=now_ms,
                    by=by,
                    extended_ms=did.at_ms,
                    before_ms=before_ms,
                    valid_until_ms=did.valid_until_ms or before_ms,
                )
            ]
        case ChangeTransporter(transporter):
            return [told.TransporterChanged(at_ms=now_ms, by=by, transporter=transporter)]
        case Cancel():
            return [told.Cancelled(at_ms=now_ms, by=by, cancelled_ms=did.at_ms)]


def refused(bill: Bill, code: str, detail: str, now_ms: int) -> list[told.EwayEvent]:
    if bill.pending is None:
        return []
    return [told.Refused(at_ms=now_ms, by=PORTAL, wish=bill.pending.wish, code=code, detail=detail)]


def done_already(bill: Bill, found: Found) -> Did | None:
    """What was asked, if the portal has done it; None: it has not, so it may be asked again."""
    if bill.pending is None:
        return None
    did = Did(found.generated_ms, found.number, found.valid_until_ms, found.vehicle)
    match bill.pending.wish:
        case Generate():
            is_done = not found.is_cancelled
        case ChangeVehicle(part_b):
            is_done = found.vehicle == part_b.vehicle
        case Extend():
            is_done = (found.valid_until_ms or 0) > (bill.valid_until_ms or 0)
        case ChangeTransporter(transporter):
            is_done = found.transporter == transporter
        case Cancel():
            is_done = found.is_cancelled
    if not is_done:
        return None
    return (
        did if isinstance(bill.pending.wish, Generate) else did._replace(at_ms=bill.pending.at_ms)
    )


def learned(bill: Bill, found: Found, now_ms: int) -> list[told.EwayEvent]:
    """What others did to it on the portal: its transporter, its recipient, an officer."""
    if bill.status in VOID or bill.number is None or bill.pending is not None:
        return []
    if found.is_cancelled:
        return [told.Cancelled(at_ms=now_ms, by=PORTAL, cancelled_ms=now_ms)]
    if found.is_rejected:
        return [told.Rejected(at_ms=now_ms, by=PORTAL)]
    if bill.status is Status.CLOSED:
        return []
    made: list[told.EwayEvent] = []
    until_ms, before_ms = found.valid_until_ms, bill.valid_until_ms
    if found.vehicle is not None and found.vehicle != bill.vehicle and until_ms is not None:
        made.append(
            told.VehicleChanged(
                at_ms=now_ms,
                by=PORTAL,
                vehicle=found.vehicle,
                changed_ms=now_ms,
                valid_until_ms=before_ms or until_ms,
                reason=0,
            )
        )
    if until_ms is not None and before_ms is not None and until_ms > before_ms:
        made.append(
            told.Extended(
                at_ms=now_ms,
                by=PORTAL,
                extended_ms=now_ms,
                before_ms=before_ms,
                valid_until_ms=until_ms,
            )
        )
    if found.transporter is not None and found.transporter != bill.transporter:
        made.append(told.TransporterChanged(at_ms=now_ms, by=PORTAL, transporter=found.transporter))
    return made
