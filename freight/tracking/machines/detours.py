"""Where a truck may be off its route: at places of its journey, and at those of certain kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from freight.tracking.journeys import AllowedPlace, Journey, PlannedStop
from freight.tracking.sample import Sample
from geo.parts import METRES_PER_DEGREE
from geo.ways import way_mm

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

# Whether a fence is near is asked along so many rays.
RAYS = 16


def is_allowed(fix: Sample, inside: frozenset[int], journey: Journey, around: Surroundings) -> bool:
    rules = around.rules.following
    places: list[PlannedStop | AllowedPlace] = [*journey.plan.stops, *journey.plan.allowed]
    for place in places:
        away_m = way_mm(fix.lat, fix.lon, place.lat, place.lon) / 1000.0
        if away_m <= place.radius_m + rules.detour_m:
            return True
    kinds = around.fences.kinds_of(around.tenant_key).intersection(rules.detour_kinds)
    if not kinds:
        return False
    if any(_kind(number, around) in kinds for number in inside):
        return True
    return any(_kind(number, around) in kinds for number in _near(fix, rules.detour_m, around))


def _kind(number: int, around: Surroundings) -> str | None:
    fence = around.fences.get(number)
    return None if fence is None else fence.kind


def _near(fix: Sample, radius_m: float, around: Surroundings) -> list[int]:
    index = around.fences.index_of(around.tenant_key)
    if index is None:
        return []
    angle = np.arange(RAYS) * (2.0 * np.pi / RAYS)
    here = np.full(RAYS, fix.lat), np.full(RAYS, fix.lon)
    north = radius_m / METRES_PER_DEGREE
    east = north / np.cos(np.radians(fix.lat))
    there = here[0] + north * np.cos(angle), here[1] + east * np.sin(angle)
    found: list[int] = np.unique(index.touched(here, there)[1]).tolist()
    return found
