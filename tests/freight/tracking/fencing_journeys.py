"""Journeys along fences: a truck that drives east past a yard at a fix every 100 m."""

from __future__ import annotations

import math
from typing import Any

from freight.tracking.facts import Facts
from freight.tracking.fences import FenceBook
from freight.tracking.fold import Followed
from freight.tracking.sample import Sample
from freight.tracking.surroundings import Surroundings
from freight.tracking.tracked import Tracked
from tests.freight.tracking.journey import LAT, LON, M_PER_DEG, Journey, Told, around_with, inside
from tests.freight.world import Change

DRIVE_KMH = 36.0
# In a circle of 1 010 m around 5 000 m east, the fixes from 4 000 to 6 000 m lie inside.
RADIUS_M, MIDDLE_M = 1010.0, 5000.0


def lon_at(east_m: float) -> float:
    return LON + east_m / (M_PER_DEG * math.cos(math.radians(LAT)))


def disc(radius_m: float = RADIUS_M, east_m: float = MIDDLE_M) -> dict[str, Any]:
    return {"center": {"lat": LAT, "lon": lon_at(east_m)}, "radius_m": radius_m}


def yard(radius_m: float = RADIUS_M, east_m: float = MIDDLE_M, **more: Any) -> Change:
    return Change("yard", disc(radius_m, east_m), 1, **more)


def fenced(*changes: Change, **more: Any) -> Surroundings:
    book = FenceBook()
    book.apply(changes)
    return around_with(fences=book, **more)


def story(told: Told) -> list[tuple[str, int]]:
    """What happened at fences, and when."""
    return [(kind.rpartition(".")[2], s) for kind, s in told.events if ".fence." in kind]


def kinds(told: Told) -> list[str]:
    return [kind for kind, _ in story(told)]


def drive(minutes: float) -> Journey:
    return Journey().drive(minutes, DRIVE_KMH)


def to(east_m: float, **how: Any) -> Journey:
    """Starts at 1 km, well before the yard, and is there in the next fix."""
    journey = Journey(**how)
    journey.shift(1000.0).fix(0.0).wait(600).shift(east_m - 1000.0)
    return journey


def follow_changes(*parts: tuple[list[Sample], list[Change]]) -> Told:
    """Fixes, then changes of fences, and so on."""
    book = FenceBook()
    around = around_with(fences=book)
    facts = Facts(around.tenant_key, around.truck_key, around.name, around.known_at_ms)
    truck = Followed(Tracked(around.tenant_key, around.truck_key), around, facts)
    for fixes, changes in parts:
        for fix in fixes:
            truck.look(fix, inside(fix, around))
        book.apply(changes)
    return Told(truck, 0)
