"""Simplified lines: near enough everywhere, with the points that must stay, and no shorter way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.point import FloatArray, LocalPlane, Point, haversine_m
from geo.simplify import simplified

STEPS = st.lists(st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)), min_size=1, max_size=60)


def line(steps: list[tuple[float, float]], lat: float, lon: float) -> tuple[FloatArray, FloatArray]:
    walked = np.cumsum(np.array([(lat, lon), *steps]), axis=0)
    return walked[:, 0], (walked[:, 1] + 180.0) % 360.0 - 180.0


def distance_m(lat: FloatArray, lon: FloatArray, at: int, a: int, b: int) -> float:
    """From a point to the segment between two others, in the plane of the point."""
    x, y = LocalPlane(Point(float(lat[at]), float(lon[at]))).to_xy(lat[[a, b]], lon[[a, b]])
    way = np.array([x[1] - x[0], y[1] - y[0]])
    from_a = -np.array([x[0], y[0]])
    square = float(way @ way)
    share = 0.0 if square == 0.0 else min(1.0, max(0.0, float(from_a @ way) / square))
    return float(np.hypot(*(from_a - share * way)))


@given(STEPS, st.floats(-60, 60), st.sampled_from([77.0, 179.99, -179.99]), st.floats(0.1, 500))
def test_what_goes_is_near_the_line_that_stays(
    steps: list[tuple[float, float]], lat: float, lon: float, tolerance_m: float
) -> None:
    lats, lons = line(steps, lat, lon)
    stays = np.flatnonzero(simplified(lats, lons, tolerance_m))

    assert (stays[0], stays[-1]) == (0, len(lats) - 1)
    for a, b in itertools.pairwise(stays.tolist()):
        for at in range(a + 1, b):
            # One plane for the whole line: the scale of longitude varies a little over it.
            assert distance_m(lats, lons, at, a, b) <= tolerance_m * 1.1


@given(STEPS, st.sets(st.integers(0, 60)))
def test_points_to_keep_are_kept(steps: list[tuple[float, float]], numbers: set[int]) -> None:
    lats, lons = line(steps, 20.0, 77.0)
    keep = np.zeros(len(lats), dtype=bool)
    keep[[number for number in numbers if number < len(lats)]] = True

    stays = simplified(lats, lons, 1e9, keep)

    keep[[0, -1]] = True
    assert stays.tolist() == keep.tolist()


def test_a_straight_road_is_two_points_and_a_corner_three() -> None:
    lats = np.array([20.0, 20.001, 20.002, 20.003, 20.003, 20.003])
    lons = np.array([77.0, 77.0, 77.0, 77.0, 77.001, 77.002])

    assert simplified(lats, lons, 5.0).tolist() == [True, False, False, True, False, True]


def test_out_and_back_keeps_where_it_turned() -> None:
    lats = np.array([20.0, 20.01, 20.02, 20.01, 20.0])
    lons = np.full(5, 77.0)

    assert simplified(lats, lons, 50.0).tolist() == [True, False, True, False, True]
    assert float(haversine_m(20.0, 77.0, 20.02, 77.0)) > 50.0


@pytest.mark.parametrize("size", [0, 1, 2])
def test_lines_with_nothing_between(size: int) -> None:
    assert simplified(np.full(size, 20.0), np.full(size, 77.0), 10.0).all()
