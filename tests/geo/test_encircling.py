"""Every kind of shape lies in the circle around it."""

from __future__ import annotations

from typing import Any

import pytest

from geo.encircling import encircled
from geo.shapes import parse_shape

SQUARE = [[77.0, 28.0], [77.2, 28.0], [77.2, 28.2], [77.0, 28.2], [77.0, 28.0]]
ACROSS = [[179.9, 0.0], [-179.9, 0.0], [-179.9, 0.2], [179.9, 0.2], [179.9, 0.0]]
SHAPES: list[tuple[dict[str, Any], tuple[float, float, float]]] = [
    ({"center": {"lat": 28.6, "lon": 77.2}, "radius_m": 500}, (28.6, 77.2, 500.0)),
    # Half of the diagonal: 11.1 km north and 9.8 km east.
    ({"type": "Polygon", "coordinates": [SQUARE]}, (28.1, 77.1, 14_830.0)),
    ({"type": "MultiPolygon", "coordinates": [[SQUARE]]}, (28.1, 77.1, 14_830.0)),
    ({"type": "Polygon", "coordinates": [ACROSS]}, (0.1, -180.0, 15_725.0)),
    (
        {"line": [{"lat": 28.0, "lon": 77.0}, {"lat": 28.2, "lon": 77.0}], "width_m": 1000},
        (28.1, 77.0, 11_619.0),
    ),
    (
        {"line": [{"lat": 0.0, "lon": 179.9}, {"lat": 0.0, "lon": -179.9}], "width_m": 200},
        (0.0, -180.0, 11_219.0),
    ),
]


@pytest.mark.parametrize(("shape", "expected"), SHAPES)
def test_the_circle_holds_the_shape(
    shape: dict[str, Any], expected: tuple[float, float, float]
) -> None:
    circle = encircled(parse_shape(shape))

    assert (circle.center.lat, circle.center.lon) == pytest.approx(expected[:2])
    assert circle.radius_m == pytest.approx(expected[2], rel=1e-3)
