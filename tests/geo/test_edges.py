"""Areas as blocks of edges against shapely: enclosing, crossing, and the way to the border."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.edges import METRES_PER_DEGREE, block_of, border_m, crossed, encloses
from geo.point import FloatArray

SIZE_M = 1_000.0
HERE = (20.0, 77.0, METRES_PER_DEGREE * math.cos(math.radians(20.0)))


def drawn(seed: int, corners: int) -> BaseGeometry:
    """Islands and a lake; on whole metres, so that corners come to lie on one height."""
    rng = np.random.default_rng(seed)
    rings = []
    for middle, reach_m in ((0.0, SIZE_M), (0.0, SIZE_M / 3.0), (3.0 * SIZE_M, SIZE_M)):
        angle = np.arange(corners) / corners * 2.0 * math.pi
        reach = reach_m * rng.uniform(0.6, 1.0, corners)
        x, y = middle + reach * np.cos(angle), reach * np.sin(angle)
        rings.append(np.rint(np.column_stack([x, y])))
    shell, hole, island = rings
    return shapely.MultiPolygon([(shell, [hole]), (island, [])]).buffer(0.0)


def edges_of(area: BaseGeometry) -> FloatArray:
    lines = [shapely.get_coordinates(r) for r in shapely.get_rings(shapely.get_parts(area))]
    return np.concatenate([np.hstack([line[:-1], line[1:]]) for line in lines])


def places(area: BaseGeometry, seed: int) -> FloatArray:
    """Anywhere, corners, on edges as nearly as may be, and on the height of corners."""
    rng = np.random.default_rng(seed)
    edges = edges_of(area)
    some = edges[rng.integers(len(edges), size=60)]
    share = rng.uniform(0.0, 1.0, (60, 1))
    anywhere = rng.uniform(-1.2 * SIZE_M, 4.2 * SIZE_M, (60, 2))
    level = np.column_stack([anywhere[:, 0], some[:, 1]])
    on = some[:, :2] + share * (some[:, 2:] - some[:, :2])
    return np.concatenate([anywhere, some[:, :2], level, on, np.rint(anywhere)])


seeds, corners = st.integers(0, 2**32), st.sampled_from([3, 4, 16, 200])


@settings(max_examples=60, deadline=None)
@given(seed=seeds, corners=corners)
def test_an_area_encloses_and_is_crossed_as_shapely_says(seed: int, corners: int) -> None:
    area = drawn(seed, corners)
    block, border = block_of(edges_of(area)), area.boundary
    at = [(float(x), float(y)) for x, y in places(area, seed)]

    ways = [(a, b) for a, b in itertools.pairwise(at) if a != b]  # shapely's lines have a length
    held = [encloses(block, 0, place) for place in at]
    cut = [crossed(block, 0, a, b) for a, b in ways]

    assert held == [bool(area.intersects(shapely.Point(place))) for place in at]
    assert cut == [bool(border.intersects(shapely.LineString(ends))) for ends in ways]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, corners=corners)
def test_the_border_is_as_far_as_shapely_says(seed: int, corners: int) -> None:
    area = drawn(seed, corners)
    block = block_of(edges_of(area))
    for x, y in places(area, seed):
        lat, lon = HERE[0] + y / METRES_PER_DEGREE, HERE[1] + x / HERE[2]
        back = shapely.Point((lon - HERE[1]) * HERE[2], (lat - HERE[0]) * METRES_PER_DEGREE)

        expected_m = shapely.distance(area.boundary, back)
        assert border_m(block, 0, HERE, lat, lon) == pytest.approx(expected_m, abs=1e-9)


def test_corners_drawn_twice_change_nothing() -> None:
    square = [(0.0, 0.0), (9.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)]
    block = block_of(np.array([[*a, *b] for a, b in itertools.pairwise(square)]))

    assert [encloses(block, 0, at) for at in ((9.0, 0.0), (4.0, 4.0), (9.1, 4.0))] == [
        True,
        True,
        False,
    ]
    assert border_m(block, 0, HERE, HERE[0], HERE[1] + 4.0 / HERE[2]) == pytest.approx(
        0.0, abs=1e-9
    )
