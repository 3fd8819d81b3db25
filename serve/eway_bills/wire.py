"""E-way bills as the API takes them; codes are the portal's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from freight.eway.codes import (
    CancelReason,
    DocType,
    ExtensionReason,
    Mode,
    PartBReason,
    SubSupply,
    SupplyType,
    Transaction,
    TransitType,
    VehicleType,
)
from freight.eway.codes import Consignment as Where
from freight.eway.consignment import vehicle_number
from freight.money import INR
from serve.fields import TEXT_PATTERN, ObjectId, Strict
from serve.papers.wire import Day

PIN_MAX = 999_999  # fixed: part of the published API
ITEMS_READ_MAX = 1000  # fixed: more are not read; fewer are allowed
DISTANCE_KM_MAX = 10_000  # fixed: part of the published API
MINOR_MAX = 10**13  # fixed: part of the published API
BP_MAX = 100_000  # fixed: part of the published API
QUANTITY_MAX = 1e9  # fixed: part of the published API

Pin = Annotated[int, Field(ge=1, le=PIN_MAX)]
GstState = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
Gstin = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{3,15}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN)]
Remark = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=TEXT_PATTERN)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=TEXT_PATTERN)]
Minor = Annotated[int, Field(ge=0, le=MINOR_MAX)]
BasisPoints = Annotated[int, Field(ge=0, le=BP_MAX)]
Vehicle = Annotated[
    str,
    StringConstraints(min_length=4, max_length=20, pattern=r"^[A-Za-z0-9 -]+$"),
    AfterValidator(vehicle_number),
]
Kilometres = Annotated[int, Field(ge=1, le=DISTANCE_KM_MAX)]


class MoneyIn(Strict):
    amount_minor: Minor
    currency: Annotated[str, StringConstraints(pattern="^INR$")] = INR


class DocumentIn(Strict):
    """What is left out is looked for in the booking's references."""

    kind: DocType = DocType.INVOICE
    number: Number | None = None
    day: Day | None = Field(default=None, alias="date")


class PartyIn(Strict):
    gstin: Gstin | None = Field(default=None, description="URP for one that is not registered")
    name: Words | None = None
    address1: Words | None = None
    address2: Words | None = None
    place: Words | None = None
    pin: Pin | None = None
    state: GstState | None = Field(default=None, description="where it is registered")
    at_state: GstState | None = Field(default=None, description="where the goods are")


class ItemIn(Strict):
    name: Words
    hsn: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}$")]
    taxable: MoneyIn
    description: Words | None = None
    quantity: Annotated[float, Field(gt=0, le=QUANTITY_MAX)] | None = None
    unit: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    cgst_bp: BasisPoints = 0
    sgst_bp: BasisPoints = 0
    igst_bp: BasisPoints = 0
    cess_bp: BasisPoints = 0


class TotalsIn(Strict):
    taxable: MoneyIn
    invoice: MoneyIn
    cgst: MoneyIn | None = None
    sgst: MoneyIn | None = None
    igst: MoneyIn | None = None
    cess: MoneyIn | None = None
    other_minor: Annotated[int, Field(ge=-MINOR_MAX, le=MINOR_MAX)] = 0


class TransportIn(Strict):
    distance_km: Kilometres | None = Field(default=None, description="of the truck's way, if known")
    mode: Mode = Mode.ROAD
    vehicle: Vehicle | None = Field(default=None, description="of the truck that has the leg")
    vehicle_type: VehicleType = VehicleType.REGULAR
    transporter: Gstin | None = None
    transporter_name: Words | None = None
    doc_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/-]{1,15}$")] | None = None
    doc_date: Day | None = None


class NewEwayBill(Strict):
    id: ObjectId | None = None
    booking: ObjectId
    leg: ObjectId = "L1"
    document: DocumentIn = DocumentIn()
    sender: PartyIn = PartyIn()
    receiver: PartyIn = PartyIn()
    items: Annotated[list[ItemIn], Field(max_length=ITEMS_READ_MAX, default_factory=list)]
    totals: TotalsIn | None = Field(default=None, description="the items' sums, if left out")
    transport: TransportIn = TransportIn()
    supply_type: SupplyType = SupplyType.OUTWARD
    sub_supply_type: SubSupply = SubSupply.SUPPLY
    sub_supply_text: Words | None = None
    transaction_type: Transaction = Transaction.REGULAR
    generate: bool = Field(default=False, description="ask the portal at once")


class PartBIn(Strict):
    vehicle: Vehicle
    place: Words
    state: GstState
    reason: PartBReason
    remark: Remark | None = None
    mode: Mode = Mode.ROAD
    vehicle_type: VehicleType = VehicleType.REGULAR
    doc_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/-]{1,15}$")] | None = None
    doc_date: Day | None = None


class ExtensionIn(Strict):
    place: Words
    pin: Pin
    state: GstState
    remaining_km: Kilometres
    reason: ExtensionReason
    remark: Remark
    vehicle: Vehicle | None = Field(default=None, description="the present one, if left out")
    goods: Where = Where.IN_MOVEMENT
    transit: TransitType | None = None
    address: Annotated[list[Words], Field(max_length=3, default_factory=list)]


class TransporterIn(Strict):
    transporter: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[0-9A-Z]{13}$")]


class CancelIn(Strict):
    reason: CancelReason
    remark: Remark
