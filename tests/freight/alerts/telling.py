"""Facts about trucks as the log has them, and a book of alerts that is told them."""

from __future__ import annotations

import uuid
from typing import Any

from msgspec.structs import replace

from config.policy import defaults
from freight.alerts.book import Book
from freight.alerts.circumstances import Circumstances
from freight.alerts.reading import signals_of
from freight.alerts.rules import AlertRules
from freight.alerts.signals import Signal
from freight.alerts.state import Alert
from freight.events import TruckEvent

T0 = 1_760_000_000_000  # a Thursday, 14:23:20 in India
MINUTE = 60_000
ON_TRIP = Circumstances(is_on_trip=True, is_loaded=True, booking="B1")


def rules_with(**changes: dict[str, Any]) -> AlertRules:
    """The defaults with some kinds changed: rules_with(overspeed={"cool_down_s": 0})."""
    given = defaults().alerts.model_dump()
    for kind, fields in changes.items():
        given["kinds"][kind] |= fields
    return AlertRules.model_validate(given)


RULES = rules_with()


def fact(kind: str, at_s: float, truck: str = "T1", **data: Any) -> TruckEvent:
    at_ms = T0 + round(at_s * 1000)
    subject = data.pop("subject", f"trucks/{truck}")
    return TruckEvent(
        id=uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {subject} {at_ms} {data.get('fence', '')}"),
        type=kind,
        tenant_key=1,
        truck_key=1,
        tenant="acme",
        subject=subject,
        time_ms=at_ms,
        known_at_ms=at_ms + 1000,
        data=data,
    )


def learned(at_s: float, *facts: TruckEvent) -> list[TruckEvent]:
    """The same, known so late."""
    return [replace(one, known_at_ms=T0 + round(at_s * 1000)) for one in facts]


def retracted(told: TruckEvent, known_s: float = 0.0) -> TruckEvent:
    return _turn("event.retracted", told, known_s, told.data)


def corrected(told: TruckEvent, known_s: float = 0.0, **data: Any) -> TruckEvent:
    changed = told.data | data
    return _turn("event.corrected", told, known_s, {**changed, "after": changed})


def _turn(kind: str, told: TruckEvent, known_s: float, data: dict[str, Any]) -> TruckEvent:
    return TruckEvent(
        id=uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {told.id} {known_s}"),
        type=kind,
        tenant_key=1,
        truck_key=1,
        tenant="acme",
        subject=told.subject,
        time_ms=told.time_ms,
        known_at_ms=T0 + round(known_s * 1000),
        data={**data, "replaces": str(told.id), "replaces_type": told.type},
    )


def stopped(at_s: float, truck: str = "T1", halt: str = "unknown", **data: Any) -> TruckEvent:
    place = {"lat": 20.0, "lon": 77.0} | data
    return fact("truck.stopped", at_s, truck, halt=halt, fence=None, distance_km=50.0, **place)


def moved(at_s: float, truck: str = "T1", **data: Any) -> TruckEvent:
    return fact("truck.moved", at_s, truck, halt="unknown", lat=20.0, lon=77.0, **data)


class Told:
    """A book, and the numbers of the facts that it was told."""

    def __init__(
        self, rules: AlertRules = RULES, around: Circumstances = ON_TRIP, book: Book | None = None
    ) -> None:
        self.book = Book("acme") if book is None else book
        self.rules = rules
        self.around = around
        self._nr = 0

    def signals(self, *facts: TruckEvent) -> list[Signal]:
        found: list[Signal] = []
        for each in facts:
            self._nr += 1
            found += [
                replace(one, around=one.around.with_known(self.around))
                for one in signals_of(each, self._nr)
            ]
        return found

    def tell(self, at_s: float, *facts: TruckEvent) -> Told:
        self.book.take(self.signals(*facts), self.rules, T0 + round(at_s * 1000))
        return self

    def wait(self, at_s: float, *, is_blind: bool = False) -> Told:
        """Until then, with a look whenever something is due."""
        end_ms = T0 + round(at_s * 1000)
        for _ in range(1000):
            due = [one.due_ms for one in self.book.alerts.values() if one.due_ms is not None]
            now_ms = min((ms for ms in due if ms <= end_ms), default=None)
            if now_ms is None:
                return self
            self.book.tick(self.book.due(now_ms), self.rules, now_ms, is_blind=is_blind)
        raise AssertionError("something stays due")

    def of(self, kind: str) -> list[Alert]:
        found = [one for one in self.book.alerts.values() if one.kind == kind]
        return sorted(found, key=lambda one: one.began_ms)

    def states(self, kind: str) -> list[str]:
        return [one.state.value for one in self.of(kind)]
