"""Bookings as the API gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from freight.booking.detention import Clock
from freight.booking.state import (
    Booking,
    Carriage,
    Charge,
    Leg,
    Mark,
    Proof,
    ProofKind,
    Side,
    Status,
)
from freight.booking.timeline import Step
from freight.load import Load
from serve.bookings.wire import Money, ReceivedFields, TermFields, WeighingFields
from serve.loads.wire import LoadOut, StopOut
from store.postgres import moment


class MarkOut(BaseModel):
    at: datetime
    source: str = Field(description="who says so: truck, hand, proof; or inferred from a later one")
    about: str | None

    @classmethod
    def of(cls, mark: Mark | None) -> MarkOut | None:
        if mark is None:
            return None
        return cls(at=moment(mark.at_ms), source=mark.source, about=mark.about)


class StopProgressOut(BaseModel):
    stop: str
    arrived: MarkOut | None
    working: MarkOut | None
    done: MarkOut | None
    left: MarkOut | None
    proven: bool


class ProofOut(BaseModel):
    stop: str
    kind: ProofKind
    at: datetime
    receiver: str | None
    reference: str | None
    remarks: str | None
    received: list[ReceivedFields]
    weighing: WeighingFields | None
    documents: list[str]

    @classmethod
    def of(cls, proof: Proof) -> ProofOut:
        return cls(
            stop=proof.stop,
            kind=proof.kind,
            at=moment(proof.at_ms),
            receiver=proof.receiver,
            reference=proof.reference,
            remarks=proof.remarks,
            received=[ReceivedFields.of(one) for one in proof.received],
            weighing=None if proof.weighing is None else WeighingFields.of(proof.weighing),
            documents=list(proof.documents),
        )


class CarriageOut(BaseModel):
    truck: str
    carrier: str | None
    driver: str | None
    since: datetime
    until: datetime | None

    @classmethod
    def of(cls, carriage: Carriage) -> CarriageOut:
        return cls(
            truck=carriage.truck,
            carrier=carriage.carrier,
            driver=carriage.driver,
            since=moment(carriage.from_ms),
            until=None if carriage.to_ms is None else moment(carriage.to_ms),
        )


class LegOut(BaseModel):
    id: str
    status: Status
    since: datetime
    weight_kg: int
    truck: str | None
    carrier: str | None
    driver: str | None
    en_route: MarkOut | None
    stops: list[StopProgressOut]
    carriages: list[CarriageOut] = Field(description="every truck that had a part in it")
    proofs: list[ProofOut]
    delivered_at: datetime | None
    silent_since: datetime | None = Field(
        description="when its truck was heard last, if it should have spoken since"
    )

    @classmethod
    def of(cls, booking: Booking, leg: Leg) -> LegOut:
        now = leg.carriage
        return cls(
            id=leg.id,
            status=leg.status,
            since=moment(leg.since_ms),
            weight_kg=leg.weight_kg,
            truck=None if now is None else now.truck,
            carrier=None if now is None else now.carrier,
            driver=None if now is None else now.driver,
            en_route=MarkOut.of(leg.en_route),
            stops=[_progress_of(leg, stop.id) for stop in booking.stops_of(leg)],
            carriages=[CarriageOut.of(each) for each in leg.carriages],
            proofs=[ProofOut.of(proof) for proof in leg.proofs],
            delivered_at=None if leg.delivered_ms is None else moment(leg.delivered_ms),
            silent_since=None if leg.silent_ms is None else moment(leg.silent_ms),
        )


def _progress_of(leg: Leg, stop: str) -> StopProgressOut:
    at = leg.at(stop)
    return StopProgressOut(
        stop=stop,
        arrived=MarkOut.of(at.arrived),
        working=MarkOut.of(at.working),
        done=MarkOut.of(at.done),
        left=MarkOut.of(at.left),
        proven=any(proof.stop == stop for proof in leg.proofs),
    )


class ChargeOut(BaseModel):
    head: str
    leg: str
    stop: str | None
    payer: Side
    amount: Money

    @classmethod
    def of(cls, charge: Charge) -> ChargeOut:
        return cls(
            head=charge.head,
            leg=charge.leg,
            stop=charge.stop,
            payer=charge.payer,
            amount=Money.of(charge.amount_minor),
        )


class PriceOut(BaseModel):
    quote: str | None
    agreed: Money = Field(description="the quote's total with what was adjusted")
    charges: list[ChargeOut] = Field(description="owed beside it: detention, cancellation")


class BookingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    version: int
    status: Status
    shipper: str | None
    load: LoadOut
    stops: list[StopOut]
    legs: list[LegOut]
    terms: list[TermFields]
    price: PriceOut | None = Field(description="null: there is none yet, or it is not for you")
    needs_quote: bool
    references: dict[str, str]
    documents: list[str]
    declared_value: Money | None = Field(description="of the goods")
    created_at: datetime
    confirmed_at: datetime | None

    @classmethod
    def of(cls, booking: Booking, load: Load, *, with_price: bool) -> BookingOut:
        """`load` is the booking's with contacts as the caller may see them."""
        confirmed_ms = booking.confirmed_ms
        return cls(
            id=booking.id,
            version=booking.version,
            status=booking.status,
            shipper=booking.shipper,
            load=LoadOut.of(load),
            stops=[StopOut.of(stop) for stop in load.stops],
            legs=[LegOut.of(booking, leg) for leg in booking.legs],
            terms=[TermFields.of(term) for term in booking.terms],
            price=_price_of(booking) if with_price else None,
            needs_quote=booking.needs_quote,
            references=booking.references,
            documents=list(booking.documents),
            declared_value=_declared(booking),
            created_at=moment(booking.created_ms),
            confirmed_at=None if confirmed_ms is None else moment(confirmed_ms),
        )


