"""How near a shape may be: never farther than it is, and not much nearer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import geo_drawing as drawing
from geo.discs import Discs
from geo.fences import FenceIndex, compile_shape
from geo.shapes import parse_shape


def discs_of(*shapes: dict[str, Any]) -> Discs:
    discs = Discs()
    for number, shape in enumerate(shapes):
        discs.put(number, parse_shape(shape))
    return discs


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(drawing.KINDS),
    size_m=st.sampled_from(drawing.SIZES_M),
    place=st.sampled_from(drawing.PLACES[:5]),
    seed=st.integers(0, 2**32),
)
def test_who_is_in_a_shape_has_no_clearance_from_it(
    kind: str, size_m: float, place: tuple[float, float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = drawing.draw(rng, kind, size_m, place)
    lat, lon = drawing.points_at(rng, shape, 40)
    held, _ = FenceIndex({0: compile_shape(parse_shape(shape))}).holding(lat, lon)
    discs = discs_of(shape)

    assert all(discs.clearance_m(float(lat[i]), float(lon[i])) <= 0.0 for i in held.tolist())


def test_clearance_by_hand() -> None:
    discs = Discs()
    assert discs.clearance_m(0.0, 0.0) == math.inf

    discs.put(1, parse_shape({"center": {"lat": 0.0, "lon": 180.0}, "radius_m": 1000.0}))
    assert discs.clearance_m(0.0, -179.0) == pytest.approx(111_195.08 - 1000.0, abs=0.1)

    line = [{"lat": 0.0, "lon": 179.95}, {"lat": 0.0, "lon": -179.95}]
    discs.put(2, parse_shape({"line": line, "width_m": 200.0}))
    assert 90_000.0 < discs.clearance_m(0.0, -179.0) < 111_195.08 - 5_559.0

    discs.discard(2)
    discs.discard(1)
    discs.discard(7)
    assert (len(discs), discs.clearance_m(0.0, -179.0)) == (0, math.inf)


def test_a_shape_round_the_earth_may_be_anywhere() -> None:
    ring = [[-180.0, -1.0], [180.0, -1.0], [180.0, 1.0], [-180.0, 1.0], [-180.0, -1.0]]

    assert discs_of({"type": "Polygon", "coordinates": [ring]}).clearance_m(50.0, 0.0) <= 0.0


@pytest.mark.parametrize(
    ("shape", "inner_m"),
    [
        ({"center": {"lat": 20.0, "lon": 77.0}, "radius_m": 30.0}, 30.0),
        (
            {"line": [{"lat": 20.0, "lon": 77.0}, {"lat": 21.0, "lon": 77.0}], "width_m": 60.0},
            30.0,
        ),
        # Ten kilometres by one, on the equator.
        (
            {
                "type": "Polygon",
                "coordinates": [[[0, 0], [0.08993, 0], [0.08993, 0.008993], [0, 0.008993], [0, 0]]],
            },
            500.0,
        ),
    ],
)
def test_how_deep_a_shape_is(shape: dict[str, Any], inner_m: float) -> None:
    assert compile_shape(parse_shape(shape)).inner_m == pytest.approx(inner_m, rel=0.01)
