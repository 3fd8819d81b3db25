"""Which events the world outside is told when a booking has taken some steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from freight.booking import events as happened
from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.state import Booking

Announcement = tuple[str, int, dict[str, Any]]

# What is worth telling beside the statuses.
_MATTERS: dict[type, str] = {
    happened.LoadAmended: "booking.amended",
    happened.WindowsAmended: "booking.amended",
    happened.ContactsAmended: "booking.amended",
    happened.TermsAmended: "booking.amended",
    happened.ReferencesAmended: "booking.amended",
    happened.DocumentsAmended: "booking.amended",
    happened.LegSplit: "booking.split",
    happened.Repriced: "booking.repriced",
    happened.Adjusted: "booking.repriced",
    happened.Swapped: "booking.swapped",
    happened.CarrierWithdrew: "booking.carrier_withdrew",
    happened.TruckSilent: "booking.truck_silent",
    happened.TruckHeard: "booking.truck_heard",
    happened.ProofRecorded: "booking.proof_recorded",
    happened.DetentionSettled: "booking.detention_charged",
    happened.DetentionReopened: "booking.detention_charged",
    happened.MilestoneMoved: "booking.milestone_corrected",
    happened.MilestoneTakenBack: "booking.milestone_retracted",
}
_CHARGING = (happened.DetentionSettled, happened.LegCancelled, happened.CarrierWithdrew)


def announcements(
    before: Booking | None, events: Iterable[BookingEvent], after: Booking
) -> list[Announcement]:
    """(type, time, data) in the order of the steps.

    The booking's status is told as `booking.<status>`; of a booking with several legs also each
    leg's, as `booking.leg.<status>`. One step may tell of several legs: an id derives from the
    booking, its version and the number within what is returned.
    """
    told: list[Announcement] = []
    now = before
    for event in events:
        then, now = now, evolve(now, event)
        told += _of_step(then, event, now)
    common = {"booking": after.id, "shipper": after.shipper, "references": after.references}
    return [(kind, time_ms, common | data) for kind, time_ms, data in told]


def _of_step(then: Booking | None, event: BookingEvent, now: Booking) -> list[Announcement]:
    told: list[Announcement] = []
    matter = _MATTERS.get(type(event))
    if matter is not None:
        told.append((matter, event.at_ms, _data(now, event)))
    if then is None or now.status is not then.status:
        told.append((f"booking.{now.status.value}", event.at_ms, _data(now, event)))
    if len(now.legs) > 1 and then is not None:
        told += [
            (f"booking.leg.{leg.status.value}", event.at_ms, _data(now, event) | {"leg": leg.id})
            for leg in now.legs
            if (old := then.leg(leg.id)) is not None and old.status is not leg.status
        ]
    return told


def _data(now: Booking, event: BookingEvent) -> dict[str, Any]:
    leg = now.leg(getattr(event, "leg", ""))
    data: dict[str, Any] = {
        "version": now.version,
        "status": now.status.value,
        "step": str(event.__struct_config__.tag),
        "by": msgspec.to_builtins(event.by),
        "cause": msgspec.to_builtins(event.cause),
    }
    if leg is not None:
        carriage = leg.carriage
        data |= {"leg": leg.id, "leg_status": leg.status.value}
        if carriage is not None:
            data |= {"truck": carriage.truck, "carrier": carriage.carrier}
            data["driver"] = carriage.driver
    if isinstance(event, happened.TruckSilent | happened.TruckHeard):
        data["silent_since_ms"] = event.silent_ms
    stop = getattr(event, "stop", None)
    if stop is not None:
        data["stop"] = stop
    if isinstance(event, _CHARGING) and event.charge is not None:
        data["charge"] = msgspec.to_builtins(event.charge)
    return data
