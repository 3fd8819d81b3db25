"""A lattice of square cells in degrees, on several levels: the keys that fences are found by.

A cell's row and column are its latitude and longitude in units of the level's cell size, rounded.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geo.compiled import compiled
from geo.point import FloatArray

IntArray = npt.NDArray[np.int64]

# Cells per degree are 2 to these powers: cells of 8 degrees, 55 km, 3.5 km, 220 m, 14 m. Each
# level in use costs every point; so few of them put a fleet's sites on one or two.
EXPONENTS = (-3, 1, 5, 9, 13)
LEVELS = len(EXPONENTS)
PER_DEGREE: FloatArray = 2.0 ** np.array(EXPONENTS)
# Rows are this far apart in key space. Odd, so that it mixes; above twice the number of columns,
# so that no two cells of a level share a key. Levels are farther apart than all rows of one.
ROW_STEP = 0x9E3779B1
LEVEL_STEP_BITS = 53
# A cell reaches this much further, in cells: what rounding could put on either side is in both.
CELL_MARGIN = 1e-6

_SCALE: tuple[float, ...] = tuple(PER_DEGREE.tolist())


@compiled
def key_of(lat: float, lon: float, level: int) -> int:
    """The cell of one point on a level."""
    row, column = np.rint(lat * PER_DEGREE[level]), np.rint(lon * PER_DEGREE[level])
    return key_at(level, row, column)


@compiled
def key_at(level: int, row: float, column: float) -> int:
    """The key of a cell by its row and column, which are whole numbers."""
    return (level << LEVEL_STEP_BITS) + int(row) * ROW_STEP + int(column)


def keys_at(level: int, rows: IntArray, columns: IntArray) -> IntArray:
    return np.asarray((level << LEVEL_STEP_BITS) + rows * ROW_STEP + columns)


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
