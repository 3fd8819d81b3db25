"""The H3 cells around a place, and how many points lie in them."""

from __future__ import annotations

import dataclasses

import h3
import numpy as np
from h3ronpy.vector import coordinates_to_cells

from geo.point import FloatArray


@dataclasses.dataclass(frozen=True, slots=True)
class Neighbourhood:
    cell: str  # the place's own
    resolution: int
    cells: frozenset[str]  # with the rings around it

    def count(self, lat: FloatArray, lon: FloatArray) -> int:
        """How many of these points are in it."""
        if not len(lat):
            return 0
        at = np.asarray(coordinates_to_cells(lat, lon, self.resolution), dtype=np.uint64)
        own = np.array([h3.str_to_int(cell) for cell in self.cells], dtype=np.uint64)
        return int(np.isin(at, own).sum())


def around(lat: float, lon: float, resolution: int, rings: int) -> Neighbourhood:
    cell = h3.latlng_to_cell(lat, lon, resolution)
    return Neighbourhood(cell, resolution, frozenset(h3.grid_disk(cell, rings)))
