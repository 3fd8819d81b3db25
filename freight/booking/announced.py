"""Which events the world outside is told when a booking has taken some steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.state import Booking, Leg

Announcement = tuple[str, int, dict[str, Any]]


def announcements(
    before: Booking | None, events: Iterable[BookingEvent], after: Booking
) -> list[Announcement]:
    """(type, time, data) in the order of the steps; at most one of a type for each version.

    The booking's status is told as `booking.<status>`; of a booking with several legs also each
    leg's, as `booking.leg.<status>`.
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
    if then is None or now.status is not then.status:
        told.append((f"booking.{now.status.value}", event.at_ms, _data(now, event, None)))
    if len(now.legs) > 1 and then is not None:
        told += [
            (f"booking.leg.{leg.status.value}", event.at_ms, _data(now, event, leg))
            for leg in now.legs
            if (old := then.leg(leg.id)) is not None and old.status is not leg.status
        ]
    return told


def _data(now: Booking, event: BookingEvent, leg: Leg | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "version": now.version,
        "status": now.status.value,
        "by": {"kind": event.by.kind.value, "name": event.by.name},
    }
    about = getattr(event, "leg", None) if leg is None else leg.id
    if about is not None:
        data["leg"] = about
    return data
