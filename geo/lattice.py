"""A lattice of square cells in degrees, on several levels: the keys that fences are found by.

A cell's row and column are its latitude and longitude in units of the level's cell size, rounded.
Adding a number so large that a float's last bit is worth one cell does that rounding, and the
bits then hold the result: two additions in place of multiplying, flooring and converting.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geo.point import FloatArray

IntArray = npt.NDArray[np.int64]

# Cells per degree are 2 to these powers: cells of 8 degrees, 55 km, 3.5 km, 220 m, 14 m. Each
# level in use costs every point; so few of them put a fleet's sites on one or two.
EXPONENTS = (-3, 1, 5, 9, 13)
LEVELS = len(EXPONENTS)
PER_DEGREE: FloatArray = 2.0 ** np.array(EXPONENTS)
# 1.5 * 2**52 has bits worth 1; divided by the cells per degree, bits worth one cell.
MAGIC: FloatArray = 1.5 * 2.0**52 / PER_DEGREE
MAGIC_BITS: IntArray = MAGIC.view(np.int64)
# Rows are this far apart in key space. Odd, so that it mixes; above twice the number of columns,
# so that no two cells of a level share a key; 1 modulo 4, so that those of two levels do not
# either: the magic numbers then keep their keys multiples of 2**53 apart.
ROW_STEP = 0x9E3779B1
# A cell reaches this much further, in cells: what rounding could put on either side is in both.
CELL_MARGIN = 1e-6

_WORD = 1 << 64
# What a key has besides its row and column, by level, for single points.
_SALT = tuple(int(bits) * (ROW_STEP + 1) % _WORD for bits in MAGIC_BITS.tolist())
_SCALE: tuple[float, ...] = tuple(PER_DEGREE.tolist())


def key_of(lat: float, lon: float, level: int) -> int:
    """The cell of one point on a level."""
    scale = _SCALE[level]
    row, column = round(lat * scale), round(lon * scale)
    key = (_SALT[level] + row * ROW_STEP + column) % _WORD
    return key - _WORD if key >= _WORD >> 1 else key


def keys_at(level: int, rows: IntArray, columns: IntArray) -> IntArray:
    bits = MAGIC_BITS[level]
    return np.asarray((rows + bits) * ROW_STEP + (columns + bits))


def span(low: float, high: float, level: int) -> tuple[int, int]:
    """The first and last row (or column) that this stretch of degrees touches."""
    scale = _SCALE[level]
    first, last = low * scale + 0.5 - CELL_MARGIN, high * scale + 0.5 + CELL_MARGIN
    return math.floor(first), math.floor(last)


def finest(box: tuple[float, float, float, float], cells_max: int) -> int:
    """The finest level on which (south, west, north, east) takes at most so many cells."""
    south, west, north, east = box
    for level in range(LEVELS - 1, 0, -1):
        first_row, last_row = span(south, north, level)
        first, last = span(west, east, level)
        if (last_row - first_row + 1) * (last - first + 1) <= cells_max:
            return level
    return 0


def turns(level: int, columns: IntArray) -> tuple[IntArray, IntArray]:
    """Columns of any longitude as the columns that queries know: (index into them, column).

    Column c is also c plus or minus a whole turn, as far as -180..180 reaches; at 180 a cell has
    two names.
    """
    whole = round(360.0 * _SCALE[level])
    shifted = columns[None, :] + np.array([[-whole], [0], [whole]])
    edge = round(180.0 * _SCALE[level])
    turn, index = np.nonzero(np.abs(shifted) <= edge)
    return index, shifted[turn, index]


def cells_along(
    lat: FloatArray, lon: FloatArray, dlat: FloatArray, dlon: FloatArray, level: int
) -> tuple[IntArray, IntArray]:
    """(index of a straight way, key) of all cells it touches, and of some beside them."""
    scale = _SCALE[level]
    steps = np.ceil(np.maximum(np.abs(dlat), np.abs(dlon)) * scale).astype(np.int64) + 1
    way = np.repeat(np.arange(len(lat)), steps)
    first = np.cumsum(steps) - steps
    at = np.arange(len(way)) - first[way]
    found = []
    # From one place to the next is a cell at most: the way keeps to the rows and columns of both.
    rows, columns = (
        [np.rint((a[way] + (at + i) / steps[way] * d[way]) * scale) for i in (0, 1)]
        for a, d in ((lat, dlat), (lon, dlon))
    )
    whole = round(360.0 * scale)
    for row in rows:
        for column in columns:
            named = column - whole * np.rint(column / whole)
            found.append(keys_at(level, row.astype(np.int64), named.astype(np.int64)))
    pairs = np.unique(np.stack([np.tile(way, len(found)), np.concatenate(found)]), axis=1)
    return pairs[0], pairs[1]
