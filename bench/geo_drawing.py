"""Random fences of every shape and size, and points that are hard for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

METRES_PER_DEGREE = math.radians(6_371_008.8)
KINDS = ("polygon", "holed", "several", "circle", "corridor")
# And round a pole, and cut at the antimeridian.
EVERY_KIND = (*KINDS, "cap", "cut")
SIZES_M = (10.0, 150.0, 3_000.0, 40_000.0, 500_000.0)
PLACES = (
    (21.0, 78.0),
    (0.0, 0.0),
    (-17.0, 179.99),
    (52.0, -179.98),
    (66.0, 25.0),
    (88.9, -130.0),
    (-89.0, 60.0),
)


def draw(rng: np.random.Generator, kind: str, size_m: float, place: tuple[float, float]) -> Any:
    lat = float(np.clip(place[0] + rng.normal(0.0, 0.2), -89.0, 89.0))
    lon = around(place[1] + rng.normal(0.0, 0.5))
    if kind == "circle":
        return {"center": {"lat": lat, "lon": lon}, "radius_m": size_m * rng.uniform(0.5, 1.0)}
    if kind == "corridor":
        return _corridor(rng, size_m, lat, lon)
    if kind in ("cap", "cut"):
        return (_cap if kind == "cap" else _cut)(rng, size_m, lat)
    shell = _ring(rng, (lat, lon), size_m, (0.6, 1.0), 16)
    if kind == "polygon":
        return {"type": "Polygon", "coordinates": [shell]}
    if kind == "holed":
        hole = _ring(rng, (lat, lon), size_m, (0.2, 0.5), 9)
        return {"type": "Polygon", "coordinates": [shell, hole]}
    reach = reach_deg(size_m, lat)
    other = _ring(rng, (lat, around(lon + 3.0 * reach[1])), size_m, (0.3, 0.9), 5)
    hole = _ring(rng, (lat, lon), size_m, (0.1, 0.5), 7)
    return {"type": "MultiPolygon", "coordinates": [[shell, hole], [other]]}


def around(lon: float) -> float:
    return round(math.remainder(lon, 360.0), 7)


def reach_deg(size_m: float, lat: float) -> tuple[float, float]:
    """So far a shape reaches in latitude and longitude, short of the poles and of half a turn."""
    north = min(size_m / METRES_PER_DEGREE, 89.9 - abs(lat))
    return north, min(north / math.cos(math.radians(abs(lat))), 50.0)


def points_at(rng: np.random.Generator, shape: dict[str, Any], count: int) -> tuple[Floats, Floats]:
    """Corners, places on edges and next to them, and places in and around the shape."""
    corners = _corners(shape)
    before, after = corners, np.roll(corners, -1, axis=0)
    steps = after - before
    steps[:, 1] = [math.remainder(x, 360.0) for x in steps[:, 1]]
    share = rng.uniform(0.0, 1.0, (len(corners), 1))
    on_edges = before + share * steps
    border = np.concatenate([corners, on_edges])
    beside = border + rng.normal(0.0, 1.0, border.shape) * 10.0 ** rng.uniform(-9, -2)
    middle, size = corners.mean(axis=0), np.abs(steps).max(axis=0) + 1e-4
    near = middle + rng.uniform(-4.0, 4.0, (count, 2)) * size
    near[: count // 2] = before[rng.integers(len(corners), size=count // 2)]
    near[: count // 2] += rng.uniform(-1.0, 1.0, (count // 2, 2)) * size
    lattice = np.round(near[: count // 4] * 8.0) / 8.0
    poles = np.array([[90.0, 12.0], [-90.0, -180.0], [0.0, 180.0], [0.0, -180.0]])
    every = np.concatenate([corners, on_edges, beside, near, lattice, poles])
    lat = np.clip(every[:, 0], -90.0, 90.0)
    lon = every[:, 1] - 360.0 * np.rint(every[:, 1] / 360.0)
    return lat, lon


def _ring(
    rng: np.random.Generator,
    place: tuple[float, float],
    size_m: float,
    shares: tuple[float, float],
    corners: int,
) -> list[list[float]]:
    lat, lon = place
    north, east = reach_deg(size_m, lat)
    angles = (np.arange(corners) + rng.uniform(0.0, 0.8, corners)) / corners * 2.0 * math.pi
    reach = rng.uniform(*shares, corners)
    ring = [
        [around(lon + east * r * math.cos(a)), round(lat + north * r * math.sin(a), 7)]
        for a, r in zip(angles.tolist(), reach.tolist(), strict=True)
    ]
    return [*ring, ring[0]]


def _cap(rng: np.random.Generator, size_m: float, lat: float) -> dict[str, Any]:
    """Round the nearer pole, drawn over the antimeridian."""
    reach = max(0.01, min(size_m / METRES_PER_DEGREE, 30.0))
    lats = math.copysign(90.0, lat) - math.copysign(1.0, lat) * reach * rng.uniform(0.3, 1.0, 9)
    # So many corners that no two neighbours are half a turn apart.
    lons = np.linspace(-170.0, 170.0, 9) + rng.uniform(-5.0, 5.0, 9)
    ring = [[round(x, 7), round(y, 7)] for x, y in zip(lons.tolist(), lats.tolist(), strict=True)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _cut(rng: np.random.Generator, size_m: float, lat: float) -> dict[str, Any]:
    """A box over the antimeridian, cut there as GeoJSON wants it."""
    north, east = reach_deg(size_m, lat)
    south, top = round(lat - north * rng.uniform(0.2, 1.0), 7), round(lat + north, 7)
    west, right = (round(180.0 - east * rng.uniform(0.1, 1.0), 7) for _ in range(2))
    halves = ((west, 180.0), (-180.0, -right))
    boxes = [[[[w, south], [e, south], [e, top], [w, top], [w, south]]] for w, e in halves]
    return {"type": "MultiPolygon", "coordinates": boxes}


def _corridor(rng: np.random.Generator, size_m: float, lat: float, lon: float) -> dict[str, Any]:
    lat = float(np.clip(lat, -75.0, 75.0))
    north, east = reach_deg(size_m, lat)
    places = rng.uniform(-1.0, 1.0, (int(rng.integers(2, 7)), 2)) * (north, east)
    line = [{"lat": lat + float(y), "lon": around(lon + float(x))} for y, x in places]
    return {"line": line, "width_m": min(size_m * rng.uniform(0.05, 1.0), 50_000.0)}


def _corners(shape: dict[str, Any]) -> Floats:
    if "line" in shape:
        return np.array([(p["lat"], p["lon"]) for p in shape["line"]])
    if "center" in shape:
        lat, lon = shape["center"]["lat"], shape["center"]["lon"]
        north = shape["radius_m"] / METRES_PER_DEGREE
        east = min(north / max(math.cos(math.radians(lat)), 1e-6), 90.0)
        around_it = [(lat + north * y, lon + east * x) for x, y in ((0, 1), (1, 0), (0, -1))]
        return np.array([(lat, lon), *around_it])
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return np.array([(lat, lon) for rings in polygons for ring in rings for lon, lat in ring])
