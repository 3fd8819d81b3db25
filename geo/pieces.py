"""Distances to straight pieces of lines: of a corridor's course, or of an area's border.

Straight means straight in degrees, as GeoJSON draws its edges. Each distance is measured in the
plane of the asking point, where a metre east and a metre north are right, and then along the
great circle to the nearest place found: correct on short and on very long pieces.
"""

from __future__ import annotations

import math

import numpy as np

from geo.compiled import compiled
from geo.point import EARTH_RADIUS_M, FloatArray, haversine_m

HALF_TURN_DEG = 180.0
Piece = tuple[float, float, float, float]  # its start (lat, lon), and from there (dlat, dlon)


def turned(dlon: FloatArray) -> FloatArray:
    """A difference of longitudes as the shorter way round."""
    return np.asarray(dlon - 360.0 * np.rint(dlon / 360.0))


def distance_to_pieces_m(lat: FloatArray, lon: FloatArray, pieces: FloatArray) -> FloatArray:
    """From each point to the piece (lat, lon, dlat, dlon) that starts there; all broadcast."""
    lat_a, lon_a, dlat, dlon = pieces
    squeeze = np.cos(np.radians(lat))
    north, east = lat - lat_a, turned(lon - lon_a) * squeeze
    dx = dlon * squeeze
    length2 = dx * dx + dlat * dlat
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (east * dx + north * dlat) / length2
    share = np.where(length2 > 0.0, np.clip(share, 0.0, 1.0), 0.0)
    return haversine_m(lat, lon, lat_a + share * dlat, lon_a + share * dlon)


@compiled
def shorter_way(dlon: float) -> float:
    """`turned`, for compiled loops."""
    if abs(dlon) > HALF_TURN_DEG:
        return float(dlon - 360.0 * np.rint(dlon / 360.0))
    return dlon


@compiled
def apart_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """`haversine_m`, for compiled loops."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    north = math.sin((phi_b - phi_a) / 2.0)
    east = math.sin((math.radians(lon_b) - math.radians(lon_a)) / 2.0)
    chord = north * north + math.cos(phi_a) * math.cos(phi_b) * (east * east)
    return 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(min(max(chord, 0.0), 1.0)))


@compiled
def away_m(lat: float, lon: float, piece: Piece) -> float:
    """`distance_to_pieces_m`, for compiled loops."""
    lat_a, lon_a, dlat, dlon = piece
    squeeze = math.cos(math.radians(lat))
    dx = dlon * squeeze
    length2 = dx * dx + dlat * dlat
    share = 0.0
    if length2 > 0.0:
        east = shorter_way(lon - lon_a) * squeeze
        share = min(max((east * dx + (lat - lat_a) * dlat) / length2, 0.0), 1.0)
    return apart_m(lat, lon, lat_a + share * dlat, lon_a + share * dlon)
