"""Stories of one truck: written leg by leg, told by the machines with and without quiet fixes."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from config.policy import defaults
from freight.tracking.facts import Facts
from freight.tracking.fences import FenceBook
from freight.tracking.fold import Followed
from freight.tracking.names import TruckName
from freight.tracking.rules import TrackingRules
from freight.tracking.sample import Sample
from freight.tracking.surroundings import Surroundings
from freight.tracking.tracked import Tracked
from tests.freight.world import TENANT_KEY

T0 = 1_760_000_000_000  # a Thursday, 08:53:20 UTC
M_PER_DEG = 111_195.08
LAT, LON = 20.0, 77.0


def rules_with(**groups: dict[str, Any]) -> TrackingRules:
    """The defaults with some keys changed: rules_with(motion={"stop_s": 60})."""
    given = defaults().tracking_rules.model_dump()
    for group, keys in groups.items():
        given[group] |= keys
    return TrackingRules.model_validate(given)


class Journey:
    """Fixes of one truck, made leg by leg; eastwards along the twentieth parallel."""

    def __init__(self, every_s: float = 10.0, seed: int = 1, says_speed: bool = True) -> None:
        self.fixes: list[Sample] = []
        self.ts_ms = T0
        self.east_m = 0.0
        self.north_m = 0.0
        self.every_s = every_s
        self.says_speed = says_speed
        self.more: dict[str, Any] = {}  # what every fix says besides
        self._chance = random.Random(seed)  # noqa: S311 - a test's own stream

    def fix(self, kmh: float = 0.0, noise_m: float = 0.0, **said: Any) -> Journey:
        """One fix here and now."""
        angle, far = self._chance.uniform(0, math.tau), self._chance.uniform(0, noise_m)
        east, north = self.east_m + far * math.cos(angle), self.north_m + far * math.sin(angle)
        given = {"speed_kmh": kmh if self.says_speed else None} | self.more | said
        lat = LAT + north / M_PER_DEG
        lon = LON + east / (M_PER_DEG * math.cos(math.radians(LAT)))
        self.fixes.append(Sample(self.ts_ms, self.ts_ms + 500, lat, lon, **given))
        return self

    def wait(self, seconds: float) -> Journey:
        """In silence."""
        self.ts_ms += round(seconds * 1000)
        return self

    def shift(self, east_m: float = 0.0, north_m: float = 0.0) -> Journey:
        """In silence, too."""
        self.east_m += east_m
        self.north_m += north_m
        return self

    def drive(self, minutes: float, kmh: float, noise_m: float = 0.0, **said: Any) -> Journey:
        """Eastwards; westwards at a negative speed."""
        for _ in range(round(minutes * 60 / self.every_s)):
            self.wait(self.every_s).shift(kmh / 3.6 * self.every_s)
            self.fix(abs(kmh), noise_m, **said)
        return self

    def stand(self, minutes: float, noise_m: float = 0.0, **said: Any) -> Journey:
        for _ in range(round(minutes * 60 / self.every_s)):
            self.wait(self.every_s).fix(0.0, noise_m, **said)
        return self

    @property
    def at_s(self) -> int:
        return (self.ts_ms - T0) // 1000


@dataclasses.dataclass
class Told:
    """What the machines made of a journey; times in seconds since its begin."""

    truck: Followed
    shown: int  # fixes that the machines were shown

    @property
    def events(self) -> list[tuple[str, int]]:
        return [(e.type, (e.time_ms - T0) // 1000) for e in self.truck.facts.events]

    def event(self, kind: str) -> list[dict[str, Any]]:
        return [e.data for e in self.truck.facts.events if e.type == kind]

    def spans(self, kind: str) -> list[tuple[int, int | None]]:
        return [
            ((s.from_ms - T0) // 1000, None if s.to_ms is None else (s.to_ms - T0) // 1000)
            for s in self.truck.facts.spans.values()
            if s.kind == kind
        ]

    def span_data(self, kind: str) -> list[dict[str, Any]]:
        return [s.data for s in self.truck.facts.spans.values() if s.kind == kind]


def around_with(
    rules: TrackingRules | None = None, fences: FenceBook | None = None, **more: Any
) -> Surroundings:
    name = TruckName("acme", "T1", more.get("truck_class"))
    book = FenceBook() if fences is None else fences
    given = defaults().tracking_rules if rules is None else rules
    return Surroundings(TENANT_KEY, 1, name, given, book, known_at_ms=T0, **more)


def tell(journey: Journey | Sequence[Sample], around: Surroundings | None = None) -> Told:
    """Skips quiet fixes, having made sure that nothing else would come of them fix by fix."""
    fixes = journey.fixes if isinstance(journey, Journey) else list(journey)
    around = around or around_with()
    plain, quiet = _followed(around), _followed(around)
    shown = 0
    for fix in fixes:
        numbers = inside(fix, around)
        plain.look(fix, numbers)
        before = quiet._looked
        quiet.take(fix, numbers)
        shown += quiet._looked is not before
    assert quiet.state == plain.state
    assert quiet.facts.events == plain.facts.events
    assert quiet.facts.spans == plain.facts.spans
    return Told(plain, shown)


def _followed(around: Surroundings) -> Followed:
    facts = Facts(around.tenant_key, around.truck_key, around.name, around.known_at_ms)
    return Followed(Tracked(around.tenant_key, around.truck_key), around, facts)


def inside(fix: Sample, around: Surroundings) -> frozenset[int]:
    index = around.fences.index_of(around.tenant_key)
    if index is None:
        return frozenset()
    _, numbers = index.holding(np.array([fix.lat]), np.array([fix.lon]))
    return frozenset(numbers.tolist())
