"""An area's edges in slabs: which of them a point has beside it, and whether these enclose it.

A block of numbers is one area in metres of its plane, cut into slabs from south to north. It begins
with the southern border, the slabs per metre and their number; then says where each slab's edges
begin, and where the last one's end; then come the edges as (x, y, x, y), an edge in each slab that
it touches, and in a slab those first that reach farthest east. A point's ray to the east meets the
edges of its own slab only, and of these the first ones.
"""

from __future__ import annotations

import math

import numpy as np

from geo.compiled import compiled
from geo.pieces import away_m
from geo.point import EARTH_RADIUS_M, FloatArray
from geo.ragged import spread
from geo.sides import Place, meet, side

METRES_PER_DEGREE = math.radians(EARTH_RADIUS_M)
EDGES_A_SLAB = 8  # measured: more slabs cost memory and win no time
SLABS_MAX = 1 << 14  # fixed: counted in 16 bits, which are sorted several times faster
LOW, PER_METRE, SLABS, STARTS = 0, 1, 2, 3
WIDTH = 4
# Sums of distances may be rounded by less than this share.
ROUNDED = 1.0 - 1e-9
# So near to an area's middle, its plane is as good as the point's own.
NEAR_DEG, NEAR_LAT_MAX = 0.1, 60.0  # fixed: how flat the earth is


def block_of(edges: FloatArray) -> FloatArray:
    """Rows of (x, y, x, y) as a block."""
    edges = edges[(edges[:, :2] != edges[:, 2:]).any(axis=1)]
    edges = edges[np.maximum(edges[:, 0], edges[:, 2]).argsort()[::-1]]
    south, north = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    low = south.min()
    slabs = min(len(edges) // EDGES_A_SLAB + 1, SLABS_MAX)
    per_metre = slabs / (north.max() - low)
    # The same sums as a point's: what lies on one height comes into one slab.
    first, last = (
        np.minimum(((y - low) * per_metre).astype(np.int64), slabs - 1) for y in (south, north)
    )
    edge, slab = spread(first, last - first + 1)
    edges = edges[edge[slab.astype(np.int16).argsort(kind="stable")]]
    ends = np.cumsum(np.bincount(slab, minlength=slabs))
    starts = STARTS + slabs + 1 + WIDTH * np.concatenate([[0], ends])
    return np.concatenate([[low, per_metre, slabs], starts, edges.ravel()])


@compiled
def _slab(blocks: FloatArray, first: int, y: float) -> int:
    at = int((y - blocks[first + LOW]) * blocks[first + PER_METRE])
    return min(max(at, 0), int(blocks[first + SLABS]) - 1)


@compiled
def _edge(blocks: FloatArray, at: int) -> tuple[Place, Place]:
    return (blocks[at], blocks[at + 1]), (blocks[at + 2], blocks[at + 3])


@compiled
def encloses(blocks: FloatArray, first: int, place: Place) -> bool:
    """Whether the area holds a place; its border is inside."""
    x, y = place
    start = first + STARTS + _slab(blocks, first, y)
    inside = False
    for at in range(first + int(blocks[start]), first + int(blocks[start + 1]), WIDTH):
        a, b = _edge(blocks, at)
        if a[0] < x and b[0] < x:
            break
        if (a[1] > y) != (b[1] > y):
            turn = side(a, b, place)
            if turn == 0:
                return True
            if (turn > 0) == (b[1] > a[1]):
                inside = not inside
        elif b == place or (a[1] == y == b[1] and min(a[0], b[0]) <= x <= max(a[0], b[0])):
            return True
    return inside


@compiled
def crossed(blocks: FloatArray, first: int, a: Place, b: Place) -> bool:
    """Whether the area's border and the straight way from a to b have a place in common."""
    starts = first + STARTS
    begin = starts + _slab(blocks, first, min(a[1], b[1]))
    end = starts + _slab(blocks, first, max(a[1], b[1])) + 1
    for at in range(first + int(blocks[begin]), first + int(blocks[end]), WIDTH):
        c, d = _edge(blocks, at)
        if meet(a, b, c, d):
            return True
    return False


@compiled
def border_m(
    blocks: FloatArray, first: int, plane: tuple[float, float, float], lat: float, lon: float
) -> float:
    """From a point to an area's border, whose plane is (lat, lon, metres per degree east).

    From its own slab on to the next nearest, until no slab can hold a nearer edge.
    """
    y = (lat - plane[0]) * METRES_PER_DEGREE
    low, height = blocks[first + LOW], 1.0 / blocks[first + PER_METRE]
    slabs = int(blocks[first + SLABS])
    slab = _slab(blocks, first, y)
    below, above, nearest = slab - 1, slab + 1, math.inf
    while True:
        nearest = min(nearest, _edges_m(blocks, first, slab, plane, (lat, lon)))
        down = y - (low + (below + 1) * height) if below >= 0 else math.inf
        up = low + above * height - y if above < slabs else math.inf
        if not min(down, up) * ROUNDED < nearest:
            return nearest
        if down < up:
            slab, below = below, below - 1
        else:
            slab, above = above, above + 1


@compiled
def _edges_m(
    blocks: FloatArray, first: int, slab: int, plane: tuple[float, float, float], point: Place
) -> float:
    """From a point, here (lat, lon), to the nearest edge in a slab."""
    lat_0, lon_0, east_m = plane
    north, east = point[0] - lat_0, point[1] - lon_0
    place = east * east_m, north * METRES_PER_DEGREE
    flat = max(abs(north), abs(east)) <= NEAR_DEG and abs(lat_0) <= NEAR_LAT_MAX
    start = first + STARTS + slab
    nearest = math.inf
    for at in range(first + int(blocks[start]), first + int(blocks[start + 1]), WIDTH):
        a, b = _edge(blocks, at)
        if flat:
            nearest = min(nearest, _flat_m(place, a, b))
        else:
            start_lat, start_lon = lat_0 + a[1] / METRES_PER_DEGREE, lon_0 + a[0] / east_m
            dlat, dlon = (b[1] - a[1]) / METRES_PER_DEGREE, (b[0] - a[0]) / east_m
            piece = start_lat, start_lon, dlat, dlon
            nearest = min(nearest, away_m(point[0], point[1], piece))
    return nearest


@compiled
def _flat_m(place: Place, a: Place, b: Place) -> float:
    x, y = place
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    share = ((x - a[0]) * dx + (y - a[1]) * dy) / length2
    if share <= 0.0:
        return math.sqrt((x - a[0]) * (x - a[0]) + (y - a[1]) * (y - a[1]))
    if share >= 1.0:
        return math.sqrt((x - b[0]) * (x - b[0]) + (y - b[1]) * (y - b[1]))
    return abs(((a[1] - y) * dx - (a[0] - x) * dy) / length2) * math.sqrt(length2)
