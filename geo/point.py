"""One point on the earth, and the one place where (lat, lon) turns into the planar (x, y)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS_M = 6_371_008.8  # mean radius: haversine then errs by at most 0.56 %


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    lat: float
    lon: float


def haversine_m(
    lat_a: FloatArray | float,
    lon_a: FloatArray | float,
    lat_b: FloatArray | float,
    lon_b: FloatArray | float,
) -> FloatArray:
    """Great-circle distance in metres, element by element; degrees in."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_dphi = (phi_b - phi_a) / 2.0
    half_dlam = (np.radians(lon_b) - np.radians(lon_a)) / 2.0
    chord = np.sin(half_dphi) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_dlam) ** 2
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


@dataclasses.dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres east and north of an origin; true to 0.1 % within some 100 km of it."""

    origin: Point

    def to_xy(self, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
        scale = np.pi / 180.0 * EARTH_RADIUS_M
        # Shortest way round, so that a plane across the antimeridian stays whole.
        dlon = (np.asarray(lon) - self.origin.lon + 180.0) % 360.0 - 180.0
        x = dlon * scale * np.cos(np.radians(self.origin.lat))
        y = (np.asarray(lat) - self.origin.lat) * scale
        return x, y

    def to_lat_lon(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        scale = np.pi / 180.0 * EARTH_RADIUS_M
        lat = self.origin.lat + np.asarray(y) / scale
        lon = self.origin.lon + np.asarray(x) / (scale * np.cos(np.radians(self.origin.lat)))
        return lat, lon


# ------------------------------------------------------------------- short ways, to the millimetre

WAY_DEG_MAX = 0.3  # fixed: up to here the flat formula errs by less than a millionth
_HALF_TURN_DEG = 180.0
_HALF_DEG = math.pi / 360.0  # the mean of two latitudes, in radians
_SHORT_MM = EARTH_RADIUS_M * 1000.0 * math.pi / 180.0
# The cosine's series up to x^16: on the way to a pole it errs by less than 1e-12.
_COSINE = tuple((-1) ** k / math.factorial(2 * k) for k in range(8, -1, -1))


def way_mm(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> int:
    """The straight way in whole millimetres; bit for bit what `ways_mm` gives for short ways.

    Only additions, products and roots stand in it, which numpy and Python round alike; so sums of
    ways are the same whether they were made one by one or by the array.
    """
    dlat, dlon = lat_b - lat_a, lon_b - lon_a
    dlon -= 360.0 * ((dlon > _HALF_TURN_DEG) - (dlon < -_HALF_TURN_DEG))
    if abs(dlat) > WAY_DEG_MAX or abs(dlon) > WAY_DEG_MAX:
        return round(1000.0 * float(haversine_m(lat_a, lon_a, lat_b, lon_b)))
    square = ((lat_a + lat_b) * _HALF_DEG) ** 2
    cosine = 0.0
    for factor in _COSINE:
        cosine = cosine * square + factor
    x, y = dlon * cosine, dlat
    return round(math.sqrt(x * x + y * y) * _SHORT_MM)


def ways_mm(
    lat_a: FloatArray, lon_a: FloatArray, lat_b: FloatArray, lon_b: FloatArray
) -> npt.NDArray[np.int64]:
    """The same for many; a way that is not short is -1."""
    dlat, dlon = lat_b - lat_a, lon_b - lon_a
    dlon -= 360.0 * ((dlon > _HALF_TURN_DEG).astype(np.float64) - (dlon < -_HALF_TURN_DEG))
    square = (lat_a + lat_b) * _HALF_DEG
    square *= square
    cosine = np.zeros_like(square)
    for factor in _COSINE:
        cosine *= square
        cosine += factor
    cosine *= dlon
    way = np.rint(np.sqrt(cosine * cosine + dlat * dlat) * _SHORT_MM).astype(np.int64)
    way[(np.abs(dlat) > WAY_DEG_MAX) | (np.abs(dlon) > WAY_DEG_MAX)] = -1
    return way
