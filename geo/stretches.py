"""Where on a straight way a fence begins and ends."""

from __future__ import annotations

import numpy as np

from geo.fences import FenceIndex
from geo.pieces import turned
from geo.point import FloatArray

SHARES = 65
# Each round looks 32 times closer: three find a metre on a way of 60 km, and the millimetre on one
# of 60 m.
ROUNDS = 4

Place = tuple[float, float]


def place_on(start: Place, end: Place, share: float) -> Place:
    """Straight in degrees, the shorter way round."""
    dlon = float(turned(np.array(end[1] - start[1])))
    lon = start[1] + share * dlon
    return start[0] + share * (end[0] - start[0]), lon - 360.0 * round(lon / 360.0)


def stretch(index: FenceIndex, number: int, start: Place, end: Place) -> tuple[float, float]:
    """The first and the last share of the way that lie in a fence which the way touches."""
    low, high = 0.0, 1.0
    for _ in range(ROUNDS):
        shares = np.linspace(low, high, SHARES)
        depth_m = _depth_m(index, number, start, end, shares)
        deepest = int(depth_m.argmax())
        if depth_m[deepest] >= 0.0:
            held = np.flatnonzero(depth_m >= 0.0)
            first, last = shares[held[0]], shares[held[-1]]
            step = shares[1] - shares[0]
            return (
                _border(index, number, start, end, (max(first - step, 0.0), first)),
                _border(index, number, start, end, (min(last + step, 1.0), last)),
            )
        low, high = shares[max(deepest - 1, 0)], shares[min(deepest + 1, SHARES - 1)]
    touching = float(shares[deepest])
    return touching, touching


def _border(
    index: FenceIndex, number: int, start: Place, end: Place, between: tuple[float, float]
) -> float:
    """The border between a share outside and one inside."""
    outside, inside = between
    for _ in range(ROUNDS):
        shares = np.linspace(outside, inside, SHARES)
        first = int((_depth_m(index, number, start, end, shares) >= 0.0).argmax())
        outside, inside = shares[max(first - 1, 0)], shares[first]
    return float(inside)


def _depth_m(
    index: FenceIndex, number: int, start: Place, end: Place, shares: FloatArray
) -> FloatArray:
    dlon = turned(np.array(end[1] - start[1]))
    lat, lon = start[0] + shares * (end[0] - start[0]), start[1] + shares * dlon
    return index.depth_m(number, lat, lon)
