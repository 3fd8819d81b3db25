"""Where trucks go and where they halt on the way: the decisions taken one truck at a time."""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from config.sections.simulation import Halt, Simulation
from geo.roads import Leg, RoadGraph, Route, Ways
from sim.tracks import Floats, tolls_m

# A plaza this close behind is the one the truck has just left.
PASSED_M = 50.0


class HaltKind(IntEnum):
    NONE = 0
    TOLL = 1
    FUEL = 2
    DHABA = 3
    REST = 4
    DEPOT = 5


RECURRING = (HaltKind.FUEL, HaltKind.DHABA, HaltKind.REST)


class Planner:
    """Draws trips and halts; asked in a fixed order, so that one seed gives one world."""

    def __init__(self, graph: RoadGraph, policy: Simulation, rng: np.random.Generator) -> None:
        self._graph = graph
        self._policy = policy
        self._rng = rng
        self._ways: dict[int, Ways] = {}
        self._reachable: dict[int, tuple[list[int], Floats]] = {}
        self._tolls: dict[tuple[int, bool], list[float]] = {}
        # Towns where many roads meet are where the freight is.
        self._pull = np.array([len(graph.legs_from(i)) for i in range(len(graph.towns))], float)

    def home(self) -> int:
        return int(self._rng.choice(len(self._pull), p=self._pull / self._pull.sum()))

    def ways_from(self, origin: int) -> Ways:
        if origin not in self._ways:
            self._ways[origin] = self._graph.ways_from(origin)
        return self._ways[origin]

    def trip(self, origin: int) -> Route:
        towns, odds = self._destinations(origin)
        return self._ways[origin].to(towns[int(self._rng.choice(len(towns), p=odds))])

    def tolls(self, leg: Leg) -> list[float]:
        """Toll plazas of a leg by distance from where the truck enters it."""
        key = (leg.edge.index, leg.forward)
        if key not in self._tolls:
            from_start = tolls_m(leg.edge, self._policy.halts.toll_spacing_km).tolist()
            length_m = leg.edge.length_m
            ahead = from_start if leg.forward else [length_m - at for at in reversed(from_start)]
            self._tolls[key] = ahead
        return self._tolls[key]

    def next_halt(
        self, leg: Leg, at_m: float, *, end_m: float | None, until_due_m: dict[HaltKind, float]
    ) -> tuple[float, HaltKind]:
        """The next halt on this leg: how far from its beginning, and what for; the trip's end is
        on it if `end_m` says where."""
        length_m, margin_m = leg.edge.length_m, self._policy.halts.margin_m
        found = (math.inf, HaltKind.NONE) if end_m is None else (end_m, HaltKind.DEPOT)
        toll_m = next((m for m in self.tolls(leg) if m > at_m + PASSED_M), math.inf)
        found = min(found, (toll_m, HaltKind.TOLL))
        for kind, due_m in until_due_m.items():
            halt_m = at_m + max(due_m, margin_m)
            if halt_m < min(length_m - margin_m, found[0]):
                found = (halt_m, kind)
        return found

    def minutes_at(self, kind: HaltKind) -> float:
        halts = self._policy.halts
        spans = {
            HaltKind.TOLL: halts.toll_minutes,
            HaltKind.DEPOT: self._policy.trips.loading_minutes,
        }
        least, most = spans.get(kind) or self.rule(kind).minutes
        return float(self._rng.uniform(least, most))

    def metres_until(self, kind: HaltKind) -> float:
        """How far after a halt the next one of its kind is wanted."""
        spread = self._policy.halts.spread
        return float(self.rule(kind).every_km * 1000.0 * self._rng.uniform(1 - spread, 1 + spread))

    def rule(self, kind: HaltKind) -> Halt:
        halts = self._policy.halts
        return {
            HaltKind.FUEL: halts.fuel,
            HaltKind.DHABA: halts.dhaba,
            HaltKind.REST: halts.rest,
        }[kind]

    def _destinations(self, origin: int) -> tuple[list[int], Floats]:
        if origin not in self._reachable:
            ways = self.ways_from(origin)
            trips = self._policy.trips
            others = [i for i in range(len(self._pull)) if i != origin and i in ways.came]
            lengths = {i: ways.to(i).length_m / 1000.0 for i in others}
            wanted = [
                i for i in others if trips.distance_km_min <= lengths[i] <= trips.distance_km_max
            ]
            towns = wanted or [min(others, key=lengths.__getitem__)]
            odds = self._pull[towns]
            self._reachable[origin] = towns, odds / odds.sum()
        return self._reachable[origin]
