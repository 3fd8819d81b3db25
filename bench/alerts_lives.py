"""Trucks' lives of a week as timelines: where each is at every moment, and what happens to it."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.roads import RoadGraph, apart_m

Floats = npt.NDArray[np.float64]

MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR
IST_MS = 19_800_000
START_MS = 1_763_922_600_000  # Monday, 24 November 2025, midnight in India
ROUTE_KM = (150.0, 420.0)
WAYS = 60  # routes that the fleet drives


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """One drive from town to town."""

    shape: Floats
    along_m: Floats
    is_back: bool = False

    @property
    def length_m(self) -> float:
        return float(self.along_m[-1])

    def at(self, driven_m: Floats) -> tuple[Floats, Floats, Floats]:
        """Latitude, longitude and heading in radians from north."""
        i = np.clip(np.searchsorted(self.along_m, driven_m) - 1, 0, len(self.along_m) - 2)
        low, high = self.shape[i], self.shape[i + 1]
        share = (driven_m - self.along_m[i]) / (self.along_m[i + 1] - self.along_m[i])
        here = low + share[:, None] * (high - low)
        east = (high[:, 1] - low[:, 1]) * np.cos(np.radians(low[:, 0]))
        return here[:, 0], here[:, 1], np.arctan2(east, high[:, 0] - low[:, 0])

    def back(self) -> Way:
        shape = np.ascontiguousarray(self.shape[::-1])
        return Way(shape, self.length_m - self.along_m[::-1], not self.is_back)


def ways(graph: RoadGraph, seed: int, count: int) -> list[Way]:
    chance = random.Random(seed)
    found: list[Way] = []
    while len(found) < count:
        origin, end = chance.sample(range(len(graph.towns)), 2)
        if end not in graph.ways_from(origin).came:
            continue
        shape = graph.route(origin, end).shape()
        steps = apart_m(shape[:-1], shape[1:])
        shape = shape[np.append(True, steps > 1.0)]
        along_m = np.append(0.0, np.cumsum(apart_m(shape[:-1], shape[1:])))
        if ROUTE_KM[0] <= along_m[-1] / 1000.0 <= ROUTE_KM[1]:
            found.append(Way(shape, along_m))
    return found


@dataclasses.dataclass(slots=True)
class Trip:
    """One journey; knots say when the truck is how far along its way."""

    way: Way
    from_ms: int
    start_by_ms: int
    knots: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    promised_ms: int = 0
    departs_ms: int = 0
    arrives_ms: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Expected:
    """An alert that a script must cause, and between which times it may be raised."""

    kind: str
    truck: int
    from_ms: int
    to_ms: int
    name: str = ""  # of the script
    is_live: bool = True
    is_asked: bool = True  # False: it is right, and need not be
    others: tuple[int, ...] = ()  # further trucks of the same alert


@dataclasses.dataclass(slots=True)
class Life:
    """One truck's week."""

    key: int
    trips: list[Trip] = dataclasses.field(default_factory=list)
    aside: list[tuple[int, int, float]] = dataclasses.field(default_factory=list)  # metres off
    fast: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    # Times in which nothing but the script goes wrong.
    calm: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    mute: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # fixes are never made
    dead: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # they come afterwards
    alarms: list[tuple[int, int]] = dataclasses.field(default_factory=list)  # when, which
    unplugged: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    fuel_lost: list[tuple[int, int, float]] = dataclasses.field(default_factory=list)
    fences: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def trip_at(self, ms: int) -> Trip | None:
        found = None
        for trip in self.trips:
            if trip.departs_ms <= ms < trip.arrives_ms:
                found = trip
        return found


class Driver:
    """Appends to a trip's knots; the clock and the odometer of one truck."""

    def __init__(self, life: Life, chance: random.Random, now_ms: int) -> None:
        self.life, self.chance, self.now_ms = life, chance, now_ms
        self.trip: Trip | None = None
        self.driven_ms = 0  # since the last rest
        self.at_m = 0.0

    @property
    def day_ms(self) -> int:
        """By the clock in India."""
        return (self.now_ms + IST_MS) % DAY

    def begin(self, trip: Trip) -> None:
        self.trip, self.at_m, self.driven_ms = trip, 0.0, 0
        self.now_ms = trip.departs_ms
        trip.knots.append((self.now_ms, 0.0))

    def leave_at(self, at_ms: int) -> None:
        """The whole trip is later than it was."""
        if self.trip is None:
            return
        trip, later_ms = self.trip, at_ms - self.trip.departs_ms
        trip.from_ms += later_ms
        trip.start_by_ms += later_ms
        trip.promised_ms += later_ms
        trip.departs_ms = at_ms
        trip.knots.clear()
        self.begin(trip)

    @property
    def left_m(self) -> float:
        return 0.0 if self.trip is None else self.trip.way.length_m - self.at_m

    def drive(self, for_ms: int, kmh: float) -> int:
        """As long as the way lasts; how long that was."""
        mpms = kmh / 3600.0
        took_ms = min(for_ms, math.ceil(self.left_m / mpms)) if kmh > 0 else for_ms
        self.at_m = min(self.at_m + took_ms * mpms, self.trip.way.length_m if self.trip else 0.0)
        self.now_ms += took_ms
        self.driven_ms += took_ms
        self._mark()
        return took_ms

    def back(self, for_ms: int, kmh: float) -> None:
        self.at_m -= for_ms * kmh / 3600.0
        self.now_ms += for_ms
        self.driven_ms += for_ms
        self._mark()

    def stand(self, for_ms: int) -> None:
        self.now_ms += for_ms
        if for_ms >= 31 * MINUTE:
            self.driven_ms = 0
        self._mark()

    def _mark(self) -> None:
        if self.trip is not None:
            self.trip.knots.append((self.now_ms, self.at_m))

    def usual(self, until_m: float, *, rests: bool = True, sleeps: bool = True) -> None:
        """On to there as trucks do: with traffic, tolls, meals and nights."""
        chance = self.chance
        rest_after = chance.randint(165, 210) * MINUTE
        toll_m = self.at_m + chance.uniform(30_000, 60_000)
        while self.left_m > 0 and self.at_m < until_m:
            if sleeps and self.day_ms > 21 * HOUR + chance.randint(0, 20) * MINUTE:
                wake_ms = 5 * HOUR + chance.randint(5, 40) * MINUTE
                self.stand(DAY - self.day_ms + wake_ms)
            elif rests and self.driven_ms > rest_after:
                self.stand(chance.randint(40, 60) * MINUTE)
                if self.day_ms > 20 * HOUR:
                    self._piece(until_m)  # where it has eaten it does not stay for the night
            elif self.at_m > toll_m:
                self.stand(chance.randint(20, 100) * 1000)
                toll_m = self.at_m + chance.uniform(45_000, 70_000)
            elif chance.random() < 0.02:
                for _ in range(chance.randint(6, 14)):  # a jam
                    self.drive(chance.randint(30, 70) * 1000, 9.0)
                    self.stand(chance.randint(20, 90) * 1000)
            else:
                self._piece(until_m)

    def _piece(self, until_m: float) -> None:
        kmh = self.chance.choice([28.0, 44.0, 52.0, 57.0, 61.0, 66.0]) + self.chance.uniform(-3, 3)
        far_ms = math.ceil((until_m - self.at_m) / (kmh / 3600.0))
        self.drive(min(self.chance.randint(4, 11) * MINUTE, max(1000, far_ms)), kmh)
