"""What the simulated portal does with each request: its rules, and the codes of its refusals.

604, 312 and 328 are the portal's; for the other refusals its codes are not known to us.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from freight.eway.checks import TRANSPORTER, VEHICLE
from freight.eway.codes import ExtensionReason, Mode, PartBReason, VehicleType
from freight.eway.consignment import vehicle_number
from freight.eway.rules import Law
from freight.eway.times import day_from, day_of, time_text
from freight.eway.validity import (
    MINUTE_MS,
    extended_until,
    extension_window,
    is_capped,
    is_slow,
    valid_until,
)
from sim.eway.book import Book, Entered, Kept

Said = Mapping[str, Any]
Action = Callable[[Said], dict[str, Any]]
NEEDED = (
    *("userGstin", "supplyType", "subSupplyType", "docType", "docNo", "docDate", "fromGstin"),
    *("fromPincode", "fromStateCode", "toGstin", "toPincode", "toStateCode", "totInvValue"),
    *("transDistance", "itemList"),
)
NUMBER = re.compile(r"[0-9]{12}")


class RefusedError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Rulebook:
    def __init__(self, book: Book, law: Law) -> None:
        self._book = book
        self._law = law

    def actions(self) -> Mapping[str, Action]:
        return {
            "GENEWAYBILL": self.generate,
            "VEHEWB": self.change_vehicle,
            "EXTENDVALIDITY": self.extend,
            "UPDATETRANSPORTER": self.change_transporter,
            "CANEWB": self.cancel,
            "getewaybill": self.show,
            "GetEwayBillGeneratedByConsigner": self.of_document,
        }

    def generate(self, said: Said) -> dict[str, Any]:
        missing = [name for name in NEEDED if name not in said]
        if missing:
            raise RefusedError(100, f"Invalid JSON: {', '.join(missing)} missing")
        self._refuse_limits(said)
        now_ms = self._book.now_ms
        vehicle = vehicle_number(str(said.get("vehicleNo") or ""))
        transporter = str(said.get("transporterId") or "")
        if transporter and TRANSPORTER.fullmatch(transporter) is None:
            raise RefusedError(328, "Could not retrieve transporter details from gstin")
        if not vehicle and not transporter:
            raise RefusedError(303, "Vehicle number or transporter id is needed")
        bill = Kept(
            number=self._book.next_number(),
            generated_ms=now_ms,
            request=dict(said),
            distance_km=int(said["transDistance"]),
            transporter=transporter,
        )
        if self._book.of_document(bill.document) is not None:
            raise RefusedError(
                604,
                "E-way bill(s) are already generated for the same document number, "
                "you cannot generate again on same document number",
            )
        if vehicle:
            place, state = said.get("fromPlace"), said["fromStateCode"]
            self._enter(bill, vehicle, str(place), str(state), str(said.get("transMode", 1)))
        self._book.keep(bill)
        return {
            "ewayBillNo": bill.number,
            "ewayBillDate": time_text(now_ms),
            "validUpto": _text(bill.valid_until_ms),
            "alert": "",
        }

    def _refuse_limits(self, said: Said) -> None:
        today = day_of(self._book.now_ms)
        limits = self._law.limits.at(today)
        distance_km = int(said["transDistance"])
        if distance_km > limits.distance_km_max:
            raise RefusedError(702, "The distance is more than is allowed")
        if said["fromPincode"] == said["toPincode"] and distance_km > limits.same_pin_km_max:
            raise RefusedError(702, "The distance between the given pincodes is too long")
        if not 1 <= len(said["itemList"]) <= limits.items_max:
            raise RefusedError(619, f"From 1 to {limits.items_max} items")
        age = (today - day_from(str(said["docDate"]))).days
        if age < 0:
            raise RefusedError(208, "The document date is in the future")
        if limits.document_days_max is not None and age > limits.document_days_max:
            raise RefusedError(820, f"The document is older than {limits.document_days_max} days")

    def _enter(self, bill: Kept, vehicle: str, place: str, state: str, mode: str) -> None:
        if VEHICLE.fullmatch(vehicle) is None:
            raise RefusedError(304, "Invalid vehicle format")
        now_ms = self._book.now_ms
        if bill.valid_until_ms is None:
            slow = is_slow(VehicleType(bill.request.get("vehicleType", "R")), Mode(int(mode)))
            bill.valid_until_ms = valid_until(now_ms, bill.distance_km, self._law, slow=slow)
        bill.vehicles.append(Entered(vehicle, place, state, now_ms, mode))

    def change_vehicle(self, said: Said) -> dict[str, Any]:
        bill = self._ours(said)
        until_ms = bill.valid_until_ms
        if until_ms is not None and self._book.now_ms > until_ms:
            raise RefusedError(311, "Validity period lapsed, you cannot update vehicle details")
        if int(said["reasonCode"]) not in set(PartBReason):
            raise RefusedError(340, "Invalid reason code")
        vehicle = vehicle_number(str(said["vehicleNo"]))
        place, state, mode = str(said["fromPlace"]), str(said["fromState"]), str(said["transMode"])
        self._enter(bill, vehicle, place, state, mode)
        self._book.keep(bill)
        return {
            "vehUpdDate": time_text(self._book.now_ms),
            "validUpto": _text(bill.valid_until_ms),
        }

    def extend(self, said: Said) -> dict[str, Any]:
        bill, now_ms = self._ours(said), self._book.now_ms
        until_ms = bill.valid_until_ms
        if until_ms is None:
            raise RefusedError(370, "Part B has not been entered for this eway bill")
        if not extension_window(until_ms, self._law).holds(now_ms):
            raise RefusedError(
                373, "Validity can be extended from 8 hours before until 8 hours after its expiry"
            )
        if is_capped(until_ms, bill.generated_ms, now_ms, self._law):
            raise RefusedError(374, "Validity cannot be extended beyond 360 days")
        if int(said["extnRsnCode"]) not in set(ExtensionReason):
            raise RefusedError(371, "Invalid extension reason code")
        left_km = int(said["remainingDistance"])
        if not 1 <= left_km <= bill.distance_km:
            raise RefusedError(379, "The remaining distance is more than the actual distance")
        slow = bill.request.get("vehicleType") == VehicleType.OVERSIZED.value
        bill.valid_until_ms = extended_until(
            now_ms, bill.generated_ms, left_km, self._law, slow=slow
        )
        bill.extended_times += 1
        self._book.keep(bill)
        return {
            "ewayBillNo": bill.number,
            "updatedDate": time_text(now_ms),
            "validUpto": _text(bill.valid_until_ms),
        }

    def change_transporter(self, said: Said) -> dict[str, Any]:
        bill, transporter = self._ours(said), str(said["transporterId"])
        if TRANSPORTER.fullmatch(transporter) is None:
            raise RefusedError(328, "Could not retrieve transporter details from gstin")
        bill.transporter = transporter
        self._book.keep(bill)
        return {
            "ewayBillNo": str(bill.number),
            "transporterId": transporter,
            "transUpdateDate": time_text(self._book.now_ms),
        }

    def cancel(self, said: Said) -> dict[str, Any]:
        bill, now_ms = self._ours(said), self._book.now_ms
        limits = self._law.limits.at(day_of(bill.generated_ms))
        if now_ms > bill.generated_ms + limits.cancel_minutes * MINUTE_MS:
            raise RefusedError(315, "Validity period lapsed, you cannot cancel this eway bill")
        bill.status = "CNL"
        self._book.keep(bill)
        return {"ewayBillNo": str(bill.number), "cancelDate": time_text(now_ms)}

    def reject(self, said: Said) -> dict[str, Any]:
        """By the other party, whom nobody else plays."""
        bill, now_ms = self._ours(said), self._book.now_ms
        limits = self._law.limits.at(day_of(bill.generated_ms))
        if now_ms > bill.generated_ms + limits.reject_minutes * MINUTE_MS:
            raise RefusedError(317, "Validity period lapsed, you cannot reject the e-way bill")
        bill.reject_status = "Y"
        self._book.keep(bill)
        return {"ewayBillNo": str(bill.number), "ewbRejectedDate": time_text(now_ms)}

    def show(self, said: Said) -> dict[str, Any]:
        bill = self._found(said)
        shown = {name: value for name, value in bill.request.items() if name != "vehicleNo"}
        return {
            **shown,
            "ewbNo": bill.number,
            "ewayBillDate": time_text(bill.generated_ms),
            "genMode": "API",
            "status": bill.status,
            "rejectStatus": bill.reject_status,
            "actualDist": bill.distance_km,
            "validUpto": _text(bill.valid_until_ms),
            "extendedTimes": bill.extended_times,
            "transporterId": bill.transporter,
            "VehiclListDetails": [
                {
                    "updMode": "API",
                    "vehicleNo": each.vehicle,
                    "fromPlace": each.place,
                    "fromState": each.state,
                    "enteredDate": time_text(each.at_ms),
                    "transMode": each.mode,
                }
                for each in reversed(bill.vehicles)
            ],
        }

    def of_document(self, said: Said) -> dict[str, Any]:
        document = str(said["gstin"]), str(said["docType"]), str(said["docNo"]).upper()
        bill = self._book.of_document(document)
        if bill is None:
            raise RefusedError(325, "Could not retrieve data")
        return self.show({"ewbNo": bill.number})

    def _found(self, said: Said) -> Kept:
        number = str(said["ewbNo"])
        bill = self._book.find(int(number)) if NUMBER.fullmatch(number) else None
        if bill is None:
            raise RefusedError(325, "Could not retrieve data")
        return bill

    def _ours(self, said: Said) -> Kept:
        number = str(said.get("ewbNo", ""))
        bill = self._book.find(int(number)) if NUMBER.fullmatch(number) else None
        if bill is None or bill.status != "ACT" or bill.reject_status == "Y":
            raise RefusedError(312, "This eway bill is either not generated by you or cancelled")
        return bill


def _text(ms: int | None) -> str | None:
    return None if ms is None else time_text(ms)
