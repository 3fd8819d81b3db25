"""Carriers as the API takes and gives them: what is personal is masked unless one may see it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from freight.fleet.identifiers import GSTIN_PATTERN, IFSC_PATTERN, PAN_PATTERN
from freight.fleet.kyc import KycState
from freight.fleet.ratings import Rating
from freight.personal import masked
from serve.fields import LongText, ObjectId, Strict
from store.carriers import PERSONAL, Carrier

SCORE_DIGITS = 4
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{4,22}[0-9]$")]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}$")
]
Gstin = Annotated[str, StringConstraints(pattern=GSTIN_PATTERN)]
Pan = Annotated[str, StringConstraints(pattern=PAN_PATTERN)]
Ifsc = Annotated[str, StringConstraints(pattern=IFSC_PATTERN)]
BankAccount = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 /-]{4,33}$")]


class Contact(Strict):
    phone: Phone | None = None
    email: Email | None = None
    gstin: Gstin | None = Field(default=None, description="goods and services tax number")
    pan: Pan | None = Field(default=None, description="permanent account number")
    bank_account: BankAccount | None = Field(
        default=None, description="where to pay: the account number, or IFSC/account number"
    )
    ifsc: Ifsc | None = Field(default=None, description="of the account's branch")


class NewCarrier(Contact):
    id: ObjectId
    name: LongText


class CarrierChange(Contact):
    """What is left out stays as it is; null empties a field, except the name."""

    name: LongText | None = None


class CarrierOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    phone: str | None
    email: str | None
    gstin: str | None
    pan: str | None
    bank_account: str | None
    ifsc: str | None
    kyc_state: KycState
    created_at: datetime
    version: int

    @classmethod
    def of(cls, carrier: Carrier, *, unmasked: bool = False) -> CarrierOut:
        out = cls.model_validate(carrier)
        if unmasked:
            return out
        shown = {name: _masked(name, getattr(carrier, name)) for name in PERSONAL}
        return out.model_copy(update=shown)


class RatingOut(BaseModel):
    """From what happened since; a share is null where nothing was seen."""

    since: datetime
    trips: int = Field(description="journeys that arrived or ended")
    promised: int = Field(description="of them, those with a time to arrive by")
    on_time: int
    offers: int
    declines: int
    deviations: int
    on_time_share: float | None
    decline_share: float | None
    deviations_per_trip: float | None
    score: float = Field(description="0 to 1; the less was seen, the nearer to the usual")

    @classmethod
    def of(cls, seen: Rating, since: datetime) -> RatingOut:
        counts = seen.counts
        return cls(
            since=since,
            trips=counts.trips,
            promised=counts.promised,
            on_time=counts.on_time,
            offers=counts.offers,
            declines=counts.declines,
            deviations=counts.deviations,
            on_time_share=seen.on_time_share,
            decline_share=seen.decline_share,
            deviations_per_trip=seen.deviations_per_trip,
            score=round(seen.score, SCORE_DIGITS),
        )


def _masked(name: str, text: str | None) -> str | None:
    return None if text is None else masked(PERSONAL[name], text)
