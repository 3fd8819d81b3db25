"""The portal's answers as it writes them; numbers come as numbers or as text."""

from __future__ import annotations

from typing import Any

import msgspec

from freight.eway.consignment import vehicle_number
from freight.eway.decide import Did, Found
from freight.eway.times import ms_from, ms_or_none

Number = int | str
CANCELLED, REJECTED = "CNL", "Y"


class Wrapped(msgspec.Struct, frozen=True):
    """What the service provider puts around the portal's answer."""

    success: bool | str = True
    message: str = ""
    result: Any = None
    error_code: Number | None = None


class Generated(msgspec.Struct, frozen=True, rename="camel"):
    eway_bill_no: Number
    eway_bill_date: str
    valid_upto: str | None = None

    @property
    def did(self) -> Did:
        until_ms = ms_or_none(self.valid_upto)
        return Did(ms_from(self.eway_bill_date), str(self.eway_bill_no), until_ms)


class VehicleChanged(msgspec.Struct, frozen=True, rename="camel"):
    veh_upd_date: str
    valid_upto: str | None = None

    @property
    def did(self) -> Did:
        return Did(ms_from(self.veh_upd_date), None, ms_or_none(self.valid_upto))


class Extended(msgspec.Struct, frozen=True, rename="camel"):
    updated_date: str
    valid_upto: str

    @property
    def did(self) -> Did:
        return Did(ms_from(self.updated_date), None, ms_from(self.valid_upto))


class TransporterChanged(msgspec.Struct, frozen=True, rename="camel"):
    trans_update_date: str

    @property
    def did(self) -> Did:
        return Did(ms_from(self.trans_update_date))


class Cancelled(msgspec.Struct, frozen=True, rename="camel"):
    cancel_date: str

    @property
    def did(self) -> Did:
        return Did(ms_from(self.cancel_date))


class Vehicle(msgspec.Struct, frozen=True, rename="camel"):
    vehicle_no: str | None = None
    entered_date: str | None = None


class Named(msgspec.Struct, frozen=True):
    """A look-up by document names it in one of two ways."""

    ewbNo: Number | None = None  # noqa: N815 - the portal's
    ewayBillNo: Number | None = None  # noqa: N815


class Bill(msgspec.Struct, frozen=True, rename="camel"):
    ewb_no: Number
    eway_bill_date: str
    status: str = "ACT"
    reject_status: str = "N"
    valid_upto: str | None = None
    transporter_id: str | None = None
    vehicles: tuple[Vehicle, ...] = msgspec.field(name="VehiclListDetails", default=())

    @property
    def found(self) -> Found:
        return Found(
            number=str(self.ewb_no),
            generated_ms=ms_from(self.eway_bill_date),
            valid_until_ms=ms_or_none(self.valid_upto),
            vehicle=self._vehicle(),
            transporter=self.transporter_id or None,
            is_cancelled=self.status == CANCELLED,
            is_rejected=self.reject_status == REJECTED,
        )

    def _vehicle(self) -> str | None:
        """The one that was entered last; of two in one second the one that it names first."""
        entered = [
            (ms_or_none(each.entered_date) or 0, -nr, vehicle_number(each.vehicle_no))
            for nr, each in enumerate(self.vehicles)
            if each.vehicle_no
        ]
        return max(entered)[2] if entered else None
