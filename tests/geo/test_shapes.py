"""Shapes that cannot be used are refused, and the answer says where and why."""

from __future__ import annotations

from typing import Any

import pytest

from geo.shapes import Area, ShapeError, parse_shape

SQUARE = [[77.0, 20.0], [77.1, 20.0], [77.1, 20.1], [77.0, 20.1], [77.0, 20.0]]
BOWTIE = [[77.0, 20.0], [77.1, 20.1], [77.1, 20.0], [77.0, 20.1], [77.0, 20.0]]
BOWTIE_ACROSS = [[179.9, 0.0], [-179.9, 0.1], [-179.9, 0.0], [179.9, 0.1], [179.9, 0.0]]
FLAT = [[77.0, 20.0], [77.1, 20.0], [77.2, 20.0], [77.0, 20.0]]
PLACE = {"lat": 20.0, "lon": 77.0}


@pytest.mark.parametrize(
    ("shape", "pointer", "why"),
    [
        (None, "", "must be an object"),
        ({}, "", "must be a GeoJSON Polygon"),
        ({"type": "Polygon"}, "/coordinates", "must be a list of rings"),
        ({"type": "Polygon", "coordinates": []}, "/coordinates", "must be a list of rings"),
        ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "/coordinates/0", "at least 4"),
        ({"type": "Polygon", "coordinates": [SQUARE[:4]]}, "/coordinates/0", "end where it starts"),
        ({"type": "Polygon", "coordinates": [BOWTIE]}, "/coordinates", "Self-intersection"),
        ({"type": "Polygon", "coordinates": [BOWTIE_ACROSS]}, "/coordinates", "Self-intersection"),
        ({"type": "Polygon", "coordinates": [FLAT]}, "/coordinates", "not a valid area|no area"),
        ({"type": "Polygon", "coordinates": [[[77.0, 91.0]] * 4]}, "/coordinates/0/0/1", "-90..90"),
        ({"type": "Polygon", "coordinates": [[["x", 1]] * 4]}, "/coordinates/0/0/0", "finite"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, "/coordinates", "valid"),
        ({"center": PLACE}, "/radius_m", "finite number"),
        ({"center": PLACE, "radius_m": 0}, "/radius_m", "above 0"),
        ({"center": PLACE, "radius_m": 500_001}, "/radius_m", "at most 500000"),
        ({"center": {"lat": float("nan"), "lon": 0}, "radius_m": 5}, "/center/lat", "finite"),
        ({"line": [PLACE], "width_m": 5}, "/line", "2 to"),
        ({"line": [PLACE, PLACE], "width_m": 5}, "/line", "the same"),
        ({"line": [PLACE, {"lat": 1, "lon": 181}], "width_m": 5}, "/line/1/lon", "-180..180"),
    ],
)
def test_unusable_shapes_are_refused_with_place_and_reason(
    shape: Any, pointer: str, why: str
) -> None:
    with pytest.raises(ShapeError, match=why) as refused:
        parse_shape(shape)

    assert refused.value.pointer == pointer


def test_halves_cut_at_the_antimeridian_become_one() -> None:
    halves = [
        [[[179.0, 0.0], [180.0, 0.0], [180.0, 1.0], [179.0, 1.0], [179.0, 0.0]]],
        [[[-180.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [-180.0, 1.0], [-180.0, 0.0]]],
    ]

    shape = parse_shape({"type": "MultiPolygon", "coordinates": halves})

    assert isinstance(shape, Area)
    assert (shape.geometry.geom_type, shape.geometry.bounds) == (
        "Polygon",
        (179.0, 0.0, 181.0, 1.0),
    )
