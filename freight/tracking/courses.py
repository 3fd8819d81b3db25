"""Within which part of its route a truck is quiet: asked for one fix, and for a batch at once.

A course is where the truck was seen when its machines last looked, and how far it may be from
there by now. Between two looks it does not change, so fixes can be tested in any grouping.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from freight.fixes import FixArray
from freight.tracking.sample import Sample
from geo.places import Place, Position, Positions, Search, SearchMany
from geo.route_table import RouteTable

BoolArray = npt.NDArray[np.bool_]

NO_ROUTE = -1
# One truck's course as a row; the fields are those of Course.
COURSE_DTYPE = np.dtype(
    [
        ("number", np.int64),
        ("at_ms", np.int64),
        ("last_m", np.float64),
        ("low_m", np.float64),
        ("high_m", np.float64),
        ("off_m_max", np.float64),
        ("behind_m", np.float64),
        ("ahead_m", np.float64),
        ("ahead_m_per_ms", np.float64),
        ("tie_m", np.float64),
        ("angle_deg", np.float64),
        ("heading_kmh_min", np.float64),
    ]
)
CourseArray = npt.NDArray[np.void]
NO_COURSE = (NO_ROUTE, 0, *[0.0] * 10)


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """In this order a row of COURSE_DTYPE."""

    number: int  # of the way in the table of routes
    at_ms: int  # when the truck was there
    last_m: float  # how far along; NaN: not on the way yet
    # Quiet is who is within these of the way, and no farther off.
    low_m: float
    high_m: float
    off_m_max: float
    # Where it is looked for: around the last place, and what can have been driven since.
    behind_m: float
    ahead_m: float
    ahead_m_per_ms: float
    tie_m: float
    angle_deg: float
    heading_kmh_min: float  # a slower truck's heading is noise

    @property
    def row(self) -> tuple[float, ...]:
        return (
            *(self.number, self.at_ms, self.last_m, self.low_m, self.high_m, self.off_m_max),
            *(self.behind_m, self.ahead_m, self.ahead_m_per_ms),
            *(self.tie_m, self.angle_deg, self.heading_kmh_min),
        )


def place_of(course: Course, fix: Sample, routes: RouteTable) -> Place:
    """Where on its way the fix is."""
    heading_deg, speed_kmh = fix.heading_deg, fix.speed_kmh
    if heading_deg is None or speed_kmh is None or speed_kmh < course.heading_kmh_min:
        heading_deg = math.nan
    ahead_m = course.ahead_m + (fix.ts_ms - course.at_ms) * course.ahead_m_per_ms
    search = Search(course.behind_m, ahead_m, course.off_m_max, course.tie_m, course.angle_deg)
    position = Position(fix.lat, fix.lon, _heading_deg(course, fix), course.last_m)
    return routes.locate_one(course.number, position, search)


def is_kept(course: Course, place: Place, fix: Sample) -> bool:
    """Whether the fix, which is there, changes nothing about following the route.

    Who drives against the road is looked at: how far back it drives shows only from where it
    turned, and no more is known of that than when the machines looked last.
    """
    return (
        not place.jumped
        and place.off_m <= course.off_m_max
        and course.low_m <= place.progress_m < course.high_m
        and not _turned_deg(_heading_deg(course, fix), place.heading_deg) > course.angle_deg
    )


def _heading_deg(course: Course, fix: Sample) -> float:
    """NaN: nobody knows, which no comparison is true of."""
    if fix.heading_deg is None or fix.speed_kmh is None:
        return math.nan
    return fix.heading_deg if fix.speed_kmh >= course.heading_kmh_min else math.nan


def _turned_deg(heading_deg: float, road_deg: float) -> float:
    return abs((heading_deg - road_deg + 180.0) % 360.0 - 180.0)


def no_courses(rows: int) -> CourseArray:
    return np.full(rows, np.array(NO_COURSE, dtype=COURSE_DTYPE))


def kept(fixes: FixArray, courses: CourseArray, routes: RouteTable) -> BoolArray:
    """The same for each fix and its truck's course, which every truck must have."""
    speed_kmh = fixes["speed_kmh"].astype(np.float64)
    slow = ~(speed_kmh >= courses["heading_kmh_min"])
    heading_deg = np.where(slow, np.nan, fixes["heading_deg"].astype(np.float64))
    ahead_m = courses["ahead_m"] + (fixes["ts_ms"] - courses["at_ms"]) * courses["ahead_m_per_ms"]
    search = SearchMany(
        courses["behind_m"], ahead_m, courses["off_m_max"], courses["tie_m"], courses["angle_deg"]
    )
    position = Positions(fixes["lat"], fixes["lon"], heading_deg, courses["last_m"])
    places = routes.locate(courses["number"], position, search)
    against_deg = np.abs((heading_deg - places.heading_deg + 180.0) % 360.0 - 180.0)
    return np.asarray(
        ~places.jumped
        & (places.off_m <= courses["off_m_max"])
        & (places.progress_m >= courses["low_m"])
        & (places.progress_m < courses["high_m"])
        & ~(against_deg > courses["angle_deg"])
    )
