"""Distances to a border and ways that cut a corner, against brute force in local metres."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import geo_drawing as drawing
from bench.geo_oracle import Oracle
from geo.fences import FenceIndex, compile_shape
from geo.shapes import parse_shape

METRE = 1.0 / 111_195.08  # of latitude, in degrees
YARD = {"center": {"lat": 20.0, "lon": 77.0}, "radius_m": 200.0}
BOX = {
    "type": "Polygon",
    "coordinates": [[[77.0, 20.0], [77.01, 20.0], [77.01, 20.01], [77.0, 20.01], [77.0, 20.0]]],
}
LANE = {"line": [{"lat": 20.0, "lon": 77.0}, {"lat": 20.0, "lon": 77.1}], "width_m": 50.0}


def index_of(*shapes: dict[str, Any]) -> FenceIndex:
    return FenceIndex({i: compile_shape(parse_shape(shape)) for i, shape in enumerate(shapes)})


def depths(shape: dict[str, Any], *places: tuple[float, float]) -> list[float]:
    lat, lon = np.array(places).T
    found = index_of(shape).depth_m(0, lat, lon)
    return [float(depth) for depth in found]


def touched(index: FenceIndex, *ways: tuple[float, float, float, float]) -> list[tuple[int, int]]:
    """Ways as (lat, lon, lat, lon)."""
    a, b, c, d = np.array(ways).T
    found, numbers = index.touched((a, b), (c, d))
    return list(zip(found.tolist(), numbers.tolist(), strict=True))


def test_depth_in_metres_by_hand() -> None:
    assert depths(YARD, (20.0, 77.0), (20.0 + 250 * METRE, 77.0)) == pytest.approx(
        [200.0, -50.0], abs=0.01
    )
    assert depths(BOX, (20.0 + 30 * METRE, 77.005), (20.0 - 30 * METRE, 77.005)) == pytest.approx(
        [30.0, -30.0], abs=0.01
    )
    assert depths(LANE, (20.0 + 10 * METRE, 77.05), (20.0 + 40 * METRE, 77.05)) == pytest.approx(
        [15.0, -15.0], abs=0.01
    )


def test_the_seam_of_a_cut_polygon_is_no_border() -> None:
    halves = [
        [[[w, 0.0], [w + 1.0, 0.0], [w + 1.0, 1.0], [w, 1.0], [w, 0.0]]] for w in (179.0, -180.0)
    ]
    shape = {"type": "MultiPolygon", "coordinates": halves}

    assert min(depths(shape, (0.5, 180.0), (0.5, -179.999))) > 50_000.0


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(drawing.KINDS),
    size_m=st.sampled_from(drawing.SIZES_M[:4]),
    place=st.sampled_from(drawing.PLACES[:5]),
    seed=st.integers(0, 2**32),
)
def test_depths_are_those_of_brute_force(
    kind: str, size_m: float, place: tuple[float, float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = drawing.draw(rng, kind, size_m, place)
    lat, lon = drawing.points_at(rng, shape, 16)

    found = index_of(shape).depth_m(0, lat, lon)

    oracle = Oracle(shape)
    one_by_one = [index_of(shape).depth_of_m(0, *place) for place in zip(lat, lon, strict=True)]
    for y, x, depth_m in zip(
        [*lat.tolist()] * 2, [*lon.tolist()] * 2, [*found.tolist(), *one_by_one], strict=True
    ):
        expected_m = oracle.depth_m(y, x)
        if abs(expected_m) < 5_000.0:  # beyond, the oracle's plane bends more than the engine's
            unsure_m = 0.05 + 0.01 * abs(expected_m) + 1e-3 * shape.get("width_m", 0.0)
            assert depth_m == pytest.approx(expected_m, abs=unsure_m)


def test_a_corner_cut_between_two_fixes_is_found() -> None:
    index = index_of(BOX, YARD, LANE)
    cut = (20.0 + 5 * METRE, 76.999, 20.0 - 3 * METRE, 77.001)

    assert touched(index, cut) == [(0, 0), (0, 1), (0, 2)]
    assert touched(index, (20.02, 76.99, 20.02, 77.02)) == []
    # From inside to inside, and standing still.
    assert touched(index, (20.005, 77.005, 20.005, 77.006), (20.005, 77.005, 20.005, 77.005)) == [
        (0, 0),
        (1, 0),
    ]


def test_a_way_across_the_antimeridian() -> None:
    index = index_of({"center": {"lat": 0.0, "lon": 180.0}, "radius_m": 500.0})

    assert touched(index, (0.001, 179.9, 0.001, -179.9), (0.001, 179.9, 0.001, 179.0)) == [(0, 0)]


@settings(max_examples=40, deadline=None)
@given(size_m=st.sampled_from(drawing.SIZES_M[:4]), seed=st.integers(0, 2**32))
def test_touched_ways_are_those_of_brute_force(size_m: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [drawing.draw(rng, "holed", size_m, (21.0, 78.0)) for _ in range(4)]
    centers = np.array([s["coordinates"][0][0] for s in shapes])
    near = centers[rng.integers(4, size=60)] + rng.normal(0.0, size_m * METRE, (60, 2))
    far = near + rng.normal(0.0, size_m * METRE, (60, 2))

    found = touched(index_of(*shapes), *np.column_stack([near[:, ::-1], far[:, ::-1]]))

    areas = [shapely.Polygon(s["coordinates"][0], s["coordinates"][1:]) for s in shapes]
    ways = [shapely.LineString(ends) for ends in zip(near, far, strict=True)]
    assert found == [
        (w, n) for w, way in enumerate(ways) for n, area in enumerate(areas) if area.intersects(way)
    ]
