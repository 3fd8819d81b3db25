"""Within which part of its route a truck is quiet: asked for one fix, and for a batch at once.

A course is where the truck was seen when its machines last looked, and how far it may be from
there by now. Between two looks it does not change, so fixes can be tested in any grouping.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from freight.tracking.sample import Sample
from geo.compiled import compiled
from geo.places import FoundPlace, Place, Position, Search, Table, located
from geo.route import compile_route
from geo.route_table import RouteTable

NO_ROUTE = -1
# A fix on its truck's course, one that changes nothing but in which section the truck is, and any
# other.
LOST, KEPT, PASSING = 0, 1, 2


class Course(NamedTuple):
    """In this order a row of COURSE_DTYPE."""

    number: int  # of the way in the table of routes
    at_ms: int  # when the truck was there
    last_m: float  # how far along; NaN: not on the way yet
    # Quiet is who is within these of the way, and no farther off.
    low_m: float
    high_m: float
    passing_m_max: float  # who is beyond high_m, but not beyond this, has only gone on
    off_m_max: float
    # Where it is looked for: around the last place, and what can have been driven since.
    behind_m: float
    ahead_m: float
    ahead_m_per_ms: float
    tie_m: float
    angle_deg: float
    heading_kmh_min: float  # a slower truck's heading is noise


# One truck's course as a row.
COURSE_DTYPE = np.dtype(
    [(name, np.int64 if name in {"number", "at_ms"} else np.float64) for name in Course._fields]
)
CourseArray = npt.NDArray[np.void]
NO_COURSE = Course(NO_ROUTE, 0, *[0.0] * 11)


def no_courses(rows: int) -> CourseArray:
    return np.full(rows, np.array(NO_COURSE, dtype=COURSE_DTYPE))


def place_of(course: Course, fix: Sample, routes: RouteTable) -> Place:
    """Where on its way the fix is."""
    return seen(course, fix, routes)[0]


def seen(course: Course, fix: Sample, routes: RouteTable) -> tuple[Place, bool]:
    """Also whether the fix, being there, changes nothing about following the route.

    Who drives against the road is looked at: how far back it drives shows only from where it
    turned, and no more is known of that than when the machines looked last.
    """
    heading_deg = math.nan if fix.heading_deg is None else fix.heading_deg
    speed_kmh = math.nan if fix.speed_kmh is None else fix.speed_kmh
    place, stand = _seen(routes.table, fix.lat, fix.lon, heading_deg, speed_kmh, fix.ts_ms, *course)
    return Place(*place), stand == KEPT


@compiled
def _seen(  # noqa: PLR0917 - compiled code takes plain numbers
    table: Table,
    lat: float,
    lon: float,
    heading_deg: float,
    speed_kmh: float,
    ts_ms: int,
    *course: Any,
) -> tuple[FoundPlace, int]:
    return on_course(table, Course(*course), lat, lon, heading_deg, speed_kmh, ts_ms)


@compiled
def on_course(  # noqa: PLR0917 - compiled code takes plain numbers
    table: Table,
    course: Course,
    lat: float,
    lon: float,
    heading_deg: float,
    speed_kmh: float,
    ts_ms: int,
) -> tuple[FoundPlace, int]:
    """Where the fix is on the way, and how it stands to its course: LOST, KEPT or PASSING. For
    compiled loops, where a course is a row; NaN is not known."""
    if not speed_kmh >= course.heading_kmh_min:
        heading_deg = math.nan
    place = located(
        table,
        course.number,
        lat,
        lon,
        heading_deg,
        course.last_m,
        course.behind_m,
        course.ahead_m + (ts_ms - course.at_ms) * course.ahead_m_per_ms,
        course.off_m_max,
        course.tie_m,
        course.angle_deg,
    )
    progress_m, off_m, road_deg, _, jumped = place
    if (
        jumped
        or not off_m <= course.off_m_max
        or not course.low_m <= progress_m < max(course.high_m, course.passing_m_max)
        or abs((heading_deg - road_deg + 180.0) % 360.0 - 180.0) > course.angle_deg
    ):
        return place, LOST
    return place, KEPT if progress_m < course.high_m else PASSING


def warm_up() -> None:
    """Compile this now, not when the first fix waits for it."""
    routes = RouteTable()
    routes.put(0, compile_route(np.array([[0.0, 0.0], [0.0, 1.0]])))
    routes.locate_one(0, Position(*[0.0] * 4), Search(*[0.0] * 5))
    seen(Course(0, 0, *[0.0] * 11), Sample(0, 0, 0.0, 0.0), routes)
