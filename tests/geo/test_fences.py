"""The fence index gives the answers of brute force, whatever the shape, size, place and batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import geo_drawing as drawing
from bench.geo_oracle import Oracle
from geo import finding
from geo.fences import FenceIndex, compile_shape, warm_up
from geo.shapes import parse_shape

POINTS = 24
FENCES_MAX = 5


def index_of(shapes: list[dict[str, Any]]) -> FenceIndex:
    return FenceIndex({i: compile_shape(parse_shape(shape)) for i, shape in enumerate(shapes)})


def pairs_of(index: FenceIndex, lat: Any, lon: Any) -> set[tuple[int, int]]:
    points, numbers = index.holding(np.asarray(lat, float), np.asarray(lon, float))
    found = list(zip(points.tolist(), numbers.tolist(), strict=True))
    assert found == sorted(set(found))
    return set(found)


def assert_as_brute_force(shapes: list[dict[str, Any]], lat: Any, lon: Any) -> None:
    found = pairs_of(index_of(shapes), lat, lon)
    for number, shape in enumerate(shapes):
        oracle = Oracle(shape)
        for point, (y, x) in enumerate(zip(lat.tolist(), lon.tolist(), strict=True)):
            expected = oracle.holds(y, x)
            if expected is not None:
                assert ((point, number) in found) is expected, (shape, y, x)


drawn = st.tuples(
    st.sampled_from(drawing.KINDS),
    st.sampled_from(drawing.SIZES_M),
    st.sampled_from(drawing.PLACES),
)


@settings(max_examples=60, deadline=None)
@given(fences=st.lists(drawn, min_size=1, max_size=FENCES_MAX), seed=st.integers(0, 2**32))
def test_answers_are_those_of_brute_force(
    fences: list[tuple[str, float, tuple[float, float]]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shapes = [drawing.draw(rng, *fence) for fence in fences]
    at = [drawing.points_at(rng, shape, POINTS) for shape in shapes]

    assert_as_brute_force(
        shapes, np.concatenate([a for a, _ in at]), np.concatenate([b for _, b in at])
    )


def polygon(*ring: tuple[float, float]) -> dict[str, Any]:
    """Corners as (lon, lat)."""
    return {"type": "Polygon", "coordinates": [[list(p) for p in (*ring, ring[0])]]}


def circle(lat: float, lon: float, radius_m: float) -> dict[str, Any]:
    return {"center": {"lat": lat, "lon": lon}, "radius_m": radius_m}


def corridor(width_m: float, *line: tuple[float, float]) -> dict[str, Any]:
    """Places as (lat, lon)."""
    return {"line": [{"lat": lat, "lon": lon} for lat, lon in line], "width_m": width_m}


def held(shape: dict[str, Any], *places: tuple[float, float]) -> list[bool]:
    """For each (lat, lon): asked all together, and one by one."""
    index = index_of([shape])
    together = {point for point, _ in pairs_of(index, *zip(*places, strict=True))}
    alone = [bool(pairs_of(index, [lat], [lon])) for lat, lon in places]
    assert alone == [point in together for point in range(len(places))]
    return alone


BOX = polygon((77.1, 20.3), (77.2, 20.3), (77.2, 20.45), (77.1, 20.45))


def test_corners_and_edges_are_inside() -> None:
    corners = [(20.3, 77.1), (20.3, 77.2), (20.45, 77.2), (20.45, 77.1)]
    edges = [(20.3, 77.15), (20.4, 77.2), (20.45, 77.1123), (20.3333, 77.1)]

    assert held(BOX, *corners, *edges) == [True] * 8


def test_a_millimetre_outside_is_outside() -> None:
    mm = 1e-3 / 111_195.0

    assert held(BOX, (20.3 - mm, 77.15), (20.4, 77.2 + 2 * mm), (20.3 + mm, 77.15)) == [
        False,
        False,
        True,
    ]


def test_a_hole_is_outside_and_its_border_inside() -> None:
    holed = polygon((77.0, 20.0), (77.2, 20.0), (77.2, 20.2), (77.0, 20.2))
    hole = polygon((77.08, 20.08), (77.12, 20.08), (77.12, 20.12), (77.08, 20.12))
    holed["coordinates"] += hole["coordinates"]

    assert held(holed, (20.1, 77.1), (20.08, 77.1), (20.04, 77.1)) == [False, True, True]


@pytest.mark.parametrize(
    "shape",
    [
        polygon((179.5, -17.0), (-179.5, -17.0), (-179.5, -16.0), (179.5, -16.0)),
        {
            "type": "MultiPolygon",
            "coordinates": [
                polygon((179.5, -17.0), (180.0, -17.0), (180.0, -16.0), (179.5, -16.0))[
                    "coordinates"
                ],
                polygon((-180.0, -17.0), (-179.5, -17.0), (-179.5, -16.0), (-180.0, -16.0))[
                    "coordinates"
                ],
            ],
        },
        corridor(40_000.0, (-16.5, 179.5), (-16.5, -179.5)),
    ],
    ids=["drawn across", "cut as GeoJSON wants it", "corridor"],
)
def test_across_the_antimeridian(shape: dict[str, Any]) -> None:
    inside = [(-16.5, 179.9), (-16.5, -179.9), (-16.5, 180.0), (-16.5, -180.0)]
    outside = [(-16.5, 179.0), (-16.5, -179.0), (-16.5, 0.0)]

    assert held(shape, *inside, *outside) == [True] * 4 + [False] * 3


def test_a_circle_round_a_pole_holds_it_from_all_sides() -> None:
    cap = circle(89.0, 10.0, 200_000.0)  # 1.8 degrees: 0.8 beyond the pole

    inside = [(90.0, 0.0), (90.0, -180.0), (89.3, -170.0), (89.3, 100.0), (87.3, 10.0)]
    outside = [(89.0, -170.0), (87.1, 10.0), (88.0, 100.0)]
    assert held(cap, *inside, *outside) == [True] * 5 + [False] * 3


def test_a_ring_round_a_pole_is_the_cap() -> None:
    ring = polygon((-180.0, -85.0), (-90.0, -84.0), (0.0, -85.0), (90.0, -84.0))
    # The edge from 90 back to -180 is drawn the shorter way, over 180.
    inside = [(-90.0, 0.0), (-86.0, 180.0), (-86.0, -180.0), (-86.0, 135.0), (-84.5, 90.0)]

    assert held(ring, *inside, (-83.9, 90.0), (0.0, 0.0), (84.5, 90.0)) == [True] * 5 + [False] * 3


def test_a_band_round_the_whole_earth_stays_as_drawn() -> None:
    band = polygon((-180.0, -1.0), (180.0, -1.0), (180.0, 1.0), (-180.0, 1.0))

    assert held(band, (0.5, 180.0), (0.5, -180.0), (-0.5, 3.0), (1.5, 3.0)) == [
        True,
        True,
        True,
        False,
    ]


def test_a_corridor_has_round_ends_and_joints_and_tells_each_point_once() -> None:
    bend = corridor(2_000.0, (20.0, 77.0), (20.1, 77.0), (20.1, 77.1), (20.1, 77.1), (20.0, 77.0))
    km = 1_000.0 / 111_195.0

    assert held(bend, (20.1, 77.0), (20.1 + 0.7 * km, 77.0 - 0.7 * km / 0.94)) == [True, True]
    assert held(bend, (20.1 + 0.8 * km, 77.0 - 0.8 * km / 0.94)) == [False]


def test_tiny_fences_side_by_side_are_told_apart() -> None:
    docks = [circle(20.0, 77.0 + 3e-4 * i, 10.0) for i in range(300)]
    lon = 77.0 + 3e-4 * np.arange(300)

    found = pairs_of(index_of(docks), np.full(300, 20.0), lon)

    assert found == {(i, i) for i in range(300)}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), batch=st.sampled_from([1, 2, 5, 64]))
def test_changed_in_place_is_as_if_new_whatever_the_batch(seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    index, now = FenceIndex(), dict[int, dict[str, Any]]()
    for _ in range(60):
        number = int(rng.integers(20))
        if rng.random() < 0.3:
            index.discard(number)
            now.pop(number, None)
        else:
            kind = drawing.KINDS[int(rng.integers(len(drawing.KINDS)))]
            size_m = float(rng.choice([300.0, 3_000.0, 30_000.0]))
            now[number] = drawing.draw(rng, kind, size_m, (21.0, 78.0))
            index.put(number, compile_shape(parse_shape(now[number])))
    lat, lon = rng.normal(21.0, 0.3, 200), rng.normal(78.0, 0.6, 200)
    fresh = FenceIndex({n: compile_shape(parse_shape(s)) for n, s in now.items()})

    found = set()
    for start in range(0, len(lat), batch):
        part = pairs_of(index, lat[start : start + batch], lon[start : start + batch])
        found |= {(start + point, number) for point, number in part}

    assert found == pairs_of(fresh, lat, lon)
    assert len(index) == len(now)


def test_an_emptied_index_keeps_nothing() -> None:
    index = index_of([BOX, circle(20.4, 77.15, 5_000.0)])
    for number in (0, 1):
        index.discard(number)
    index.discard(7)

    assert pairs_of(index, [20.4], [77.15]) == set()
    assert (len(index), index.nbytes) == (0, 0)


def test_memory_is_told_for_each_fence_and_has_a_bound() -> None:
    tiny, huge = circle(20.0, 77.0, 10.0), circle(20.0, 77.0, 500_000.0)
    index = index_of([tiny, huge, BOX])

    assert index.nbytes == sum(index.bytes_of(n) for n in range(3))
    assert max(index.bytes_of(n) for n in range(3)) < 8_192


def test_a_fence_may_span_most_of_a_continent() -> None:
    shape = polygon((-10.0, 36.0), (40.0, 36.0), (30.0, 60.0), (-10.0, 58.0))

    assert held(shape, (50.0, 10.0), (30.0, 10.0), (59.0, 35.0)) == [True, False, False]


def test_what_is_no_place_is_in_no_fence() -> None:
    index = index_of([circle(0.0, 0.0, 500_000.0)])
    nowhere = [(math.nan, math.nan), (math.nan, 0.0), (math.inf, 0.0), (0.0, 1e300)]

    assert pairs_of(index, *zip(*nowhere, strict=True)) == set()


def test_columns_of_records_are_asked_as_they_are() -> None:
    fixes = np.zeros(3, dtype=[("lat", "f8"), ("lon", "f8"), ("speed_kmh", "f8")])
    fixes["lat"], fixes["lon"] = (20.4, 21.4, 20.4), (77.15, 77.15, 77.15)

    assert pairs_of(index_of([BOX]), fixes["lat"], fixes["lon"]) == {(0, 0), (2, 0)}


def test_all_loops_can_be_made_ready_ahead() -> None:
    loops: list[Any] = [finding.holding, finding.touched]
    warm_up()

    assert all(len(loop.signatures) == 1 for loop in loops)
