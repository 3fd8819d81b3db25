"""One point on the earth, and the one place where (lat, lon) turns into the planar (x, y)."""

from __future__ import annotations

import dataclasses

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
