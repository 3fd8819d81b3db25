"""How far a place is from the nearest of many shapes, at least: each shape stands in a disc."""

from __future__ import annotations

import math

import numpy as np
import shapely

from geo.point import FloatArray, haversine_m
from geo.shapes import Area, Circle, Shape

# A straight edge in degrees may bulge beyond its ends' disc by less than this.
BULGE = 1.05
BULGE_M = 10.0
REACH_M_MAX = 1_000_000.0  # fixed: beyond it discs are no good, the earth is round


class Discs:
    def __init__(self) -> None:
        self._discs: dict[int, tuple[float, float, float]] = {}
        self._columns: FloatArray | None = None

    def __len__(self) -> int:
        return len(self._discs)

    def put(self, number: int, shape: Shape) -> None:
        self._discs[number] = _disc(shape)
        self._columns = None

    def discard(self, number: int) -> None:
        if self._discs.pop(number, None) is not None:
            self._columns = None

    def clearance_m(self, lat: float, lon: float) -> float:
        """No shape is nearer than this; zero or less: one may be."""
        if not self._discs:
            return math.inf
        if self._columns is None:
            self._columns = np.array(list(self._discs.values())).T
        lats, lons, reach_m = self._columns
        return float((haversine_m(lat, lon, lats, lons) - reach_m).min())


def _disc(shape: Shape) -> tuple[float, float, float]:
    if isinstance(shape, Circle):
        return shape.center.lat, shape.center.lon, shape.radius_m
    if isinstance(shape, Area):
        lon, lat = shapely.get_coordinates(shape.geometry).T
        more_m = 0.0
    else:
        lat = np.array([point.lat for point in shape.line])
        lon = lon_run_on(np.array([point.lon for point in shape.line]))
        more_m = shape.width_m / 2.0
    middle_lat, middle_lon = (lat.min() + lat.max()) / 2.0, (lon.min() + lon.max()) / 2.0
    away_m = float(haversine_m(middle_lat, middle_lon, lat, lon).max())
    reach_m = away_m * BULGE + BULGE_M + more_m
    wide = lon.max() - lon.min() > 180.0
    return (
        float(middle_lat),
        float(middle_lon),
        math.inf if wide or away_m > REACH_M_MAX else reach_m,
    )


def lon_run_on(lon: FloatArray) -> FloatArray:
    """Longitudes along a line, running on past 180 instead of jumping."""
    steps = np.diff(lon)
    steps -= 360.0 * np.rint(steps / 360.0)
    return np.concatenate([lon[:1], lon[0] + np.cumsum(steps)])
