"""Parties as the API takes and gives them: what is personal is masked unless one may see it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from freight.fleet.identifiers import PIN_PATTERN
from freight.personal import masked
from freight.tax.tds import Declaration
from serve.carriers.wire import BankAccount, Email, Gstin, Ifsc, Pan, Phone
from serve.fields import LongText, ShortText, Strict
from store.parties import PERSONAL, Party

TEXT_LINES_PATTERN = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
Address = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=TEXT_LINES_PATTERN)
]
State = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
Pin = Annotated[str, StringConstraints(pattern=PIN_PATTERN)]
# Also of deductors, embassies and people from abroad, whose numbers have other forms.
AnyGstin = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{15}$")]


class Placed(Strict):
    address: Address | None = Field(default=None, description="line by line")
    state: State | None = Field(default=None, description="as GST numbers begin")
    pin: Pin | None = None


class ShipperFacts(Placed):
    """What is left out is not known."""

    name: LongText
    gstin: AnyGstin | None = Field(default=None, description="none: not registered for GST")
    pan: Pan | None = None
    phone: Phone | None = None
    email: Email | None = None
    bank_account: BankAccount | None = None
    ifsc: Ifsc | None = None
    gst_mode: ShortText | None = Field(
        default=None, description="agreed with it, instead of the tenant's"
    )


class CarrierFacts(Placed):
    """Beside what /v1/carriers keeps of it."""

    transin: ShortText | None = Field(
        default=None, description="how the e-way bill portal names one without a GSTIN"
    )
    is_individual: bool | None = Field(
        default=None, description="for income tax; null: as the PAN says"
    )


class RegistrationFacts(Strict):
    name: LongText
    address: Address
    pin: Pin | None = None
    gstin: Gstin | None = Field(default=None, description="none: not registered for GST")
    pan: Pan | None = None


class NewDeclaration(Strict):
    """Counts only go up within a year: what is declared is the most at any time of it."""

    declared_on: date
    trucks_owned: Annotated[int, Field(ge=0, le=1_000_000)]
    exceeded_on: date | None = Field(
        default=None, description="since when it owns more trucks than are exempt"
    )
    document: ShortText | None = Field(default=None, description="the declaration itself")


class DeclarationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    year: int = Field(description="in which the financial year began")
    declared_on: date
    trucks_owned: int
    exceeded_on: date | None

    @classmethod
    def of(cls, declared: Declaration) -> DeclarationOut:
        return cls.model_validate(declared)


class PartyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    party: str
    name: str
    address: str | None
    state: str | None
    pin: str | None
    gstin: str | None
    pan: str | None
    phone: str | None
    email: str | None
    bank_account: str | None
    ifsc: str | None
    gst_mode: str | None
    is_registered: bool
    transin: str | None
    is_individual: bool | None
    declarations: list[DeclarationOut]
    version: int

    @classmethod
    def of(cls, party: Party, *, unmasked: bool = False) -> PartyOut:
        out = cls.model_validate(party)
        if unmasked:
            return out
        shown = {
            name: None if text is None else masked(kind, text)
            for name, kind in PERSONAL.items()
            for text in [getattr(party, name)]
        }
        return out.model_copy(update=shown)