def _declared(booking: Booking) -> Money | None:
    minor = booking.declared_value_minor
    return None if minor is None else Money.of(minor)


def _price_of(booking: Booking) -> PriceOut | None:
    agreed_minor = booking.agreed_minor
    if booking.price is None or agreed_minor is None:
        return None
    charges = [ChargeOut.of(charge) for charge in booking.charges.values()]
    return PriceOut(quote=booking.price.quote, agreed=Money.of(agreed_minor), charges=charges)


class StepOut(BaseModel):
    """One thing that happened, and what made it happen."""

    version: int
    type: str
    at: datetime = Field(description="when it happened")
    known_at: datetime = Field(description="when we learned it")
    leg: str | None
    stop: str | None
    status: Status = Field(description="of the booking, after it")
    by: dict[str, str]
    cause: dict[str, Any]
    data: dict[str, Any]

    @classmethod
    def of(cls, step: Step, hidden: frozenset[str]) -> StepOut:
        return cls(
            version=step.version,
            type=step.what,
            at=moment(step.at_ms),
            known_at=moment(step.known_ms),
            leg=step.leg,
            stop=step.stop,
            status=step.status,
            by=msgspec.to_builtins(step.by),
            cause=msgspec.to_builtins(step.cause),
            data={name: value for name, value in step.details.items() if name not in hidden},
        )


class ClockOut(BaseModel):
    leg: str
    stop: str
    since: datetime = Field(description="it had come, and its window had begun")
    free_until: datetime
    running_since: datetime | None = Field(description="null: the free time is not used up")
    until: datetime | None = Field(description="it has left; null: it goes on")
    excluded_minutes: int
    minutes: int = Field(description="that count, beyond the free ones")
    charge: Money
    payer: Side

    @classmethod
    def of(cls, clock: Clock) -> ClockOut:
        since, until = clock.running_since_ms, clock.to_ms
        return cls(
            leg=clock.leg,
            stop=clock.stop,
            since=moment(clock.from_ms),
            free_until=moment(clock.free_until_ms),
            running_since=None if since is None else moment(since),
            until=None if until is None else moment(until),
            excluded_minutes=clock.excluded_minutes,
            minutes=clock.minutes,
            charge=Money.of(clock.charge_minor),
            payer=clock.payer,
        )


class DetentionOut(BaseModel):
    booking: str
    clocks: list[ClockOut]
