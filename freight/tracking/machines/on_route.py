"""One fix of a truck with a journey, and where on its ways it is looked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from freight.tracking.courses import Course, place_of
from freight.tracking.facts import Facts
from freight.tracking.journeys import Journey
from freight.tracking.machines.following_rules import FollowingRules
from freight.tracking.machines.motion import Motion
from freight.tracking.sample import Moment, Sample
from geo.places import Place

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings


def leave_m(journey: Journey, rules: FollowingRules) -> float:
    return rules.leave_m if journey.plan.corridor_m is None else journey.plan.corridor_m


class Scene(msgspec.Struct, frozen=True):
    """One fix of a truck with a journey, what stands around it, and where to tell of it."""

    moment: Moment
    motion: Motion
    journey: Journey
    around: Surroundings
    facts: Facts

    @property
    def fix(self) -> Sample:
        return self.moment.fix

    @property
    def rules(self) -> FollowingRules:
        return self.around.rules.following

    @property
    def leave_m(self) -> float:
        return leave_m(self.journey, self.rules)

    @property
    def return_m(self) -> float:
        """In proportion, for a corridor of the journey's own."""
        return self.rules.return_m * (self.leave_m / self.rules.leave_m)

    def said(self, **more: Any) -> dict[str, Any]:
        return {
            "journey": self.journey.id,
            "journey_version": self.journey.version,
            "position": {"lat": self.fix.lat, "lon": self.fix.lon},
            **more,
        }

    def place(self, way: int, last_m: float, at_ms: int, fix: Sample | None = None) -> Place:
        rules = self.rules
        course = course_along(self.journey, way, last_m, at_ms, rules, rules.section_m)
        return place_of(course, fix or self.fix, self.around.journeys.routes)


def course_along(  # noqa: PLR0917 - what a course is made of
    journey: Journey,
    way: int,
    last_m: float,
    at_ms: int,
    rules: FollowingRules,
    section_m: float,
) -> Course:
    low_m, high_m, passing_m_max = -math.inf, math.inf, -math.inf
    taken = journey.ways[way]
    if not math.isnan(last_m):
        low_m = last_m - rules.back_m
        # Sections begin at whole multiples, so that a late fix changes where the truck was looked
        # at in one of them only.
        high_m = (math.floor(last_m / section_m) + 1) * section_m
        if way == 0:
            passing_m_max = taken.length_m - rules.arrive_m
            high_m = min(high_m, passing_m_max)
    return Course(
        taken.number,
        at_ms,
        last_m,
        low_m,
        high_m,
        passing_m_max,
        leave_m(journey, rules),
        rules.behind_m,
        rules.ahead_m,
        rules.ahead_kmh / 3600.0,
        rules.tie_m,
        rules.angle_deg,
        rules.heading_kmh_min,
    )


def km(metres: float) -> float:
    return round(metres / 1000.0, 3)
