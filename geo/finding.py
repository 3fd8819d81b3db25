"""The loops that find fences: through the cells of all levels, and by the exact rules in some."""

from __future__ import annotations

import numpy as np

from geo.borders import holds, touches
from geo.cell_table import CellArrays, entries_at
from geo.compiled import compiled
from geo.lattice import LEVELS, PER_DEGREE, IntArray, key_at, key_of
from geo.parts import FENCE, PartArrays
from geo.pieces import Piece, shorter_way
from geo.point import FloatArray

Places = tuple[FloatArray, FloatArray]  # latitudes and longitudes
ON_EARTH_DEG = 90.0 + 180.0  # what is more, or no number, is in no cell
ROOM_MIN = 16  # fixed: of pairs; it doubles from there


@compiled
def holding(
    lat: FloatArray, lon: FloatArray, levels: int, cells: CellArrays, shapes: PartArrays
) -> tuple[IntArray, IntArray]:
    """Pairs (point, fence), sorted; a bit of `levels` says that cells of that level are in use."""
    entries, table = cells[2], shapes[0]
    pairs = np.empty((2, len(lat) + ROOM_MIN), dtype=np.int64)
    used = 0
    for point in range(len(lat)):
        if not abs(lat[point]) + abs(lon[point]) <= ON_EARTH_DEG:
            continue
        begin = used
        for level in range(LEVELS):
            if not levels >> level & 1:
                continue
            key = key_of(lat[point], lon[point], level)
            for at in range(*entries_at(key, cells)):
                if entries[at, 0] != key:
                    continue
                part = entries[at, 1] >> 1
                if entries[at, 1] & 1 or holds(shapes, part, lat[point], lon[point]):
                    pairs, used = _noted(pairs, begin, used, point, int(table[part, FENCE]))
    return pairs[0, :used], pairs[1, :used]


@compiled
def touched(
    starts: Places, ends: Places, levels: int, cells: CellArrays, shapes: PartArrays
) -> tuple[IntArray, IntArray]:
    """Pairs (way, fence), sorted."""
    entries, table = cells[2], shapes[0]
    pairs = np.empty((2, len(starts[0]) + ROOM_MIN), dtype=np.int64)
    used = 0
    for way in range(len(starts[0])):
        begin = used
        lat, lon = starts[0][way], starts[1][way]
        straight = lat, lon, ends[0][way] - lat, shorter_way(ends[1][way] - lon)
        for level in range(LEVELS):
            if not levels >> level & 1:
                continue
            for key in _keys_along(straight, level):
                for at in range(*entries_at(key, cells)):
                    if entries[at, 0] != key:
                        continue
                    part = entries[at, 1] >> 1
                    if entries[at, 1] & 1 or touches(shapes, part, straight):
                        pairs, used = _noted(pairs, begin, used, way, int(table[part, FENCE]))
    return pairs[0, :used], pairs[1, :used]


@compiled
def _keys_along(way: Piece, level: int) -> IntArray:
    """Of all cells that a straight way touches, and of some beside them."""
    lat, lon, dlat, dlon = way
    scale = PER_DEGREE[level]
    whole = 360.0 * scale
    steps = int(np.ceil(max(abs(dlat), abs(dlon)) * scale)) + 1
    keys = np.empty(4 * steps, dtype=np.int64)
    found = 0
    # From one place to the next is a cell at most: the way keeps to the rows and columns of both.
    rows = np.rint(lat * scale), 0.0
    columns = np.rint(lon * scale), 0.0
    for step in range(steps):
        share = (step + 1) / steps
        rows = rows[0], np.rint((lat + share * dlat) * scale)
        columns = columns[0], np.rint((lon + share * dlon) * scale)
        for row in rows:
            for column in columns:
                key = key_at(level, row, column - whole * np.rint(column / whole))
                if found == 0 or keys[found - 1] != key:
                    keys[found] = key
                    found += 1
        rows, columns = (rows[1], 0.0), (columns[1], 0.0)
    return keys[:found]


@compiled
def _noted(pairs: IntArray, begin: int, used: int, whose: int, fence: int) -> tuple[IntArray, int]:
    """Whose pairs begin at `begin` stays sorted, each fence once."""
    at = used
    while at > begin and pairs[1, at - 1] > fence:
        at -= 1
    if at > begin and pairs[1, at - 1] == fence:
        return pairs, used
    if used == pairs.shape[1]:
        more = np.empty((2, 2 * used), dtype=np.int64)
        for old in range(used):
            more[0, old], more[1, old] = pairs[0, old], pairs[1, old]
        pairs = more
    for later in range(used, at, -1):
        pairs[1, later] = pairs[1, later - 1]
    pairs[0, used], pairs[1, at] = whose, fence
    return pairs, used + 1
