"""What an e-way bill says of goods, parties, document and transport (its Part A)."""

from __future__ import annotations

from datetime import date

import msgspec

from freight.eway.codes import DocType, Mode, SubSupply, SupplyType, Transaction, VehicleType


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who sends or receives; `state` is where it is registered, `at_state` where the goods are."""

    gstin: str  # or "URP"
    name: str
    address1: str
    place: str
    pin: int
    state: int
    at_state: int
    address2: str = ""


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rates are hundredths of a per cent."""

    name: str
    hsn: str
    taxable_minor: int
    description: str = ""
    quantity: float | None = None
    unit: str | None = None
    cgst_bp: int = 0
    sgst_bp: int = 0
    igst_bp: int = 0
    cess_bp: int = 0
    cess_fixed_minor: int = 0


class Totals(msgspec.Struct, frozen=True, omit_defaults=True):
    taxable_minor: int
    invoice_minor: int
    cgst_minor: int = 0
    sgst_minor: int = 0
    igst_minor: int = 0
    cess_minor: int = 0
    cess_fixed_minor: int = 0
    other_minor: int = 0  # may be negative: a discount


class Document(msgspec.Struct, frozen=True):
    kind: DocType
    number: str
    day: date


class Transport(msgspec.Struct, frozen=True, omit_defaults=True):
    """Part B, as far as it is known: without a vehicle the transporter names it later."""

    distance_km: int
    mode: Mode = Mode.ROAD
    vehicle: str | None = None  # as the portal takes it: capitals and digits
    vehicle_type: VehicleType = VehicleType.REGULAR
    transporter: str | None = None  # GSTIN, or the id of one without
    transporter_name: str | None = None
    doc_number: str | None = None  # of the LR
    doc_day: date | None = None


class Consignment(msgspec.Struct, frozen=True, omit_defaults=True):
    document: Document
    sender: Party
    receiver: Party
    items: tuple[Item, ...]
    totals: Totals
    supply: SupplyType = SupplyType.OUTWARD
    sub_supply: SubSupply = SubSupply.SUPPLY
    sub_supply_text: str = ""
    transaction: Transaction = Transaction.REGULAR


def vehicle_number(text: str) -> str:
    """As the portal and we compare it: without spaces and hyphens, in capitals."""
    return "".join(each for each in text.upper() if each.isalnum())
