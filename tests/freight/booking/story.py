"""Bookings for tests, told plainly: one load from Pune to Mumbai, and what happens to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from config.policy import defaults
from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.decide import decide
from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.milestones import commands_for
from freight.booking.progress import known
from freight.booking.rules import BookingRules
from freight.booking.state import (
    Actor,
    ActorKind,
    Booking,
    Leg,
    Milestone,
    ProofKind,
    Quoted,
    Source,
)
from freight.events import TruckEvent, event_id
from freight.load import Load, Place, Stop, StopKind
from freight.refusal import Refusal

MINUTE = 60_000
HOUR = 60 * MINUTE
SECOND = 1000
DESK = Actor(ActorKind.USER, "asha")
DRIVER = Actor(ActorKind.DRIVER, "ravi")
PRICE = Quoted("Q1", 4_000_000, "digest", "INR")


def rules(**changed: Any) -> BookingRules:
    """Nothing happens by itself, so that each step is a story's own."""
    by_hand = {"dispatch_at_confirm": False, **changed}
    return defaults().booking_rules.model_copy(update=by_hand)


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


def fact(
    kind: str, at_ms: int, *, truck: str = "T1", known_ms: int | None = None, **data: Any
) -> TruckEvent:
    """As tracking tells it; its id follows from what it says."""
    about = str(data.get("fence", ""))
    return _told(
        event_id(sum(truck.encode()), kind, about, at_ms),
        kind,
        at_ms,
        truck,
        {"known_ms": known_ms, **data},
    )


def _told(told: uuid.UUID, kind: str, at_ms: int, truck: str, data: dict[str, Any]) -> TruckEvent:
    known_ms = data.pop("known_ms")
    return TruckEvent(
        id=told,
        type=kind,
        tenant_key=1,
        truck_key=1,
        tenant="demo",
        subject=f"trucks/{truck}",
        time_ms=at_ms,
        known_at_ms=at_ms if known_ms is None else known_ms,
        data=data,
    )


def entered(fence: str, at_ms: int, truck: str = "T1") -> TruckEvent:
    return fact("truck.fence.entered", at_ms, truck=truck, fence=fence)


def exited(fence: str, at_ms: int, truck: str = "T1", since_ms: int | None = None) -> TruckEvent:
    return fact("truck.fence.exited", at_ms, truck=truck, fence=fence, entered_ts_ms=since_ms)


def stopped(
    at_ms: int, lat: float, lon: float, fence: str | None = None, truck: str = "T1"
) -> TruckEvent:
    return fact("truck.stopped", at_ms, truck=truck, lat=lat, lon=lon, fence=fence)


def moved(
    at_ms: int, lat: float, lon: float, stood_s: float | None = None, truck: str = "T1"
) -> TruckEvent:
    return fact("truck.moved", at_ms, truck=truck, lat=lat, lon=lon, duration_s=stood_s)


def retracted(event: TruckEvent, known_ms: int, turn: int = 1) -> TruckEvent:
    return _turn("event.retracted", event, known_ms, turn, {})


def corrected(event: TruckEvent, known_ms: int, turn: int = 1, **changed: Any) -> TruckEvent:
    more = {**changed, "before": event.data, "after": {**event.data, **changed}}
    return _turn("event.corrected", event, known_ms, turn, more)


def _turn(
    kind: str, event: TruckEvent, known_ms: int, turn: int, more: dict[str, Any]
) -> TruckEvent:
    replaced = {"replaces": str(event.id), "replaces_type": event.type}
    data = {**event.data, **more, **replaced, "known_ms": known_ms}
    told = event_id(1, kind, f"{event.id}/{turn}", event.time_ms)
    return _told(told, kind, event.time_ms, event.subject.removeprefix("trucks/"), data)


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

    def hears(self, *facts: TruckEvent) -> list[BookingEvent]:
        """As the actor does: each fact taken up when it becomes known."""
        told: list[BookingEvent] = []
        for one in facts:
            self.now_ms = max(self.now_ms, one.known_at_ms)
            for command in commands_for(self.now, one, self.rules):
                told += self.does(command)
        return told

    def assigned(self, **of_load: Any) -> Story:
        """Created and confirmed at zero, its truck assigned a minute later."""
        self.does(create(**of_load))
        self.does(asked.Confirm(by=DESK))
        self.at(MINUTE)
        for leg in self.now.legs:
            number = leg.id.removeprefix("L")
            self.does(asked.Assign(by=DESK, leg=leg.id, truck=f"T{number}", carrier="c1"))
        return self

    def proves(
        self,
        stop: str,
        at_ms: int | None = None,
        leg: str = "L1",
        reason: str | None = None,
    ) -> list[BookingEvent]:
        return self.does(
            asked.RecordProof(
                by=DRIVER,
                leg=leg,
                stop=stop,
                kind=ProofKind.SIGNATURE,
                receiver="Mr Rao",
                at_ms=at_ms,
                reason=reason,
            )
        )

    def marks(self, leg: str = "L1") -> dict[str, int]:
        """Milestones of a leg by name: "S1 arrived" -> when."""
        found = known(self.leg(leg))
        return {
            milestone.value if stop is None else f"{stop} {milestone.value}": mark.at_ms
            for (stop, milestone), mark in found.items()
        }

    def source(self, stop: str, milestone: Milestone, leg: str = "L1") -> Source:
        return known(self.leg(leg))[stop, milestone].source

    def leg(self, leg: str = "L1") -> Leg:
        found = self.now.leg(leg)
        assert found is not None
        return found

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
    def status(self) -> str:
        return self.now.status.value
