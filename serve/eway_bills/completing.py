"""A consignment from what the request and the booking say; what neither does is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from freight.booking.state import Booking, Leg
from freight.eway.codes import UNREGISTERED
from freight.eway.consignment import (
    Consignment,
    Document,
    Item,
    Party,
    Totals,
    Transport,
)
from freight.load import Stop
from freight.money import rounded
from serve.eway_bills.wire import ItemIn, NewEwayBill, PartyIn, TotalsIn
from serve.problems import InvalidError

T = TypeVar("T")
BASIS = 10_000
GSTIN_STATE = slice(0, 2)


class Completing:
    """Collects what is missing, so that all of it is told at once."""

    def __init__(
        self, new: NewEwayBill, booking: Booking, leg: Leg, names: Mapping[str, str]
    ) -> None:
        """`names`: under which references bookings keep which fact."""
        self._new = new
        self._booking = booking
        self._leg = leg
        self._names = names
        self._missing: list[dict[str, str]] = []

    def consignment(self) -> Consignment:
        """InvalidError for what nobody has said."""
        new, stops = self._new, self._booking.stops_of(self._leg)
        items = tuple(_item(item) for item in new.items)
        if not items:
            self._note("/items", "say what is carried")
        made = Consignment(
            document=Document(
                kind=new.document.kind,
                number=self._text("/document/number", new.document.number, "document_number"),
                day=self._day(),
            ),
            sender=self._party("sender", new.sender, stops[0]),
            receiver=self._party("receiver", new.receiver, stops[-1]),
            items=items,
            totals=_totals(items, new.totals),
            supply=new.supply_type,
            sub_supply=new.sub_supply_type,
            sub_supply_text=new.sub_supply_text or "",
            transaction=new.transaction_type,
        )
        self._tell()
        return made

    def transport(self, vehicle: str | None, distance_km: int | None) -> Transport:
        """With the truck that has the leg, and its way, where nothing else is said."""
        said = self._new.transport
        distance_km = said.distance_km or distance_km
        if distance_km is None:
            self._note("/transport/distance_km", "say how far it is: no way is known")
            self._tell()
        return Transport(
            distance_km=distance_km or 0,
            mode=said.mode,
            vehicle=said.vehicle or (None if said.transporter else vehicle),
            vehicle_type=said.vehicle_type,
            transporter=said.transporter,
            transporter_name=said.transporter_name,
            doc_number=said.doc_number,
            doc_day=said.doc_date,
        )

    def _day(self) -> date:
        reference = self._reference("document_date")
        if self._new.document.day is not None:
            return self._new.document.day
        try:
            return date.fromisoformat(reference or "")
        except ValueError:
            self._note("/document/date", "neither the request nor the booking says it")
            return date.min

    def _party(self, side: str, said: PartyIn, stop: Stop) -> Party:
        where, place = f"/{side}", stop.place
        gstin = self._text(f"{where}/gstin", said.gstin, f"{side}_gstin")
        own = gstin[GSTIN_STATE] if gstin not in {"", UNREGISTERED} else None
        at_state = self._said(f"{where}/at_state", said.at_state or place.state or own, "")
        pin = said.pin or self._number(f"{side}_pin")
        address = said.address1 or place.address or place.name
        return Party(
            gstin=gstin,
            name=self._text(f"{where}/name", said.name, f"{side}_name"),
            address1=self._said(f"{where}/address1", address, ""),
            address2=said.address2 or "",
            place=self._said(f"{where}/place", said.place or place.name, ""),
            pin=self._said(f"{where}/pin", pin, 0),
            state=_state(said.state or own or at_state),
            at_state=_state(at_state),
        )

    def _number(self, fact: str) -> int | None:
        text = self._reference(fact) or ""
        return int(text) if text.isdecimal() else None

    def _reference(self, fact: str) -> str | None:
        name = self._names.get(fact)
        return None if name is None else self._booking.references.get(name)

    def _text(self, pointer: str, said: str | None, fact: str) -> str:
        """What the request says, else the booking's reference."""
        return self._said(pointer, said or self._reference(fact), "")

    def _said(self, pointer: str, said: T | None, nothing: T) -> T:
        """Noted where nobody says it."""
        if said is None:
            self._note(pointer, "neither the request nor the booking says it")
            return nothing
        return said

    def _note(self, pointer: str, detail: str) -> None:
        self._missing.append({"pointer": pointer, "detail": detail})

    def _tell(self) -> None:
        if self._missing:
            raise InvalidError("something is missing; errors says what", errors=self._missing)


def _state(code: str) -> int:
    return int(code) if code.isdecimal() else 0


def _item(given: ItemIn) -> Item:
    return Item(
        name=given.name,
        hsn=given.hsn,
        taxable_minor=given.taxable.amount_minor,
        description=given.description or "",
        quantity=given.quantity,
        unit=given.unit,
        cgst_bp=given.cgst_bp,
        sgst_bp=given.sgst_bp,
        igst_bp=given.igst_bp,
        cess_bp=given.cess_bp,
    )


def _totals(items: tuple[Item, ...], given: TotalsIn | None) -> Totals:
    if given is None:
        return _summed(items)
    parts = {
        f"{name}_minor": 0 if part is None else part.amount_minor
        for name in ("cgst", "sgst", "igst", "cess")
        for part in [getattr(given, name)]
    }
    return Totals(
        taxable_minor=given.taxable.amount_minor,
        invoice_minor=given.invoice.amount_minor,
        other_minor=given.other_minor,
        **parts,
    )


def _summed(items: tuple[Item, ...]) -> Totals:
    """Each line's tax is rounded for itself."""
    parts = {
        f"{name}_minor": sum(
            rounded(item.taxable_minor * getattr(item, f"{name}_bp"), BASIS) for item in items
        )
        for name in ("cgst", "sgst", "igst", "cess")
    }
    taxable = sum(item.taxable_minor for item in items)
    return Totals(taxable_minor=taxable, invoice_minor=taxable + sum(parts.values()), **parts)
