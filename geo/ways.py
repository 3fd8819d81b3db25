"""Short straight ways to the millimetre: for one fix, and for compiled loops over many."""

from __future__ import annotations

import math

import numpy as np

from geo.compiled import compiled
from geo.point import EARTH_RADIUS_M, haversine_m

WAY_DEG_MAX = 0.3  # fixed: up to here the flat formula errs by less than a millionth
HALF_TURN_DEG = 180.0
_HALF_DEG = math.pi / 360.0  # the mean of two latitudes, in radians
_SHORT_MM = EARTH_RADIUS_M * 1000.0 * math.pi / 180.0
# The cosine's series up to x^16: on the way to a pole it errs by less than 1e-12.
_COSINE = tuple((-1) ** k / math.factorial(2 * k) for k in range(8, -1, -1))


def way_mm(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> int:
    """The straight way in whole millimetres."""
    short_mm = short_way_mm(lat_a, lon_a, lat_b, lon_b)
    if short_mm >= 0:
        return short_mm
    return round(1000.0 * float(haversine_m(lat_a, lon_a, lat_b, lon_b)))


@compiled
def short_way_mm(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> int:
    """The same for a short way, else -1."""
    dlat, dlon = lat_b - lat_a, lon_b - lon_a
    if dlon > HALF_TURN_DEG:
        dlon -= 360.0
    elif dlon < -HALF_TURN_DEG:
        dlon += 360.0
    if not (abs(dlat) <= WAY_DEG_MAX and abs(dlon) <= WAY_DEG_MAX):
        return -1
    half = (lat_a + lat_b) * _HALF_DEG
    square = half * half
    cosine = 0.0
    for factor in _COSINE:
        cosine = cosine * square + factor
    x, y = dlon * cosine, dlat
    return int(np.rint(math.sqrt(x * x + y * y) * _SHORT_MM))
