"""Tax documents as the API takes and gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field

from freight.invoices.documents import (
    Document,
    DocumentKind,
    DocumentLine,
    Head,
    PartyBlock,
    Reference,
    Tax,
)
from freight.money import INR
from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.quotes.wire import MoneyOut
from store.invoices import Kept
from store.postgres import moment

MINOR_MAX = 10**14  # fixed: what the database counts in
PARTY_PATTERN = r"^(shippers|carriers)/[A-Za-z0-9_-]{1,64}$"
Day = date  # whose own name is a field's
LINES_MAX = 1000  # fixed: the form; the tenant's own limit is a setting


class AmountIn(Strict):
    amount_minor: Annotated[int, Field(gt=0, le=MINOR_MAX)]
    currency: Annotated[str, Field(pattern="^INR$")] = INR


class SignedIn(Strict):
    amount_minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)]
    currency: Annotated[str, Field(pattern="^INR$")] = INR


class NewLine(Strict):
    head: Head = Head.OTHER
    description: LongText
    amount: SignedIn = Field(description="without tax; less than nothing: taken off")


class NewInvoice(Strict):
    """What is charged by hand; how it is taxed follows from the party and the tenant's rules."""

    party: Annotated[str, Field(pattern=PARTY_PATTERN)]
    booking: ObjectId | None = None
    lines: Annotated[list[NewLine], Field(min_length=1, max_length=LINES_MAX)]
    mode: ShortText | None = Field(default=None, description="of GST, where it does not follow")
    material: ShortText | None = Field(default=None, description="what was carried")
    has_consignment_note: bool = Field(
        default=True, description="without one who carries is no goods transport agency"
    )
    handed_over_in: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="the state where the goods were handed over"
    )
    supplier_state: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="the registration that supplies, if not the usual one"
    )
    reason: LongText | None = None
    due_on: date | None = None


class NoteLine(Strict):
    nr: Annotated[int, Field(gt=0, le=LINES_MAX)] = Field(description="of the document's line")
    taxable: AmountIn


class NewNote(Strict):
    """So much with its taxes, or so much of lines without; of a credit note neither: all that is
    left."""

    reason: LongText
    amount: AmountIn | None = None
    lines: Annotated[tuple[NoteLine, ...], Field(max_length=LINES_MAX)] = ()


class PartyBlockOut(BaseModel):
    party: str
    name: str
    address: list[str]
    pin: str | None
    state: str | None
    state_name: str | None
    gstin: str | None

    @classmethod
    def of(cls, block: PartyBlock) -> PartyBlockOut:
        return cls(
            party=block.party,
            name=block.name,
            address=list(block.address.lines),
            pin=block.address.pin,
            state=block.address.state,
            state_name=block.address.state_name,
            gstin=block.gstin,
        )


class TaxOut(BaseModel):
    name: str
    rate_bp: int = Field(description="of both halves together")
    taxable: MoneyOut
    amount: MoneyOut

    @classmethod
    def of(cls, tax: Tax) -> TaxOut:
        return cls(
            name=tax.name,
            rate_bp=tax.rate_bp,
            taxable=MoneyOut.of(tax.taxable_minor),
            amount=MoneyOut.of(tax.amount_minor),
        )


class LineOut(BaseModel):
    nr: int
    head: Head
    description: str
    sac: str
    mode: str
    rate_bp: int
    taxable: MoneyOut
    tax: MoneyOut
    reverse_charge: MoneyOut = Field(description="what the recipient pays to the state itself")

    @classmethod
    def of(cls, line: DocumentLine) -> LineOut:
        return cls(
            nr=line.nr,
            head=line.head,
            description=line.description,
            sac=line.sac,
            mode=line.mode,
            rate_bp=line.rate_bp,
            taxable=MoneyOut.of(line.taxable_minor),
            tax=MoneyOut.of(line.tax_minor),
            reverse_charge=MoneyOut.of(line.reverse_charge_minor),
        )


class ReferenceOut(BaseModel):
    id: str
    kind: DocumentKind
    number: str
    date: date

    @classmethod
    def of(cls, reference: Reference) -> ReferenceOut:
        return cls(
            id=reference.id,
            kind=reference.kind,
            number=reference.number,
            date=Day.fromisoformat(reference.date),
        )


class InvoiceOut(BaseModel):
    """All of it stands in its content, whose digest this is."""

    id: str
    kind: DocumentKind
    number: str
    date: date
    issued_at: datetime
    booking: str | None
    leg: str | None
    seller: PartyBlockOut
    buyer: PartyBlockOut
    place_of_supply: str | None
    is_inter_state: bool
    is_reverse_charge: bool
    lines: list[LineOut]
    taxes: list[TaxOut]
    taxable: MoneyOut
    tax: MoneyOut
    round_off: MoneyOut
    total: MoneyOut
    reverse_charge: MoneyOut
    words: dict[str, str] = Field(description="the total, by language")
    texts: list[dict[str, Any]]
    about: list[ReferenceOut]
    reason: str | None
    due_on: Day | None
    transport: dict[str, Any] | None
    consignment: dict[str, Any] | None
    qr: str
    lacks: list[str] = Field(description="what the law wants to stand here, and nobody has said")
    digest: str = Field(description="SHA-256 of the content")

    @classmethod
    def of(cls, kept: Kept) -> InvoiceOut:
        return cls.of_document(kept.document, kept.digest)

    @classmethod
    def of_document(cls, document: Document, digest: str) -> InvoiceOut:
        return cls(
            id=document.id,
            kind=document.kind,
            number=document.number,
            date=Day.fromisoformat(document.date),
            issued_at=moment(document.issued_ms),
            booking=document.booking,
            leg=document.leg,
            seller=PartyBlockOut.of(document.seller),
            buyer=PartyBlockOut.of(document.buyer),
            place_of_supply=document.place_of_supply,
            is_inter_state=document.is_inter_state,
            is_reverse_charge=document.is_reverse_charge,
            lines=[LineOut.of(line) for line in document.lines],
            taxes=[TaxOut.of(tax) for tax in document.taxes],
            taxable=MoneyOut.of(document.taxable_minor),
            tax=MoneyOut.of(document.tax_minor),
            round_off=MoneyOut.of(document.round_off_minor),
            total=MoneyOut.of(document.total_minor),
            reverse_charge=MoneyOut.of(document.reverse_charge_minor),
            words={"en": document.words_en, "hi": document.words_hi},
            texts=[msgspec.to_builtins(text) for text in document.texts],
            about=[ReferenceOut.of(reference) for reference in document.references],
            reason=document.reason,
            due_on=None if document.due_on is None else Day.fromisoformat(document.due_on),
            transport=msgspec.to_builtins(document.transport),
            consignment=msgspec.to_builtins(document.consignment),
            qr=document.qr,
            lacks=list(document.lacks),
            digest=digest,
        )
