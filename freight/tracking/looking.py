"""Holds whole batches of fixes against the bounds of their trucks: compiled loops, fix by fix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from freight.fixes import MISSING_INT8, FixArray
from freight.tracking.courses import (
    KEPT,
    LOST,
    NO_ROUTE,
    PASSING,
    CourseArray,
    on_course,
)
from freight.tracking.sample import KMH_PER_MM_PER_MS
from geo.compiled import compiled
from geo.places import Table
from geo.ways import short_way_mm

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
BoundsArray = npt.NDArray[np.void]

NOWHERE_DEG_MAX = 1.0  # no rule calls a fix farther from zero, zero "nowhere"
MIX = (0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93)
_FIRST, _SECOND, _HALF = np.uint64(MIX[0]), np.uint64(MIX[1]), np.uint64(32)


@compiled
def quiet_runs(  # noqa: PLR0917 - compiled code takes plain arrays
    fixes: FixArray,
    rows: IntArray,
    bounds: BoundsArray,
    courses: CourseArray,
    table: Table,
    points: IntArray,
    fences: IntArray,
) -> tuple[IntArray, IntArray, IntArray, FloatArray, IntArray, BoolArray, IntArray]:
    """Each truck's fixes up to the first that is not quiet, added up: its row, how many, their
    way and greatest speed, the last of them and whether that passes into another section of its
    route; and the index of all other fixes.

    `fixes` stand by truck and time; the pairs of `points` and `fences` say which fences hold which
    fix, sorted by fix.
    """
    count, runs, others = len(rows), 0, 0
    trucks, taken, last = np.empty_like(rows), np.empty_like(rows), np.empty_like(rows)
    way_mm, speed_kmh_max = np.empty_like(rows), np.empty(count)
    passing, loud = np.empty(count, dtype=np.bool_), np.empty_like(rows)
    start = pair = 0
    while start < count:
        row, end = rows[start], start + 1
        while end < count and rows[end] == row:
            end += 1
        pair = _first_pair(points, pair, start)
        run, way, fastest, passes = quiet_run(
            fixes, start, end, row, bounds, courses, table, points, fences, pair, True
        )
        if run:
            trucks[runs], taken[runs], last[runs] = row, run, start + run - 1
            way_mm[runs], speed_kmh_max[runs], passing[runs] = way, fastest, passes
            runs += 1
        for i in range(start + run, end):
            loud[others] = i
            others += 1
        start = end
    return (
        trucks[:runs],
        taken[:runs],
        way_mm[:runs],
        speed_kmh_max[:runs],
        last[:runs],
        passing[:runs],
        loud[:others],
    )


@compiled
def quiet_run(  # noqa: PLR0917 - compiled code takes plain arrays
    fixes: FixArray,
    start: int,
    end: int,
    row: int,
    bounds: BoundsArray,
    courses: CourseArray,
    table: Table,
    points: IntArray,
    fences: IntArray,
    pair: int,
    may_pass: bool,
) -> tuple[int, int, float, bool]:
    """How many of one truck's fixes, from `start` on, are quiet one after another; their way and
    greatest speed. The fences that hold them stand from `pair` on at the latest. Into another
    section of its route a truck may pass with its last fix, which is said: the course is one for
    all of them."""
    bound, whole_mm, fastest_kmh = bounds[row], 0, -np.inf
    lat, lon, ts_ms = bound["good_lat"], bound["good_lon"], bound["good_ms"]
    said_before = bound["good_kmh"]
    for i in range(start, end):
        fix, mark = fixes[i], np.uint64(0)
        pair = _first_pair(points, pair, i)
        while pair < len(points) and points[pair] == i:
            mark += _mark(fences[pair])
            pair += 1
        if mark != bound["inside_mark"] or fix["ts_ms"] >= bound["until_ms"]:
            return i - start, whole_mm, fastest_kmh, False
        way_mm = short_way_mm(lat, lon, fix["lat"], fix["lon"])
        elapsed_ms = max(fix["ts_ms"] - ts_ms, 1)
        speed_kmh = said = np.float64(fix["speed_kmh"])
        if np.isnan(said):
            speed_kmh = KMH_PER_MM_PER_MS * way_mm / elapsed_ms
        is_quiet = (
            0 <= way_mm <= _reach_mm(bound, elapsed_ms)
            and elapsed_ms <= bound["silence_ms_max"]
            and bound["speed_kmh_min"] <= speed_kmh <= bound["speed_kmh_max"]
            and _says_nothing_new(fix, bound)
            and _is_calm(said - said_before, elapsed_ms, bound)
            and _is_near(fix, bound)
        )
        stand = _stand(fix, courses[row], table) if is_quiet else LOST
        passes = stand == PASSING
        if stand == LOST or (passes and not (may_pass and i == end - 1)):
            return i - start, whole_mm, fastest_kmh, False
        whole_mm += way_mm
        fastest_kmh = max(fastest_kmh, speed_kmh)
        if passes:
            return end - start, whole_mm, fastest_kmh, True
        lat, lon, ts_ms, said_before = fix["lat"], fix["lon"], fix["ts_ms"], said
    return end - start, whole_mm, fastest_kmh, False


@compiled
def _first_pair(points: IntArray, pair: int, i: int) -> int:
    """The first from `pair` on that is about fix `i` or a later one."""
    while pair < len(points) and points[pair] < i:
        pair += 1
    return pair


@compiled
def _mark(number: int) -> np.uint64:
    mixed = np.uint64(number) * _FIRST
    return np.uint64((mixed ^ (mixed >> _HALF)) * _SECOND)


@compiled
def _reach_mm(bound: np.void, elapsed_ms: int) -> float:
    return float(bound["reach_mm_min"] + bound["reach_kmh"] * elapsed_ms / KMH_PER_MM_PER_MS)


@compiled
def _says_nothing_new(fix: np.void, bound: np.void) -> bool:
    """A comparison with a missing value is false: what was not said cannot be too much."""
    fuel_pct, external_v = np.float64(fix["fuel_pct"]), np.float64(fix["external_v"])
    return (
        fix["ignition"] == bound["ignition"]
        and fix["alarm"] == MISSING_INT8
        and not np.float64(fix["accuracy_m"]) > bound["accuracy_m_max"]
        and not fuel_pct < bound["fuel_pct_min"]
        and not fuel_pct > bound["fuel_pct_max"]
        and not external_v < bound["external_v_min"]
        and not external_v > bound["external_v_max"]
        and (abs(fix["lat"]) > NOWHERE_DEG_MAX or abs(fix["lon"]) > NOWHERE_DEG_MAX)
    )


@compiled
def _is_calm(gained_kmh: float, elapsed_ms: int, bound: np.void) -> bool:
    if elapsed_ms > bound["harsh_ms"]:
        return True
    mps2 = gained_kmh / KMH_PER_MM_PER_MS * 1000.0 / elapsed_ms
    harsh = mps2 <= -bound["braking_mps2"] or mps2 >= bound["acceleration_mps2"]
    return not (harsh and abs(mps2) <= bound["plausible_mps2"])


@compiled
def _is_near(fix: np.void, bound: np.void) -> bool:
    if bound["radius_mm"] == np.inf:
        return True
    away_mm = short_way_mm(bound["anchor_lat"], bound["anchor_lon"], fix["lat"], fix["lon"])
    return bool(0 <= away_mm <= bound["radius_mm"])


@compiled
def _stand(fix: np.void, course: Any, table: Table) -> int:
    if course["number"] == NO_ROUTE:
        return KEPT
    heading_deg, speed_kmh = np.float64(fix["heading_deg"]), np.float64(fix["speed_kmh"])
    seen = on_course(table, course, fix["lat"], fix["lon"], heading_deg, speed_kmh, fix["ts_ms"])
    return int(seen[1])
