"""Bookings as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from freight.booking.state import (
    Booking,
    Carriage,
    Charge,
    Leg,
    Mark,
    Milestone,
    ProofKind,
    Side,
    Status,
    Term,
    TermKind,
)
from freight.load import Load
from freight.money import INR
from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.journeys.wire import Moment
from serve.loads.wire import ContactFields, LoadFields, LoadOut, StopFields, StopOut, WindowFields
from serve.routes.wire import Lat, Lon
from store.postgres import epoch_ms, moment

BP_PER_PERCENT = 100  # fixed: what the words mean
MINOR_MAX = 10**12  # fixed: part of the published API
REFERENCES_MAX = 20  # fixed: part of the published API
DOCUMENTS_MAX = 20  # fixed: part of the published API
TERMS_MAX = 10  # fixed: part of the published API
LEGS_MAX = 200  # fixed: part of the published API
DAYS_MAX = 3650  # fixed: part of the published API
WEIGHT_KG_MAX = 10**8  # fixed: part of the published API

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
Kilograms = Annotated[int, Field(gt=0, le=WEIGHT_KG_MAX)]


class Money(BaseModel):
    amount_minor: int
    currency: str = INR

    @classmethod
    def of(cls, amount_minor: int) -> Money:
        return cls(amount_minor=amount_minor)


class MoneyIn(Strict):
    amount_minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)]
    currency: Annotated[str, StringConstraints(pattern="^INR$")] = INR


class TermFields(Strict):
    kind: TermKind
    share_percent: Annotated[float, Field(gt=0, le=100, multiple_of=0.01)]
    credit_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] | None = None

    def term(self) -> Term:
        share_bp = round(self.share_percent * BP_PER_PERCENT)
        return Term(self.kind, share_bp, self.credit_days)

    @classmethod
    def of(cls, term: Term) -> TermFields:
        share_percent = term.share_bp / BP_PER_PERCENT
        return cls(kind=term.kind, share_percent=share_percent, credit_days=term.credit_days)


References = Annotated[dict[Word, ShortText], Field(max_length=REFERENCES_MAX)]
Documents = Annotated[list[Word], Field(max_length=DOCUMENTS_MAX)]
Shares = Annotated[list[Kilograms], Field(max_length=LEGS_MAX)]
Terms = Annotated[list[TermFields], Field(max_length=TERMS_MAX)]


class NewBooking(Strict):
    """By a quote, or with a load and stops of its own and no price yet."""

    quote: ObjectId | None = Field(default=None, description="its load and price are taken over")
    load: LoadFields | None = None
    stops: list[StopFields] | None = None
    shipper: ObjectId | None = None
    terms: Terms = Field(default=[], description="default: all of it as balance")
    references: References = Field(default={})
    documents: Documents = Field(default=[], description="papers required at the delivery")
    legs_kg: Shares = Field(default=[], description="shares of several trucks; default: one")

    @model_validator(mode="after")
    def _about_something(self) -> NewBooking:
        if (self.load is None) != (self.stops is None):
            raise ValueError("load and stops come together")
        if self.quote is None and self.load is None:
            raise ValueError("give a quote, or load and stops")
        return self


class BookingChange(Strict):
    """What is left out stays as it is."""

    load: LoadFields | None = None
    stops: list[StopFields] | None = None
    windows: dict[ShortText, WindowFields] | None = Field(default=None, description="by stop")
    contacts: dict[ShortText, ContactFields | None] | None = Field(
        default=None, description="by stop"
    )
    terms: Terms | None = None
    references: References | None = None
    documents: Documents | None = None
    legs_kg: Shares = Field(default=[])
    reason: LongText | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> BookingChange:
        if (self.load is None) != (self.stops is None):
            raise ValueError("load and stops come together")
        return self


class Reasoned(Strict):
    reason: LongText | None = None


class Assignment(Reasoned):
    leg: ObjectId = "L1"
    truck: ObjectId
    driver: ObjectId | None = None
    since: Moment | None = Field(
        default=None, description="before it the truck drives for another load; default: now"
    )


class Swap(Reasoned):
    """Another truck or driver goes on; what is left out stays."""

    leg: ObjectId = "L1"
    truck: ObjectId | None = None
    driver: ObjectId | None = None
    at: Moment | None = None
    lat: Lat | None = None
    lon: Lon | None = None


class OfLeg(Reasoned):
    leg: ObjectId = "L1"


class OfLegs(Reasoned):
    leg: ObjectId | None = Field(default=None, description="default: every leg")


class Unassignment(OfLeg):
    fault: Side | None = Field(default=None, description="shipper: the waiting is charged")


class Cancellation(OfLegs):
    side: Side | None = Field(default=None, description="default: as who you are")


class SplitFields(OfLeg):
    weights_kg: Shares


class MergeFields(Reasoned):
    legs: Annotated[list[ObjectId], Field(min_length=2, max_length=LEGS_MAX)]


class MilestoneFields(OfLeg):
    milestone: Milestone
    stop: ObjectId | None = None
    at: Moment | None = Field(default=None, description="default: now")


class CodeFields(Strict):
    leg: ObjectId = "L1"
    stop: ObjectId


class CodeOut(BaseModel):
    """Told to whoever hands over or receives the load; shown this once."""

    code: str
    expires_at: datetime


class ProofFields(Strict):
    leg: ObjectId = "L1"
    stop: ObjectId
    kind: ProofKind
    code: OneTimeCode | None = Field(default=None, description="for kind otp")
    at: Moment | None = Field(default=None, description="when it was taken; default: now")
    receiver: LongText | None = None
    reference: LongText | None = Field(default=None, description="of the picture or paper")
    remarks: LongText | None = None


class AdjustmentFields(Reasoned):
    """So many of a unit at so much for each `per` of them; less than nothing is a deduction."""

    head: Word
    unit: Word
    quantity: Annotated[int, Field(gt=0, le=MINOR_MAX)]
    per: Annotated[int, Field(gt=0, le=MINOR_MAX)] = 1
    unit_price: MoneyIn
    leg: ObjectId | None = None


class ExclusionFields(Strict):
    leg: ObjectId = "L1"
    stop: ObjectId
    since: Moment = Field(alias="from")
    until: Moment = Field(alias="to")
    why: LongText


class Repricing(Reasoned):
    quote: ObjectId


# ------------------------------------------------------------------------------------- answers


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
    delivered_at: datetime | None

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
            delivered_at=None if leg.delivered_ms is None else moment(leg.delivered_ms),
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
            created_at=moment(booking.created_ms),
            confirmed_at=None if confirmed_ms is None else moment(confirmed_ms),
        )


def _price_of(booking: Booking) -> PriceOut | None:
    agreed_minor = booking.agreed_minor
    if booking.price is None or agreed_minor is None:
        return None
    charges = [ChargeOut.of(charge) for charge in booking.charges.values()]
    return PriceOut(quote=booking.price.quote, agreed=Money.of(agreed_minor), charges=charges)


def ms_of(at: datetime | None) -> int | None:
    return None if at is None else epoch_ms(at)


class StepOut(BaseModel):
    """One thing that happened, and what made it happen."""

    version: int
    type: str
    at: datetime = Field(description="when it happened")
    known_at: datetime = Field(description="when we learned it")
    by: dict[str, str]
    cause: dict[str, Any]
    data: dict[str, Any]

    @classmethod
    def of(cls, version: int, event: bytes, hidden: frozenset[str]) -> StepOut:
        said = msgspec.json.decode(event)
        about = {"type", "at_ms", "known_ms", "by", "cause", "key"} | hidden
        return cls(
            version=version,
            type=said["type"],
            at=moment(said["at_ms"]),
            known_at=moment(said["known_ms"]),
            by=said["by"],
            cause=said["cause"],
            data={name: value for name, value in said.items() if name not in about},
        )
