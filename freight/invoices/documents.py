"""Tax documents as they are kept: what was said to whom, with every amount; never changed."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from freight.money import INR


class DocumentKind(StrEnum):
    TAX_INVOICE = "tax_invoice"
    BILL_OF_SUPPLY = "bill_of_supply"  # for what is exempt
    RECEIPT_VOUCHER = "receipt_voucher"  # for an advance
    REFUND_VOUCHER = "refund_voucher"  # for an advance that is given back
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    CONSIGNMENT_NOTE = "consignment_note"  # LR


class Head(StrEnum):
    """What a line is for."""

    FREIGHT = "freight"
    DETENTION = "detention"
    CANCELLATION = "cancellation"
    RETURN = "return"
    SHORTAGE = "shortage"
    PLATFORM_FEE = "platform_fee"
    ADVANCE = "advance"
    OTHER = "other"


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    lines: tuple[str, ...] = ()
    pin: str | None = None
    state: str | None = None  # as GST numbers begin
    state_name: str | None = None


class PartyBlock(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who stands on a document, as known when it was issued."""

    party: str  # "shippers/acme", "carriers/k1", "platform"
    name: str
    address: Address = Address()
    gstin: str | None = None
    pan: str | None = None

    @property
    def is_registered(self) -> bool:
        return self.gstin is not None


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a line's amount is made up of; says nothing about tax."""

    text: str
    amount_minor: int


class DocumentLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    nr: int
    head: Head
    description: str
    sac: str
    taxable_minor: int
    mode: str  # of GST
    rate_bp: int  # both halves together
    cgst_minor: int = 0
    sgst_minor: int = 0
    utgst_minor: int = 0
    igst_minor: int = 0
    reverse_charge_minor: int = 0  # what the recipient owes the state; no part of any total
    quantity: str | None = None
    details: tuple[Detail, ...] = ()

    @property
    def tax_minor(self) -> int:
        return self.cgst_minor + self.sgst_minor + self.utgst_minor + self.igst_minor


class Tax(msgspec.Struct, frozen=True):
    """One tax at one rate over all lines, as it is shown and posted."""

    name: str  # "cgst", "sgst", "utgst", "igst"
    rate_bp: int  # both halves together
    taxable_minor: int
    amount_minor: int


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    key: str
    en: str
    hi: str | None = None


class Reference(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another document that this one is about."""

    id: str
    kind: DocumentKind
    number: str
    date: str
    taken_up: tuple[Tax, ...] = ()  # of a receipt voucher: its tax, which an invoice takes over


class Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Goods on a truck."""

    description: str
    weight_kg: int | None = None
    packages: int | None = None
    packing: str | None = None
    hsn: str | None = None


class Transport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What rule 54(3) and consignment notes want to know about a carriage."""

    consignor: PartyBlock
    consignee: PartyBlock
    origin: str
    destination: str
    vehicles: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    gross_weight_kg: int | None = None
    charged_weight_kg: int | None = None
    distance_m: int | None = None
    loaded_on: str | None = None
    delivered_on: str | None = None
    liable_for_tax: str | None = None  # the party, "shippers/acme"
    liable_gstin: str | None = None
    eway_bills: tuple[str, ...] = ()
    consignment_notes: tuple[str, ...] = ()
    references: tuple[tuple[str, str], ...] = ()  # the shipper's: purchase order, ...


class Risk(StrEnum):
    OWNER = "owner"
    CARRIER = "carrier"


class FreightTerms(StrEnum):
    PAID = "paid"
    TO_PAY = "to_pay"
    TO_BE_BILLED = "to_be_billed"


class Consignment(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What sections 8 and 9 of the Carriage by Road Act want beside: it is a goods receipt."""

    risk: Risk
    terms: FreightTerms
    declared_value_minor: int | None = None
    is_hazardous: bool = False
    hazard: str | None = None
    private_marks: str | None = None
    invoice_numbers: tuple[str, ...] = ()  # of the goods
    received_in_good_order: bool | None = None
    driver: str | None = None
    copies: tuple[str, ...] = ()
    liability_limit_minor: int | None = None  # of the carrier; None: the declared value


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """All that a document says but what its issuing adds."""

    cause: str  # what it is issued for: the same cause gives the same document
    kind: DocumentKind
    seller: PartyBlock
    buyer: PartyBlock
    booking: str | None = None
    leg: str | None = None
    lines: tuple[DocumentLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    place_of_supply: str | None = None
    place_of_supply_name: str | None = None
    is_inter_state: bool = False
    is_reverse_charge: bool = False
    taxable_minor: int = 0
    tax_minor: int = 0
    round_off_minor: int = 0
    total_minor: int = 0
    reverse_charge_minor: int = 0
    currency: str = INR
    words_en: str = ""
    words_hi: str = ""
    texts: tuple[Text, ...] = ()
    references: tuple[Reference, ...] = ()
    reason: str | None = None
    is_tax_adjusted: bool = True  # a note after the last day for it changes no tax
    transport: Transport | None = None
    consignment: Consignment | None = None
    due_on: str | None = None
    lacks: tuple[str, ...] = ()  # what the law wants to stand here, and nobody has said


class Document(Draft, frozen=True, kw_only=True):
    """An issued one."""

    id: str
    tenant: str
    series: str
    state: str  # the registration under which it is numbered
    year: int  # in which the financial year began
    nr: int  # in its series
    number: str
    date: str  # in India
    issued_ms: int
    previous: str | None  # the digest of the one before it in its series
    qr: str


def written(document: Document) -> bytes:
    """Always the same bytes for the same document."""
    return msgspec.json.encode(document, order="deterministic")


def read(body: bytes) -> Document:
    return msgspec.json.decode(body, type=Document)


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def document_id(tenant_key: int, cause: str) -> str:
    """Derived, so that whoever issues it again finds it."""
    return f"doc-{hashlib.blake2b(f'{tenant_key}|{cause}'.encode(), digest_size=12).hexdigest()}"
