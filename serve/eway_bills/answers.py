"""E-way bills as the API shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from freight.eway.codes import DocType
from freight.eway.need import need_of
from freight.eway.rules import Law
from freight.eway.state import ON_THE_PORTAL, Bill, Status, name_of
from freight.eway.times import day_of
from freight.eway.validity import extension_window
from serve.bookings.wire import Money
from store.eway import Logged
from store.postgres import moment


class WindowOut(BaseModel):
    """When validity may be extended."""

    since: datetime
    until: datetime


class PendingOut(BaseModel):
    """The portal is being asked; what it answers is in the bill soon."""

    operation: str
    since: datetime


class RefusedOut(BaseModel):
    """What the portal said no to; nothing has changed there."""

    operation: str
    code: str
    detail: str
    at: datetime


class NeedOut(BaseModel):
    """Whether the law wants a bill for goods of this value."""

    is_needed: bool
    above: Money
    why: str


class DocumentOut(BaseModel):
    kind: DocType
    number: str
    date: date


class PartyOut(BaseModel):
    gstin: str
    name: str
    place: str
    pin: int
    state: str
    at_state: str


class EwayBillOut(BaseModel):
    id: str
    booking: str
    leg: str
    status: Status
    number: str | None
    document: DocumentOut
    sender: PartyOut
    receiver: PartyOut
    value: Money
    distance_km: int
    vehicle: str | None
    transporter: str | None
    generated_at: datetime | None
    valid_until: datetime | None
    extendable: WindowOut | None
    extensions: int
    pending: PendingOut | None
    refused: RefusedOut | None
    trouble: str | None = None
    need: NeedOut
    created_at: datetime
    version: int

    @classmethod
    def of(cls, bill: Bill, law: Law, trouble: str | None = None) -> EwayBillOut:
        consignment, document = bill.consignment, bill.consignment.document
        vehicle = bill.transport.vehicle if bill.status is Status.DRAFT else bill.vehicle
        return cls(
            id=bill.id,
            booking=bill.booking,
            leg=bill.leg,
            status=bill.status,
            number=bill.number,
            document=DocumentOut(kind=document.kind, number=document.number, date=document.day),
            sender=_party(bill, "sender"),
            receiver=_party(bill, "receiver"),
            value=Money.of(consignment.totals.invoice_minor),
            distance_km=bill.transport.distance_km,
            vehicle=vehicle,
            transporter=bill.transporter,
            generated_at=_moment(bill.generated_ms),
            valid_until=_moment(bill.valid_until_ms),
            extendable=_window(bill, law),
            extensions=bill.extensions,
            pending=_pending(bill),
            refused=_refused(bill),
            trouble=trouble,
            need=_need(bill, law),
            created_at=moment(bill.created_ms),
            version=bill.version,
        )


def _party(bill: Bill, side: str) -> PartyOut:
    party = getattr(bill.consignment, side)
    return PartyOut(
        gstin=party.gstin,
        name=party.name,
        place=party.place,
        pin=party.pin,
        state=f"{party.state:02}",
        at_state=f"{party.at_state:02}",
    )


def _window(bill: Bill, law: Law) -> WindowOut | None:
    if bill.valid_until_ms is None or bill.status not in ON_THE_PORTAL:
        return None
    span = extension_window(bill.valid_until_ms, law)
    return WindowOut(since=moment(span.from_ms), until=moment(span.to_ms))


def _pending(bill: Bill) -> PendingOut | None:
    if bill.pending is None:
        return None
    return PendingOut(operation=name_of(bill.pending.wish), since=moment(bill.pending.at_ms))


def _refused(bill: Bill) -> RefusedOut | None:
    no = bill.refused
    if no is None:
        return None
    at = moment(no.at_ms)
    return RefusedOut(operation=name_of(no.wish), code=no.code, detail=no.detail, at=at)


def _need(bill: Bill, law: Law) -> NeedOut:
    given = bill.consignment
    states = f"{given.sender.at_state:02}", f"{given.receiver.at_state:02}"
    need = need_of(given.totals.invoice_minor, *states, day_of(bill.created_ms), law)
    return NeedOut(is_needed=need.is_needed, above=Money.of(need.above_minor), why=need.why)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


class EwayStepOut(BaseModel):
    """One thing that happened to it."""

    version: int
    type: str
    at: datetime
    by: str
    data: dict[str, Any]

    @classmethod
    def of(cls, logged: Logged) -> EwayStepOut:
        said = msgspec.to_builtins(logged.event)
        return cls(
            version=logged.version,
            type=str(said.pop("type")),
            at=moment(logged.at_ms),
            by=logged.told_by,
            data={name: value for name, value in said.items() if name not in {"at_ms", "by"}},
        )
