"""What the portal would refuse of a consignment, found before it is asked; each by its pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from freight.eway.codes import (
    QUANTITY_UNITS,
    STATE_CODES,
    UNREGISTERED,
    Mode,
    SubSupply,
)
from freight.eway.consignment import Consignment, Item, Party, Totals, Transport
from freight.eway.rules import Limits
from freight.eway.times import day_of
from freight.fleet.identifiers import gstin_fault

DOCUMENT = re.compile(r"[1-9A-Za-z][A-Za-z0-9/-]{0,15}")
HSN = re.compile(r"[0-9]{4,8}")
SERVICES = "99"  # with what the HSN of services begins
PIN = range(100_000, 1_000_000)
TRANSPORT_DOCUMENT_CHARS_MAX = 15  # fixed: the portal's
TRANSPORTER = re.compile(r"[0-9]{2}[0-9A-Z]{13}")
# Ordinary, Bharat series, older with three letters, temporary, defence, Bhutan, Nepal.
VEHICLE = re.compile(
    r"[A-Z]{2}[0-9]{1,2}[A-Z]{0,3}[0-9]{4}|[0-9]{2}BH[0-9]{4}[A-Z]{1,2}|[A-Z]{3}[0-9]{4}"
    r"|(?:TR|DF|BP|NP)[A-Z0-9]{3,13}"
)
# Sums are compared to the rupee: sellers round each line in their own way.
TOLERANCE_MINOR = 200  # fixed: what the portal lets pass


class Fault(NamedTuple):
    pointer: str
    detail: str


def faults_of(given: Consignment, transport: Transport, limits: Limits, now_ms: int) -> list[Fault]:
    found = [*_document_faults(given, limits, now_ms)]
    found += _party_faults("/sender", given.sender)
    found += _party_faults("/receiver", given.receiver)
    found += _item_faults(given, limits)
    found += _total_faults(given.totals)
    found += transport_faults(transport, limits)
    found += _distance_faults(given, transport, limits)
    return found


def _document_faults(given: Consignment, limits: Limits, now_ms: int) -> Iterator[Fault]:
    document, today = given.document, day_of(now_ms)
    if DOCUMENT.fullmatch(document.number) is None:
        yield Fault(
            "/document/number",
            "up to 16 letters, digits, / and -, and neither 0, / nor - at its beginning",
        )
    if document.day > today:
        yield Fault("/document/date", "is in the future")
    age = (today - document.day).days
    if limits.document_days_max is not None and age > limits.document_days_max:
        yield Fault(
            "/document/date",
            f"is {age} days old; a bill is given for documents of {limits.document_days_max} days",
        )
    if given.sub_supply is SubSupply.OTHERS and not given.sub_supply_text:
        yield Fault("/sub_supply_text", "say what it is")


def _party_faults(where: str, party: Party) -> Iterator[Fault]:
    if party.gstin != UNREGISTERED:
        fault = gstin_fault(party.gstin)
        if fault is not None:
            yield Fault(f"{where}/gstin", fault)
        elif int(party.gstin[:2]) != party.state:
            yield Fault(f"{where}/state", f"its GSTIN is of state {party.gstin[:2]}")
    for name in ("state", "at_state"):
        if getattr(party, name) not in STATE_CODES:
            yield Fault(f"{where}/{name}", "is no state's code")
    if party.pin not in PIN:
        yield Fault(f"{where}/pin", "six digits, the first of which is not 0")


def _item_faults(given: Consignment, limits: Limits) -> Iterator[Fault]:
    if not given.items:
        yield Fault("/items", "at least one is needed")
    if len(given.items) > limits.items_max:
        yield Fault("/items", f"has {len(given.items)} entries; at most {limits.items_max}")
    if given.items and all(item.hsn.startswith(SERVICES) for item in given.items):
        yield Fault("/items/0/hsn", "services alone need no bill, and get none")
    for nr, item in enumerate(given.items):
        yield from _faults_of_item(f"/items/{nr}", item)


def _faults_of_item(where: str, item: Item) -> Iterator[Fault]:
    if HSN.fullmatch(item.hsn) is None:
        yield Fault(f"{where}/hsn", "four to eight digits")
    if item.unit is not None and item.unit not in QUANTITY_UNITS:
        yield Fault(f"{where}/unit", "is no unit that the portal knows")
    if item.quantity is not None and item.unit is None:
        yield Fault(f"{where}/unit", "a quantity needs its unit")
    if item.igst_bp and (item.cgst_bp or item.sgst_bp):
        yield Fault(f"{where}/igst_bp", "either IGST, or CGST and SGST")


def _total_faults(totals: Totals) -> Iterator[Fault]:
    parts = (
        *(totals.taxable_minor, totals.cgst_minor, totals.sgst_minor, totals.igst_minor),
        *(totals.cess_minor, totals.cess_fixed_minor, totals.other_minor),
    )
    if abs(sum(parts) - totals.invoice_minor) > TOLERANCE_MINOR:
        yield Fault("/totals/invoice", "is not the sum of what it is made of")


def transport_faults(transport: Transport, limits: Limits) -> Iterator[Fault]:
    if transport.distance_km > limits.distance_km_max:
        yield Fault("/transport/distance_km", f"at most {limits.distance_km_max}")
    if transport.mode is Mode.IN_TRANSIT:
        yield Fault("/transport/mode", "only an extension is in transit")
    if transport.vehicle is not None and VEHICLE.fullmatch(transport.vehicle) is None:
        yield Fault("/transport/vehicle", "is no vehicle's number")
    if transport.transporter is not None and TRANSPORTER.fullmatch(transport.transporter) is None:
        yield Fault("/transport/transporter", "is no GSTIN and no transporter's id")
    if transport.doc_number is not None and (
        len(transport.doc_number) > TRANSPORT_DOCUMENT_CHARS_MAX
    ):
        yield Fault("/transport/doc_number", f"at most {TRANSPORT_DOCUMENT_CHARS_MAX} characters")
    if transport.vehicle is None and transport.transporter is None:
        yield Fault("/transport/transporter", "name the vehicle, or the transporter who names it")


def _distance_faults(given: Consignment, transport: Transport, limits: Limits) -> Iterator[Fault]:
    if given.sender.pin == given.receiver.pin and (transport.distance_km > limits.same_pin_km_max):
        yield Fault(
            "/transport/distance_km", f"at most {limits.same_pin_km_max} within one PIN code"
        )


def place_faults(pin: int | None, state: int, vehicle: str | None) -> Iterator[Fault]:
    """Of an extension, or of a change of vehicle."""
    if pin is not None and pin not in PIN:
        yield Fault("/pin", "six digits, the first of which is not 0")
    if state not in STATE_CODES:
        yield Fault("/state", "is no state's code")
    if vehicle is not None and VEHICLE.fullmatch(vehicle) is None:
        yield Fault("/vehicle", "is no vehicle's number")
