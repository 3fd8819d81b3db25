"""Which fixes of a batch are quiet: tested against their trucks' outlooks, all at once."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import MISSING_INT8, FixArray
from freight.tracking.courses import NO_COURSE, CourseArray, no_courses, seen
from freight.tracking.looking import (
    MIX,
    NOWHERE_DEG_MAX,
    BoundsArray,
    IntArray,
    quiet_run,
    quiet_runs,
)
from freight.tracking.machines.filtering import FilteringRules, reach_mm
from freight.tracking.outlook import ALWAYS_MS, Outlook, Quietly
from freight.tracking.row_writer import row_writer
from freight.tracking.sample import Sample, gained_mps2, implied_kmh, sample
from freight.tracking.surroundings import Surroundings
from geo.route_table import RouteTable
from geo.ways import way_mm

# One truck's outlook as a row, beside the good fix that the next one is measured from.
BOUNDS_DTYPE = np.dtype(
    [
        ("until_ms", np.int64),
        ("good_ms", np.int64),
        ("silence_ms_max", np.float64),
        ("inside_mark", np.uint64),
        ("good_lat", np.float64),
        ("good_lon", np.float64),
        ("anchor_lat", np.float64),
        ("anchor_lon", np.float64),
        ("radius_mm", np.float64),
        ("speed_kmh_min", np.float64),
        ("speed_kmh_max", np.float64),
        ("fuel_pct_min", np.float64),
        ("fuel_pct_max", np.float64),
        ("external_v_min", np.float64),
        ("external_v_max", np.float64),
        ("good_kmh", np.float64),
        ("harsh_ms", np.float64),
        ("plausible_mps2", np.float64),
        ("braking_mps2", np.float64),
        ("acceleration_mps2", np.float64),
        ("accuracy_m_max", np.float64),
        ("reach_mm_min", np.float64),
        ("reach_kmh", np.float64),
        ("ignition", np.int8),
    ]
)


def no_bounds(rows: int) -> BoundsArray:
    """Of trucks that nobody has looked at: nothing is quiet."""
    empty = np.zeros(rows, dtype=BOUNDS_DTYPE)
    empty["until_ms"] = ALWAYS_MS
    return empty


def bounds_of(outlook: Outlook, rules: FilteringRules, good: Sample) -> tuple[Any, ...]:
    return (
        outlook.until_ms,
        good.ts_ms,
        outlook.silence_ms_max,
        mark_of(outlook.inside),
        good.lat,
        good.lon,
        outlook.anchor_lat,
        outlook.anchor_lon,
        outlook.radius_m * 1000.0,
        outlook.speed_kmh_min,
        outlook.speed_kmh_max,
        outlook.fuel_pct_min,
        outlook.fuel_pct_max,
        outlook.external_v_min,
        outlook.external_v_max,
        math.nan if good.speed_kmh is None else good.speed_kmh,
        outlook.harsh_ms,
        outlook.plausible_mps2,
        outlook.braking_mps2,
        outlook.acceleration_mps2,
        rules.accuracy_m_max,
        1000.0 * rules.jump_m_min,
        rules.speed_kmh_max,
        outlook.ignition,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class QuietTrucks:
    """Trucks whose fixes, up to one of this batch, were all quiet; one entry a truck."""

    rows: IntArray
    fixes: IntArray  # how many
    way_mm: IntArray
    speed_kmh_max: npt.NDArray[np.float64]
    last: IntArray  # index of the last quiet fix
    passing: npt.NDArray[np.bool_]  # whether that one passes into another section of its route


def look(  # noqa: PLR0917 - the columns of a batch and of its trucks
    fixes: FixArray,
    rows: IntArray,
    bounds: BoundsArray,
    courses: CourseArray,
    held: tuple[IntArray, IntArray],
    routes: RouteTable,
) -> tuple[QuietTrucks, IntArray]:
    """Each truck's fixes before its first that is not quiet, and the index of all the others.

    `fixes` stand by truck and time; `held` are pairs of a fix and a fence that holds it, by fix.
    """
    runs = quiet_runs(fixes, rows, bounds, courses, routes.table, *held)
    return QuietTrucks(*runs[:-1]), runs[-1]


class FurtherOn:
    """The same for fixes of a batch behind one that the machines looked at, truck by truck."""

    def __init__(
        self, fixes: FixArray, held: tuple[IntArray, IntArray], routes: RouteTable
    ) -> None:
        self._fixes, self._held, self._routes = fixes, held, routes
        self._bounds, self._courses = no_bounds(1), no_courses(1)
        self._write_bounds = row_writer(self._bounds)
        self._write_course = row_writer(self._courses)

    def quietly(
        self, outlook: Outlook, rules: FilteringRules, good: Sample, start: int, end: int
    ) -> Quietly:
        """What the first of these fixes, as far as they are quiet, do to their truck."""
        course, points = outlook.course, self._held[0]
        self._write_bounds(0, bounds_of(outlook, rules, good))
        self._write_course(0, NO_COURSE if course is None else course)
        rows = 0, self._bounds, self._courses, self._routes.table
        pair = int(points.searchsorted(start))
        run = quiet_run(self._fixes, start, end, *rows, *self._held, pair, False)
        return Quietly(*run[:3])

    def fix(self, i: int) -> Sample:
        return sample(self._fixes[i])

    def inside(self, i: int) -> frozenset[int]:
        """Which fences hold it."""
        points, fences = self._held
        first, end = points.searchsorted((i, i + 1)).tolist()
        return frozenset(fences[first:end].tolist())


def mark_of(numbers: frozenset[int]) -> int:
    """A set of fence numbers as one number: two different sets hardly ever share theirs."""
    return sum(_mark(number) for number in numbers) & (2**64 - 1)


def _mark(number: int) -> int:
    mixed = number * MIX[0] & (2**64 - 1)
    return (mixed ^ mixed >> 32) * MIX[1] & (2**64 - 1)


# ----------------------------------------------------------------------------- fix by fix


def quiet_step(
    outlook: Outlook, around: Surroundings, good: Sample, fix: Sample, inside: frozenset[int]
) -> tuple[int, float] | None:
    """The same question for one fix: its way and speed when it is quiet, else None."""
    rules = around.rules.filtering
    if fix.ts_ms >= outlook.until_ms or inside != outlook.inside or _says_more(outlook, rules, fix):
        return None
    elapsed_ms = fix.ts_ms - good.ts_ms
    if elapsed_ms > outlook.silence_ms_max or not _is_calm(outlook, good, fix):
        return None
    way = way_mm(good.lat, good.lon, fix.lat, fix.lon)
    speed_kmh = implied_kmh(way, elapsed_ms) if fix.speed_kmh is None else fix.speed_kmh
    if way > reach_mm(elapsed_ms, rules) or not _is_held(outlook, fix):
        return None
    if not outlook.speed_kmh_min <= speed_kmh <= outlook.speed_kmh_max:
        return None
    course, routes = outlook.course, around.journeys.routes
    if course is not None and not seen(course, fix, routes)[1]:
        return None
    return way, speed_kmh


def _says_more(outlook: Outlook, rules: FilteringRules, fix: Sample) -> bool:
    ignition = MISSING_INT8 if fix.ignition is None else int(fix.ignition)
    return (
        fix.alarm is not None
        or ignition != outlook.ignition
        or (fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m_max)
        or (abs(fix.lat) <= NOWHERE_DEG_MAX and abs(fix.lon) <= NOWHERE_DEG_MAX)
    )


def _is_calm(outlook: Outlook, good: Sample, fix: Sample) -> bool:
    elapsed_ms = fix.ts_ms - good.ts_ms
    if good.speed_kmh is None or fix.speed_kmh is None or elapsed_ms > outlook.harsh_ms:
        return True
    mps2 = gained_mps2(fix.speed_kmh - good.speed_kmh, elapsed_ms)
    is_harsh = mps2 <= -outlook.braking_mps2 or mps2 >= outlook.acceleration_mps2
    return not (is_harsh and abs(mps2) <= outlook.plausible_mps2)


def _is_held(outlook: Outlook, fix: Sample) -> bool:
    fuel_pct, external_v = fix.fuel_pct, fix.external_v
    if fuel_pct is not None and not outlook.fuel_pct_min <= fuel_pct <= outlook.fuel_pct_max:
        return False
    if external_v is not None and not (
        outlook.external_v_min <= external_v <= outlook.external_v_max
    ):
        return False
    if outlook.radius_m == math.inf:
        return True
    from_anchor = way_mm(outlook.anchor_lat, outlook.anchor_lon, fix.lat, fix.lon)
    return from_anchor <= outlook.radius_m * 1000.0
