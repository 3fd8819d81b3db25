"""An e-way bill after an event; never fails."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.eway import events as told
from freight.eway.state import Bill, Pending, Refusal, Status


def replayed(events: Iterable[told.EwayEvent], bill: Bill | None = None) -> Bill:
    for event in events:
        bill = evolve(bill, event)
    if bill is None:
        raise ValueError("a bill begins with its draft")
    return bill


def evolve(bill: Bill | None, event: told.EwayEvent) -> Bill:
    if isinstance(event, told.Drafted):
        return Bill(
            id=event.id,
            booking=event.booking,
            leg=event.leg,
            consignment=event.consignment,
            transport=event.transport,
            created_ms=event.at_ms,
            version=1,
            transporter=event.transport.transporter,
        )
    if bill is None:
        raise ValueError("a bill begins with its draft")
    return replace(_changed(bill, event), version=bill.version + 1)


def _changed(bill: Bill, event: told.EwayEvent) -> Bill:
    match event:
        case told.Asked():
            return replace(bill, pending=Pending(event.wish, event.at_ms, event.by))
        case told.Refused():
            refusal = Refusal(event.wish, event.code, event.detail, event.at_ms)
            return replace(bill, pending=None, refused=refusal)
        case told.Expiring():
            return replace(bill, told_minutes=event.minutes)
        case told.Expired():
            return replace(bill, status=Status.EXPIRED)
        case told.Closed():
            return replace(bill, status=Status.CLOSED)
        case _:
            # Whatever the portal has done answers what it was asked.
            return _done(replace(bill, pending=None, refused=None), event)


def _done(bill: Bill, event: told.EwayEvent) -> Bill:
    match event:
        case told.Generated():
            bill = replace(bill, number=event.number, generated_ms=event.generated_ms)
            bill = _lasting(bill, event.valid_until_ms, event.vehicle)
        case told.VehicleChanged():
            bill = _lasting(bill, event.valid_until_ms, event.vehicle)
        case told.Extended():
            bill = replace(bill, extensions=bill.extensions + 1)
            bill = _lasting(bill, event.valid_until_ms, bill.vehicle)
        case told.TransporterChanged():
            bill = replace(bill, transporter=event.transporter)
        case told.Cancelled():
            bill = replace(bill, status=Status.CANCELLED)
        case told.Rejected():
            bill = replace(bill, status=Status.REJECTED)
    return bill


def _lasting(bill: Bill, valid_until_ms: int | None, vehicle: str | None) -> Bill:
    """What was told of one end says nothing of another."""
    same = bill.valid_until_ms == valid_until_ms
    status = Status.PART_A if valid_until_ms is None else Status.ACTIVE
    return replace(
        bill,
        status=status,
        valid_until_ms=valid_until_ms,
        vehicle=vehicle,
        told_minutes=bill.told_minutes if same else None,
    )
