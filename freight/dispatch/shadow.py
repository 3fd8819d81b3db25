"""Compares what a second policy would have done with the same legs and trucks; nothing follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from freight.dispatch.columns import Fleet
from freight.dispatch.matching import NO_ROADS, Plan, plan
from freight.dispatch.relations import RoadKm
from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import FreeTruck, WaitingLeg


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """One plan in sums that may be added up over windows."""

    legs: int = 0
    assigned: int = 0
    on_time: int = 0  # of those assigned
    dead_m: int = 0
    late_ms: int = 0
    price_minor: int = 0
    changes: int = 0

    def __add__(self, other: Figures) -> Figures:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Figures(*(mine + its for mine, its in pairs))


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """The policy in force, the other one, and where they differ."""

    live: Figures = Figures()
    shadow: Figures = Figures()
    otherwise: int = 0  # legs that would have got another truck, or one, or none

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.live + other.live,
            self.shadow + other.shadow,
            self.otherwise + other.otherwise,
        )


def figures(found: Plan) -> Figures:
    done = found.assignments
    return Figures(
        legs=len(done) + len(found.unassigned),
        assigned=len(done),
        on_time=sum(each.late_ms == 0 for each in done),
        dead_m=sum(each.dead_m for each in done),
        late_ms=sum(each.late_ms for each in done),
        price_minor=sum(each.price_minor for each in done),
        changes=found.changes,
    )


def compare(live: Plan, shadow: Plan) -> Comparison:
    """Of the same legs and trucks."""
    ours = {each.leg.id: each.truck.key for each in live.assignments}
    its = {each.leg.id: each.truck.key for each in shadow.assignments}
    otherwise = sum(ours.get(leg) != its.get(leg) for leg in ours.keys() | its.keys())
    return Comparison(figures(live), figures(shadow), otherwise)


def shadowed(
    live: Plan,
    legs: Iterable[WaitingLeg],
    trucks: Iterable[FreeTruck] | Fleet,
    rules: DispatchRules,
    roads: RoadKm = NO_ROADS,
) -> Comparison:
    """Runs the second policy on what the first one was given, at the same time."""
    return compare(live, plan(legs, trucks, rules, live.now_ms, roads))
