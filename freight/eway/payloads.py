"""The portal's JSON: requests as NIC names their fields, made from what we know."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from freight.eway.codes import (
    CancelReason,
    ExtensionReason,
    Mode,
    PartBReason,
    TransitType,
    VehicleType,
)
from freight.eway.codes import (
    Consignment as Where,
)
from freight.eway.consignment import Consignment, Item, Transport
from freight.eway.times import date_text
from freight.money import PAISE_PER_RUPEE

BASIS_POINTS = 100.0


class PartB(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another vehicle, and where the goods changed to it."""

    vehicle: str
    place: str
    state: int
    reason: PartBReason
    remark: str
    mode: Mode = Mode.ROAD
    vehicle_type: VehicleType = VehicleType.REGULAR
    doc_number: str | None = None
    doc_day: date | None = None


class Extension(msgspec.Struct, frozen=True, omit_defaults=True):
    place: str
    pin: int
    state: int
    remaining_km: int
    reason: ExtensionReason
    remark: str
    vehicle: str | None = None
    mode: Mode = Mode.ROAD
    goods: Where = Where.IN_MOVEMENT
    transit: TransitType | None = None
    address: tuple[str, ...] = ()  # where the goods lie, up to three lines
    doc_number: str | None = None
    doc_day: date | None = None


def generation(given: Consignment, transport: Transport, user_gstin: str) -> dict[str, Any]:
    sender, receiver, totals = given.sender, given.receiver, given.totals
    return {
        "userGstin": user_gstin,
        "supplyType": given.supply.value,
        "subSupplyType": int(given.sub_supply),
        "subSupplyDesc": given.sub_supply_text,
        "docType": given.document.kind.value,
        "docNo": given.document.number,
        "docDate": date_text(given.document.day),
        "transactionType": int(given.transaction),
        "fromGstin": sender.gstin,
        "fromTrdName": sender.name,
        "fromAddr1": sender.address1,
        "fromAddr2": sender.address2,
        "fromPlace": sender.place,
        "fromPincode": sender.pin,
        "fromStateCode": sender.state,
        "actFromStateCode": sender.at_state,
        "toGstin": receiver.gstin,
        "toTrdName": receiver.name,
        "toAddr1": receiver.address1,
        "toAddr2": receiver.address2,
        "toPlace": receiver.place,
        "toPincode": receiver.pin,
        "toStateCode": receiver.state,
        "actToStateCode": receiver.at_state,
        "totalValue": rupees(totals.taxable_minor),
        "cgstValue": rupees(totals.cgst_minor),
        "sgstValue": rupees(totals.sgst_minor),
        "igstValue": rupees(totals.igst_minor),
        "cessValue": rupees(totals.cess_minor),
        "cessNonAdvolValue": rupees(totals.cess_fixed_minor),
        "otherValue": rupees(totals.other_minor),
        "totInvValue": rupees(totals.invoice_minor),
        **_transport(transport),
        "mainHsnCode": max(given.items, key=lambda item: item.taxable_minor).hsn,
        "itemList": [_item(nr, item) for nr, item in enumerate(given.items, start=1)],
    }


def _transport(transport: Transport) -> dict[str, Any]:
    """Without a vehicle only who is to name it: then it is Part A alone."""
    said: dict[str, Any] = {
        "transDistance": transport.distance_km,
        "transporterId": transport.transporter or "",
        "transporterName": transport.transporter_name or "",
    }
    if transport.vehicle is None and transport.doc_number is None:
        return said
    return {
        **said,
        "transMode": int(transport.mode),
        "vehicleNo": transport.vehicle or "",
        "vehicleType": transport.vehicle_type.value,
        "transDocNo": transport.doc_number or "",
        "transDocDate": _day(transport.doc_day),
    }


def _item(nr: int, item: Item) -> dict[str, Any]:
    return {
        "itemNo": nr,
        "productName": item.name,
        "productDesc": item.description or item.name,
        "hsnCode": item.hsn,
        "quantity": 0 if item.quantity is None else item.quantity,
        "qtyUnit": item.unit or "",
        "taxableAmount": rupees(item.taxable_minor),
        "cgstRate": item.cgst_bp / BASIS_POINTS,
        "sgstRate": item.sgst_bp / BASIS_POINTS,
        "igstRate": item.igst_bp / BASIS_POINTS,
        "cessRate": item.cess_bp / BASIS_POINTS,
        "cessNonAdvol": rupees(item.cess_fixed_minor),
    }


def vehicle_change(number: str, given: PartB) -> dict[str, Any]:
    return {
        "ewbNo": number,
        "vehicleNo": given.vehicle,
        "fromPlace": given.place,
        "fromState": given.state,
        "reasonCode": int(given.reason),
        "reasonRem": given.remark,
        "transDocNo": given.doc_number,
        "transDocDate": _day(given.doc_day),
        "transMode": int(given.mode),
        "vehicleType": given.vehicle_type.value,
    }


def extension(number: str, given: Extension) -> dict[str, Any]:
    lines = {f"addressLine{nr}": line for nr, line in enumerate(given.address, start=1)}
    return {
        "ewbNo": int(number),
        "vehicleNo": given.vehicle or "",
        "fromPlace": given.place,
        "fromState": f"{given.state:02}",
        "fromPincode": given.pin,
        "remainingDistance": given.remaining_km,
        "transDocNo": given.doc_number,
        "transDocDate": _day(given.doc_day),
        "transMode": int(given.mode),
        "extnRsnCode": int(given.reason),
        "extnRemarks": given.remark,
        "consignmentStatus": given.goods.value,
        "transitType": "" if given.transit is None else given.transit.value,
        **(lines if given.goods is Where.IN_TRANSIT else {}),
    }


def transporter_change(number: str, transporter: str) -> dict[str, Any]:
    return {"ewbNo": number, "transporterId": transporter}


def cancellation(number: str, reason: CancelReason, remark: str) -> dict[str, Any]:
    return {"ewbNo": number, "cancelRsnCode": str(int(reason)), "cancelRmrk": remark}


def rupees(minor: int) -> float:
    """Two decimals, as the portal has amounts."""
    return minor / PAISE_PER_RUPEE


def _day(day: date | None) -> str:
    return "" if day is None else date_text(day)
