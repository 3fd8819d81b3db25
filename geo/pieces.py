"""Distances to straight pieces of lines: of a corridor's course, or of an area's border.

Straight means straight in degrees, as GeoJSON draws its edges. Each distance is measured in the
plane of the asking point, where a metre east and a metre north are right, and then along the
great circle to the nearest place found: correct on short and on very long pieces.
"""

from __future__ import annotations

import numpy as np

from geo.point import FloatArray, haversine_m


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
