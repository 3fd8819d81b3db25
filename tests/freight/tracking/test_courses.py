"""A truck's part of its route: one by one and all at once say the same of every fix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.fixes import FIX_DTYPE
from freight.tracking.courses import (
    COURSE_DTYPE,
    KEPT,
    LOST,
    PASSING,
    Course,
    on_course,
    place_of,
    seen,
    warm_up,
)
from freight.tracking.sample import Sample, sample
from geo.places import located
from geo.route import compile_route
from geo.route_table import RouteTable
from tests.freight.tracking.journey import LAT, LON, T0

KM = 1.0 / 111.195
CORNERS = [(0.0, 0.0), (0.0, 5.0), (3.0, 5.0), (3.0, 0.1), (0.0, 0.1), (0.0, 5.0)]
LENGTH_M = 21_700.0
missing = st.just(math.nan)
fixes = st.tuples(
    st.floats(-1, 4),
    st.floats(-1, 6),
    st.integers(0, 600_000),
    st.one_of(missing, st.floats(0, 90, width=32)),
    st.one_of(missing, st.floats(0, 359, width=32)),
    st.one_of(missing, st.floats(0, LENGTH_M)),
)


def course(last_m: float) -> Course:
    section = (-math.inf, math.inf, -math.inf)
    if not math.isnan(last_m):
        section = (last_m - 200, last_m + 900, last_m + 1_800)
    return Course(3, T0, last_m, *section, 300.0, 400.0, 500.0, 1 / 30, 40.0, 100.0, 10.0)


@settings(max_examples=200, deadline=None)
@given(st.lists(fixes, min_size=1, max_size=20))
def test_one_by_one_and_all_at_once(
    drawn: list[tuple[float, float, int, float, float, float]],
) -> None:
    routes = RouteTable()
    routes.put(3, compile_route(np.array([(LAT + y * KM, LON + x * KM) for x, y in CORNERS])))
    batch = np.zeros(len(drawn), dtype=FIX_DTYPE)
    courses = [course(last_m) for *_, last_m in drawn]
    for row, (x, y, after_ms, kmh, heading_deg, _) in zip(batch, drawn, strict=True):
        row["lat"], row["lon"], row["ts_ms"] = LAT + y * KM, LON + x * KM, T0 + after_ms
        row["speed_kmh"], row["heading_deg"] = kmh, heading_deg

    rows = np.array(courses, dtype=COURSE_DTYPE)

    for row, c, fix, f in zip(rows, courses, batch, map(sample, batch), strict=True):
        said = (float(fix["heading_deg"]), float(fix["speed_kmh"]), int(fix["ts_ms"]))
        in_loops, stand = on_course(routes.table, row, f.lat, f.lon, *said)
        place, is_kept = seen(c, f, routes)
        assert repr(tuple(place)) == repr(in_loops)
        assert is_kept == (stand == KEPT)
        if stand != LOST:
            assert (stand == PASSING) == (place.progress_m >= c.high_m)
        assert repr(place_of(c, f, routes)) == repr(place)


def test_what_is_warm_is_all_that_a_fix_needs() -> None:
    warm_up()
    loops: tuple[Any, ...] = (located, on_course)
    compiled = [len(loop.signatures) for loop in loops]
    routes = RouteTable()
    routes.put(3, compile_route(np.array([(LAT, LON), (LAT, LON + 1.0)])))
    seen(course(500.0), Sample(T0, T0, LAT, LON, 30.0, 90.0), routes)
    assert [len(loop.signatures) for loop in loops] == compiled
