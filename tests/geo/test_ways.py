"""Ways to the millimetre: those of the great circle, also over the antimeridian."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.point import haversine_m
from geo.ways import WAY_DEG_MAX, short_way_mm, way_mm

latitudes = st.floats(-80, 80)
longitudes = st.floats(-180, 180)
steps = st.floats(-WAY_DEG_MAX, WAY_DEG_MAX)


@settings(deadline=None)
@given(latitudes, longitudes, steps, steps)
def test_ways_are_those_of_the_great_circle(lat: float, lon: float, up: float, on: float) -> None:
    found_mm = way_mm(lat, lon, lat + up, lon + on)

    circle_mm = 1000.0 * float(haversine_m(lat, lon, lat + up, lon + on))
    assert found_mm == pytest.approx(circle_mm, rel=1e-5, abs=1)
    assert found_mm == way_mm(lat + up, lon + on, lat, lon)


def test_the_shorter_way_round_is_taken() -> None:
    assert way_mm(0.0, 179.95, 0.0, -179.95) == way_mm(0.0, -0.05, 0.0, 0.05) == 11_119_508


def test_only_near_places_have_a_short_way() -> None:
    assert short_way_mm(0.0, 0.0, 0.0, 0.4) == -1
    assert way_mm(0.0, 0.0, 0.0, 0.4) == round(1000.0 * float(haversine_m(0.0, 0.0, 0.0, 0.4)))
