"""Which fixes of a batch are quiet: tested against their trucks' outlooks, all at once."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import MISSING_INT8, FixArray
from freight.tracking.courses import (
    COURSE_DTYPE,
    NO_COURSE,
    NO_ROUTE,
    Course,
    is_kept,
    kept,
    no_courses,
    place_of,
)
from freight.tracking.machines.filtering import FilteringRules, reach_mm
from freight.tracking.outlook import ALWAYS_MS, Outlook
from freight.tracking.sample import KMH_PER_MM_PER_MS, Sample, gained_mps2, implied_kmh
from freight.tracking.surroundings import Surroundings
from geo.point import way_mm, ways_mm
from geo.route_table import RouteTable

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# One truck's outlook as a row, beside the good fix that the next one is measured from.
BOUNDS_DTYPE = np.dtype(
    [
        ("until_ms", np.int64),
        ("good_ms", np.int64),
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
        ("course", COURSE_DTYPE),
    ]
)
BoundsArray = npt.NDArray[np.void]

NOWHERE_DEG_MAX = 1.0  # no rule calls a fix farther from zero, zero "nowhere"
_MIX = (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)


def no_bounds(rows: int) -> BoundsArray:
    """Of trucks that nobody has looked at: nothing is quiet."""
    empty = np.zeros(rows, dtype=BOUNDS_DTYPE)
    empty["until_ms"] = ALWAYS_MS
    empty["course"] = no_courses(rows)
    return empty


def bounds_of(outlook: Outlook, rules: FilteringRules, good: Sample) -> tuple[Any, ...]:
    return (
        outlook.until_ms,
        good.ts_ms,
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
        NO_COURSE if outlook.course is None else outlook.course.row,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Quiet:
    """For each fix: whether it is quiet, and the way and speed from the fix before."""

    quiet: BoolArray
    way_mm: IntArray
    speed_kmh: npt.NDArray[np.float64]


def look(
    fixes: FixArray,
    previous: IntArray,
    bounds: BoundsArray,
    marks: npt.NDArray[np.uint64],
    routes: RouteTable,
) -> Quiet:
    """`previous` is the index of the same truck's fix before, or -1: then the bounds' good fix.

    Holds for a fix as long as all the truck's fixes before it in the batch are quiet too.
    """
    ts_ms, lat, lon = fixes["ts_ms"], fixes["lat"], fixes["lon"]
    first = previous < 0
    way_mm = ways_mm(
        np.where(first, bounds["good_lat"], lat[previous]),
        np.where(first, bounds["good_lon"], lon[previous]),
        lat,
        lon,
    )
    elapsed_ms = np.maximum(ts_ms - np.where(first, bounds["good_ms"], ts_ms[previous]), 1)
    said = fixes["speed_kmh"].astype(np.float64)
    speed_kmh = np.where(np.isnan(said), KMH_PER_MM_PER_MS * way_mm / elapsed_ms, said)
    quiet = (ts_ms < bounds["until_ms"]) & (marks == bounds["inside_mark"])
    quiet &= (speed_kmh >= bounds["speed_kmh_min"]) & (speed_kmh <= bounds["speed_kmh_max"])
    quiet &= (fixes["ignition"] == bounds["ignition"]) & (fixes["alarm"] == MISSING_INT8)
    quiet &= way_mm >= 0
    quiet &= way_mm <= (
        bounds["reach_mm_min"] + bounds["reach_kmh"] * elapsed_ms / KMH_PER_MM_PER_MS
    )
    # A comparison with a missing value is false: what the device did not say cannot be too much.
    quiet &= ~(fixes["accuracy_m"] > bounds["accuracy_m_max"])
    fuel_pct = fixes["fuel_pct"]
    quiet &= ~((fuel_pct < bounds["fuel_pct_min"]) | (fuel_pct > bounds["fuel_pct_max"]))
    external_v = fixes["external_v"]
    quiet &= ~((external_v < bounds["external_v_min"]) | (external_v > bounds["external_v_max"]))
    quiet &= (np.abs(lat) > NOWHERE_DEG_MAX) | (np.abs(lon) > NOWHERE_DEG_MAX)
    said_before = np.where(first, bounds["good_kmh"], said[previous])
    _keep_calm(quiet, said - said_before, elapsed_ms, bounds)
    _keep_near(quiet, lat, lon, bounds)
    with_course = np.flatnonzero(quiet & (bounds["course"]["number"] != NO_ROUTE))
    if len(with_course):
        courses = bounds["course"][with_course]
        quiet[with_course] = kept(fixes[with_course], courses, routes)
    return Quiet(quiet, way_mm, speed_kmh)


def _keep_calm(
    quiet: BoolArray,
    gained_kmh: npt.NDArray[np.float64],
    elapsed_ms: IntArray,
    bounds: BoundsArray,
) -> None:
    close = np.flatnonzero(quiet & (elapsed_ms <= bounds["harsh_ms"]))
    if len(close):
        mine, apart_ms = bounds[close], elapsed_ms[close].astype(np.float64)
        mps2 = gained_mps2(gained_kmh[close], apart_ms)
        harsh = (mps2 <= -mine["braking_mps2"]) | (mps2 >= mine["acceleration_mps2"])
        quiet[close] = ~(harsh & (np.abs(mps2) <= mine["plausible_mps2"]))


def _keep_near(
    quiet: BoolArray,
    lat: npt.NDArray[np.float64],
    lon: npt.NDArray[np.float64],
    bounds: BoundsArray,
) -> None:
    held = np.flatnonzero(quiet & (bounds["radius_mm"] < np.inf))
    if len(held):
        mine = bounds[held]
        from_anchor = ways_mm(mine["anchor_lat"], mine["anchor_lon"], lat[held], lon[held])
        quiet[held] = (from_anchor >= 0) & (from_anchor <= mine["radius_mm"])


# ---------------------------------------------------------------------------- sets of fences


def mark_of(numbers: frozenset[int]) -> int:
    """A set of fence numbers as one number: two different sets hardly ever share theirs."""
    return sum(_mark(number) for number in numbers) & (2**64 - 1)


def _mark(number: int) -> int:
    mixed = number * _MIX[0] & (2**64 - 1)
    return (mixed ^ mixed >> 32) * _MIX[1] & (2**64 - 1)


def marks_of(count: int, points: IntArray, fences: IntArray) -> npt.NDArray[np.uint64]:
    """The same for each of so many fixes, from (fix, fence) pairs sorted by fix."""
    marks = np.zeros(count, dtype=np.uint64)
    if len(points):
        mixed = fences.astype(np.uint64) * np.uint64(_MIX[0])
        mixed = (mixed ^ mixed >> np.uint64(32)) * np.uint64(_MIX[1])
        starts = np.flatnonzero(np.concatenate([[True], points[1:] != points[:-1]]))
        marks[points[starts]] = np.add.reduceat(mixed, starts)
    return marks


# ----------------------------------------------------------------------------- fix by fix


def quiet_step(
    outlook: Outlook, around: Surroundings, good: Sample, fix: Sample, inside: frozenset[int]
) -> tuple[int, float] | None:
    """The same question for one fix: its way and speed when it is quiet, else None."""
    rules = around.rules.filtering
    if fix.ts_ms >= outlook.until_ms or inside != outlook.inside or _says_more(outlook, rules, fix):
        return None
    elapsed_ms = fix.ts_ms - good.ts_ms
    if not _is_calm(outlook, good, fix):
        return None
    way = way_mm(good.lat, good.lon, fix.lat, fix.lon)
    speed_kmh = implied_kmh(way, elapsed_ms) if fix.speed_kmh is None else fix.speed_kmh
    if way > reach_mm(elapsed_ms, rules) or not _is_held(outlook, fix):
        return None
    if not outlook.speed_kmh_min <= speed_kmh <= outlook.speed_kmh_max:
        return None
    if outlook.course is not None and not _is_on_course(outlook.course, fix, around):
        return None
    return way, speed_kmh


def _is_on_course(course: Course, fix: Sample, around: Surroundings) -> bool:
    return is_kept(course, place_of(course, fix, around.journeys.routes), fix)


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
