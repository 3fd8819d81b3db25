"""Brings waiting legs and free trucks together: who goes where, why, and who stays without."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

from freight.dispatch.columns import Fleet, in_order
from freight.dispatch.explanations import Explanation, decode
from freight.dispatch.optimum import in_turn, optimum
from freight.dispatch.reasons import Part
from freight.dispatch.relations import RoadKm
from freight.dispatch.rules import DispatchRules, Mode
from freight.dispatch.survey import Shortlist, Survey
from freight.dispatch.world import FreeTruck, WaitingLeg

NO_ROADS: RoadKm = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """A leg's truck, and what the choice costs by the tenant's rules."""

    leg: WaitingLeg
    truck: FreeTruck
    parts: dict[Part, int]
    cost_minor: int
    price_minor: int  # that it is expected to ask for
    dead_m: int
    eta_ms: int
    is_change: bool  # another truck was planned for the leg

    @property
    def late_ms(self) -> int:
        return 0 if self.leg.to_ms is None else max(0, self.eta_ms - self.leg.to_ms)


class Why(StrEnum):
    """Why a leg has no truck."""

    NOBODY_NEAR = "nobody_near"  # no truck within range
    ALL_EXCLUDED = "all_excluded"  # each by a rule
    NONE_LEFT = "none_left"  # others need them more, or they are dearer than waiting
    BY_HAND = "by_hand"  # the mode leaves it to people or to bids
    TOO_MANY = "too_many"  # more legs wait than are matched at once


@dataclasses.dataclass(frozen=True, slots=True)
class Unassigned:
    leg: WaitingLeg
    why: Why
    in_range: int | None = None  # None: was not looked at
    candidates: int | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """A proposal: nothing is promised until a booking's own actor has written it."""

    now_ms: int
    mode: Mode
    assignments: tuple[Assignment, ...]
    unassigned: tuple[Unassigned, ...]
    # Legs whose planned truck can no longer go; giving them another is no change.
    forced: tuple[str, ...]
    total_minor: int  # what all cost together, legs without a truck included
    bound_minor: int | None  # no plan within the budget costs less; None: not asked
    # What leaving a leg without a truck costs: no dearer truck is taken. By leg id.
    leaving: dict[str, int]
    recorded: dict[str, bytes]  # by leg id: the explanation, see explanations.py

    @property
    def changes(self) -> int:
        """How many planned trucks that could have gone were not kept."""
        return sum(each.is_change for each in self.assignments) + self.dropped

    @property
    def dropped(self) -> int:
        left = (Why.BY_HAND, Why.TOO_MANY)
        planned = [each.leg for each in self.unassigned if each.why not in left]
        forced = set(self.forced)
        return sum(leg.standing is not None and leg.id not in forced for leg in planned)

    @cached_property
    def by_leg(self) -> dict[str, Assignment]:
        return {each.leg.id: each for each in self.assignments}

    @cached_property
    def by_truck(self) -> dict[str, Assignment]:
        return {each.truck.id: each for each in self.assignments}

    @cached_property
    def legs(self) -> dict[str, WaitingLeg]:
        """All that waited, by id."""
        served = {each.leg.id: each.leg for each in self.assignments}
        return served | {each.leg.id: each.leg for each in self.unassigned}

    def explanation(self, leg: str) -> Explanation:
        return decode(self.recorded[leg])


def plan(
    legs: Iterable[WaitingLeg],
    trucks: Iterable[FreeTruck] | Fleet,
    rules: DispatchRules,
    now_ms: int,
    roads: RoadKm = NO_ROADS,
) -> Plan:
    """The same for the same legs and trucks, in whatever order they come.

    `roads` holds the km by road of pairs for which somebody has asked a router; the others are
    taken as the straight way, times the usual factor.
    """
    fleet = trucks if isinstance(trucks, Fleet) else Fleet.of(trucks)
    waiting = in_order(legs)
    looked_at = waiting[: rules.matching.legs_max]
    survey = Survey(looked_at, fleet, rules, now_ms, roads)
    bound = None
    chosen = [-1] * len(looked_at)
    if rules.mode is Mode.WINDOW:
        best = optimum(survey)
        chosen, bound = best.chosen, best.bound_minor
    elif rules.mode is Mode.INSTANT:
        chosen = in_turn(survey)
    return _told(survey, chosen, bound, waiting[len(looked_at) :])


def _told(
    survey: Survey, chosen: list[int], bound: int | None, beyond: tuple[WaitingLeg, ...]
) -> Plan:
    standing = survey.standing
    change = survey.rules.replan.change_minor
    assignments = _assignments(survey, chosen, standing)
    total = sum(each.cost_minor for each in assignments)
    unassigned = []
    for leg, row in enumerate(chosen):
        if row < 0:
            why = _why(survey.rules.mode, survey.shortlists[leg])
            found = survey.shortlists[leg]
            unassigned.append(Unassigned(survey.legs[leg], why, found.in_range, found.candidates))
            total += int(survey.world.legs.unassigned[leg])
            total += change if standing[leg] >= 0 else 0
    unassigned += [Unassigned(leg, Why.TOO_MANY) for leg in beyond]
    planned = zip(survey.legs, standing, strict=True)
    return Plan(
        now_ms=survey.now_ms,
        mode=survey.rules.mode,
        assignments=tuple(assignments),
        unassigned=tuple(unassigned),
        forced=tuple(leg.id for leg, row in planned if leg.standing is not None and row < 0),
        total_minor=total,
        bound_minor=bound,
        leaving={
            leg.id: minor
            for leg, minor in zip(survey.legs, survey.world.legs.unassigned.tolist(), strict=True)
        },
        recorded=survey.explanations,
    )


def _why(mode: Mode, found: Shortlist) -> Why:
    if not found.in_range:
        return Why.NOBODY_NEAR
    if not found.candidates:
        return Why.ALL_EXCLUDED
    return Why.BY_HAND if mode in (Mode.MANUAL, Mode.TENDER) else Why.NONE_LEFT


def _assignments(survey: Survey, chosen: list[int], standing: list[int]) -> list[Assignment]:
    scores = iter(survey.scores(chosen).tolist())
    usual = survey.rules.costs.usual_minor_per_km
    found = []
    for leg, row in enumerate(chosen):
        if row < 0:
            continue
        *parts, dead_m, eta_ms = next(scores)
        waiting, truck = survey.legs[leg], survey.fleet.trucks[row]
        per_km = usual if truck.price_minor_per_km is None else truck.price_minor_per_km
        found.append(
            Assignment(
                leg=waiting,
                truck=truck,
                parts=dict(zip(Part, parts, strict=True)),
                cost_minor=sum(parts),
                price_minor=round(per_km * waiting.trip_km),
                dead_m=dead_m,
                eta_ms=eta_ms,
                is_change=0 <= standing[leg] != row,
            )
        )
    return found
