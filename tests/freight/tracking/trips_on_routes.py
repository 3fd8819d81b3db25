"""Trips drawn in kilometres east and north of a place, and journeys for them to follow."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from freight.tracking.fences import FenceBook
from freight.tracking.journeys import JourneyBook, JourneyPlan
from freight.tracking.rules import TrackingRules
from freight.tracking.sample import Sample
from tests.freight.test_journeys import Change, line
from tests.freight.tracking.journey import LAT, LON, M_PER_DEG, T0, Told, around_with, tell

Km = tuple[float, float]


class Trip:
    """One truck's fixes, every few seconds, along straight lines."""

    def __init__(
        self, at: Km = (0.0, 0.0), every_s: float = 10.0, says_heading: bool = True
    ) -> None:
        self.at = at
        self.every_s = every_s
        self.says_heading = says_heading
        self.ts_ms = T0
        self.fixes: list[Sample] = []
        self._fix(0.0, None)

    @property
    def at_s(self) -> int:
        return (self.ts_ms - T0) // 1000

    def drive(self, *through: Km, kmh: float = 60.0, aside_m: float = 0.0) -> Trip:
        """Straight to each place in turn, so many metres to the left."""
        for there in through:
            (x, y), (to_x, to_y) = self.at, there
            far_km = math.hypot(to_x - x, to_y - y)
            steps = max(1, round(far_km / kmh * 3600.0 / self.every_s))
            heading_deg = math.degrees(math.atan2(to_x - x, to_y - y)) % 360.0
            for step in range(1, steps + 1):
                share = step / steps
                self.at = (x + share * (to_x - x), y + share * (to_y - y))
                self.ts_ms += round(self.every_s * 1000)
                self._fix(kmh, heading_deg, aside_m)
        return self

    def stand(self, minutes: float) -> Trip:
        for _ in range(round(minutes * 60.0 / self.every_s)):
            self.ts_ms += round(self.every_s * 1000)
            self._fix(0.0, None)
        return self

    def jump(self, there: Km, minutes: float) -> Trip:
        """Somewhere else, without a fix in between."""
        self.at = there
        self.ts_ms += round(minutes * 60_000)
        self._fix(None, None)
        return self

    def _fix(self, kmh: float | None, heading_deg: float | None, aside_m: float = 0.0) -> None:
        heading = math.radians(heading_deg or 0.0)
        east_m = self.at[0] * 1000.0 - aside_m * math.cos(heading)
        north_m = self.at[1] * 1000.0 + aside_m * math.sin(heading)
        lat = LAT + north_m / M_PER_DEG
        lon = LON + east_m / (M_PER_DEG * math.cos(math.radians(LAT)))
        said = heading_deg if self.says_heading else None
        self.fixes.append(Sample(self.ts_ms, self.ts_ms + 500, lat, lon, kmh, said))


def plan(*through: Km, **more: Any) -> JourneyPlan:
    return msgspec.structs.replace(JourneyPlan(from_ms=T0, route=line(*through)), **more)


def told_of(
    trip: Trip,
    *plans: JourneyPlan,
    rules: TrackingRules | None = None,
    fences: FenceBook | None = None,
) -> Told:
    """With each plan as a journey of its own, begun in the order given."""
    book = JourneyBook()
    book.apply(Change(i + 1, plan, journey_id=f"J{i + 1}") for i, plan in enumerate(plans))
    return tell(trip.fixes, around_with(rules, fences, journeys=book))


def route_events(told: Told) -> list[tuple[str, int]]:
    """Without what is told of other things than routes."""
    prefixes = ("truck.route.", "truck.promise.")
    kinds = [(kind, at_s) for kind, at_s in told.events if kind.startswith(prefixes)]
    return [(kind.removeprefix("truck."), at_s) for kind, at_s in kinds]
