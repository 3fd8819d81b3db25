"""Bookings for tests, told plainly: one load from Pune to Mumbai, and what happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from config.policy import defaults
from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.decide import decide
from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.rules import BookingRules
from freight.booking.state import Actor, ActorKind, Booking, Quoted, Status
from freight.load import Load, Place, Stop, StopKind
from freight.refusal import Refusal

MINUTE = 60_000
HOUR = 60 * MINUTE
DESK = Actor(ActorKind.USER, "asha")
PRICE = Quoted("Q1", 4_000_000, "digest", "INR")


def rules(**changed: Any) -> BookingRules:
    return defaults().booking_rules.model_copy(update=changed)


def stop(number: int, kind: StopKind, weight_kg: int, fence: str | None = None) -> Stop:
    """Along a straight road, 11 km apart."""
    place = Place(lat=18.5 + number / 10, lon=73.8, fence=fence, state="27")
    return Stop(f"S{number}", kind, place, weight_kg)


def load(*stops: Stop, weight_kg: int = 20_000) -> Load:
    usual = (
        stop(1, StopKind.PICKUP, weight_kg, "plant"),
        stop(2, StopKind.DROP, weight_kg, "site"),
    )
    return Load("cement", weight_kg, stops or usual, truck_class="OPEN_12W")


def create(**changed: Any) -> asked.Create:
    usual: dict[str, Any] = {
        "by": DESK,
        "id": "B1",
        "shipper": "acc",
        "load": load(),
        "price": PRICE,
    }
    return asked.Create(**usual | changed)


@dataclass
class Story:
    """One booking as it goes; time passes only by `at`."""

    rules: BookingRules = field(default_factory=rules)
    now_ms: int = 0
    booking: Booking | None = None
    log: list[BookingEvent] = field(default_factory=list)

    def does(self, command: Command) -> list[BookingEvent]:
        events = decide(self.booking, command, self.rules, self.now_ms)
        for event in events:
            self.booking = evolve(self.booking, event)
        self.log += events
        return events

    def refused(self, command: Command) -> str:
        try:
            self.does(command)
        except Refusal as refusal:
            return refusal.code
        return "done"

    def at(self, now_ms: int) -> Story:
        self.now_ms = now_ms
        return self

    @property
    def now(self) -> Booking:
        assert self.booking is not None
        return self.booking

    @property
    def status(self) -> Status:
        return self.now.status
