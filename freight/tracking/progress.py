"""How a truck is doing on its journey, for who looks now: read from its state, deciding nothing."""

from __future__ import annotations

import dataclasses
import math

from freight.tracking.courses import place_of
from freight.tracking.journeys import Journey
from freight.tracking.machines.following import OVER, UNDER_WAY, Following, course_of
from freight.tracking.machines.promise import Expected
from freight.tracking.sample import Sample
from freight.tracking.surroundings import Surroundings
from freight.tracking.tracked import Tracked


@dataclasses.dataclass(frozen=True, slots=True)
class Away:
    """Off every way of the journey."""

    since_ms: int
    farthest_m: float
    is_told: bool  # for so long that it counts as a deviation


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    journey: str
    version: int
    mode: str  # awaited, under_way or over
    ts_ms: int  # of the fix that it is about
    length_m: float
    way: int  # 0: the route, else the alternate of that number
    along_m: float | None = None  # of the route; None: the truck is awaited
    off_m: float | None = None  # None: nowhere near
    away: Away | None = None
    is_wrong_way: bool = False
    expected: Expected | None = None


def progress_of(now: Tracked, around: Surroundings) -> Progress | None:
    """None: no fix of the truck has been held against a journey that it is on."""
    fix, at = now.good, now.following
    journey = None if fix is None else around.journeys.at(around.truck_key, fix.ts_ms)
    if fix is None or journey is None or journey.key != (at.journey, at.version):
        return None
    known = Progress(journey.id, journey.version, at.mode, fix.ts_ms, journey.length_m, at.way)
    if at.mode == OVER:
        return dataclasses.replace(known, along_m=journey.length_m)
    if at.mode != UNDER_WAY:
        return known
    return _under_way(known, now, fix, journey, around)


def _under_way(
    known: Progress, now: Tracked, fix: Sample, journey: Journey, around: Surroundings
) -> Progress:
    at: Following = now.following
    course = course_of(at, journey, around.rules.following)
    place = place_of(course, fix, around.journeys.routes)
    along_m = at.progress_m(journey)
    if not (place.jumped or math.isnan(place.progress_m)):
        along_m = journey.ways[at.way].along_route_m(place.progress_m)
    away = at.away
    return dataclasses.replace(
        known,
        along_m=along_m,
        off_m=place.off_m if math.isfinite(place.off_m) else None,
        away=None
        if away is None
        else Away(away.left.ts_ms, away.farthest_m, is_told=away.told is not None),
        is_wrong_way=at.backwards is not None and at.backwards.told,
        expected=now.promise.expected if now.promise.journey == journey.id else None,
    )
