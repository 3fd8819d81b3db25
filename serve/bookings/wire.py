"""Bookings as the API takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import structs
from pydantic import (
    BaseModel,
    Field,
    StringConstraints,
    model_validator,
)

from freight.booking.state import (
    Milestone,
    ProofKind,
    Received,
    Side,
    Term,
    TermKind,
    Weighing,
)
from freight.money import INR
from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.journeys.wire import Moment
from serve.loads.wire import STOPS_READ_MAX, ContactFields, LoadFields, StopFields, WindowFields
from serve.routes.wire import Lat, Lon
from store.postgres import epoch_ms

BP_PER_PERCENT = 100  # fixed: what the words mean
MINOR_MAX = 10**12  # fixed: part of the published API
REFERENCES_MAX = 20  # fixed: part of the published API
DOCUMENTS_MAX = 20  # fixed: part of the published API
TERMS_MAX = 10  # fixed: part of the published API
LEGS_MAX = 200  # fixed: part of the published API
MATERIALS_MAX = 50  # fixed: part of the published API
DAYS_MAX = 3650  # fixed: part of the published API
WEIGHT_KG_MAX = 10**8  # fixed: part of the published API

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
Kilograms = Annotated[int, Field(gt=0, le=WEIGHT_KG_MAX)]
WholeKilograms = Annotated[int, Field(ge=0, le=WEIGHT_KG_MAX)]


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
Stops = Annotated[list[StopFields], Field(min_length=2, max_length=STOPS_READ_MAX)]
Terms = Annotated[list[TermFields], Field(max_length=TERMS_MAX)]


class NewBooking(Strict):
    """By a quote, or with a load and stops, which is then quoted as it is booked."""

    quote: ObjectId | None = Field(default=None, description="its load and price are taken over")
    load: LoadFields | None = None
    stops: Stops | None = None
    shipper: ObjectId | None = None
    terms: Terms = Field(default=[], description="default: all of it as balance")
    references: References = Field(default={})
    documents: Documents = Field(default=[], description="papers required at the delivery")
    declared_value: MoneyIn | None = Field(default=None, description="of the goods")
    legs_kg: Shares = Field(default=[], description="shares of several trucks; default: one")

    @model_validator(mode="after")
    def _about_something(self) -> NewBooking:
        if (self.load is None) != (self.stops is None):
            raise ValueError("load and stops come together")
        if (self.quote is None) == (self.load is None):
            raise ValueError("give a quote, or load and stops")
        return self


class BookingChange(Strict):
    """What is left out stays as it is."""

    load: LoadFields | None = None
    stops: Stops | None = None
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


Override = Annotated[
    bool,
    Field(description="although the truck, its driver or carrier may not; wants a reason"),
]


class Assignment(Reasoned):
    leg: ObjectId = "L1"
    truck: ObjectId
    driver: ObjectId | None = None
    since: Moment | None = Field(
        default=None, description="before it the truck drives for another load; default: now"
    )
    override: Override = False


class Swap(Reasoned):
    """Another truck or driver goes on; what is left out stays."""

    leg: ObjectId = "L1"
    truck: ObjectId | None = None
    driver: ObjectId | None = None
    at: Moment | None = None
    lat: Lat | None = None
    lon: Lon | None = None
    override: Override = False


class OfLeg(Reasoned):
    leg: ObjectId = "L1"


class OfLegs(Reasoned):
    leg: ObjectId | None = Field(default=None, description="default: every leg")


class Unassignment(OfLeg):
    fault: Side | None = Field(default=None, description="shipper: the waiting is charged")


class Cancellation(OfLegs):
    side: Side | None = Field(default=None, description="default: as who you are")


class SplitFields(OfLeg):
    weights_kg: Shares = Field(default=[], description="default: as few trucks as can be")


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


class ReceivedFields(Strict):
    material: ShortText
    quantity_kg: WholeKilograms | None = None
    packages: WholeKilograms | None = None
    damaged_kg: WholeKilograms | None = Field(default=None, description="of the quantity")
    remarks: LongText | None = None

    def received(self) -> Received:
        return Received(**self.model_dump())

    @classmethod
    def of(cls, received: Received) -> ReceivedFields:
        return cls(**structs.asdict(received))


class WeighingFields(Strict):
    """On a weighbridge, in kilograms: of this stop's load, the truck with it and without."""

    tare_kg: Kilograms
    gross_kg: Kilograms
    slip: ObjectId | None = Field(default=None, description="the document")
    bridge: LongText | None = None

    def weighing(self) -> Weighing:
        return Weighing(**self.model_dump())

    @classmethod
    def of(cls, weighing: Weighing) -> WeighingFields:
        return cls(**structs.asdict(weighing))


class ProofFields(Strict):
    leg: ObjectId = "L1"
    stop: ObjectId
    kind: ProofKind
    code: OneTimeCode | None = Field(default=None, description="for kind otp")
    at: Moment | None = Field(default=None, description="when it was taken; default: now")
    receiver: LongText | None = None
    reference: LongText | None = Field(
        default=None, description="of a picture or paper that is kept elsewhere"
    )
    remarks: LongText | None = None
    received: Annotated[list[ReceivedFields], Field(max_length=MATERIALS_MAX)] = Field(
        default=[], description="what was handed over, by material"
    )
    weighing: WeighingFields | None = None
    documents: Annotated[list[ObjectId], Field(max_length=DOCUMENTS_MAX)] = Field(
        default=[], description="of this booking, as /v1/documents keeps them"
    )

    @property
    def shown(self) -> tuple[str, ...]:
        """Every document that it names, once."""
        slip = None if self.weighing is None else self.weighing.slip
        return tuple(dict.fromkeys((*self.documents, *((slip,) if slip else ()))))


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


def ms_of(at: datetime | None) -> int | None:
    return None if at is None else epoch_ms(at)
