"""H3 cells for showing how much of something is where."""

from __future__ import annotations

import dataclasses

import h3
import numpy as np
import numpy.typing as npt
from h3ronpy import grid_disk
from h3ronpy.vector import cells_to_coordinates, coordinates_to_cells

from geo.point import FloatArray

CellArray = npt.NDArray[np.uint64]

FINEST = 15


@dataclasses.dataclass(frozen=True, slots=True)
class Heat:
    """Cells with what was added up in them, the hottest first."""

    cells: CellArray
    sums: FloatArray
    counts: npt.NDArray[np.int64]  # how many each sum is of

    def hottest(self, most: int) -> Heat:
        return Heat(self.cells[:most], self.sums[:most], self.counts[:most])

    @property
    def names(self) -> list[str]:
        return [f"{cell:x}" for cell in self.cells.tolist()]

    def centers(self) -> list[tuple[float, float]]:
        """Latitude and longitude."""
        found = cells_to_coordinates(self.cells)
        lat, lon = (np.asarray(found.column(name)) for name in ("lat", "lng"))
        return list(zip(lat.tolist(), lon.tolist(), strict=True))


def heat(
    lat: FloatArray,
    lon: FloatArray,
    resolution: int,
    weights: FloatArray | None = None,
    numbers: FloatArray | None = None,
) -> Heat:
    """Without weights every point counts one, as without numbers, which say how many each point
    stands for. Equally hot cells come in the order of their numbers."""
    at = cells_of(lat, lon, resolution)
    cells, inverse = np.unique(at, return_inverse=True)
    sums = np.bincount(inverse, weights, minlength=len(cells)).astype(np.float64)
    counts = np.bincount(inverse, numbers, minlength=len(cells)).astype(np.int64)
    order = np.argsort(-sums, kind="stable")
    return Heat(cells[order], sums[order], counts[order])


def cells_of(lat: FloatArray, lon: FloatArray, resolution: int) -> CellArray:
    """The cell of each point."""
    return np.asarray(coordinates_to_cells(lat, lon, resolution), dtype=np.uint64)


def disk(cell: int, rings: int) -> CellArray:
    """The cell itself and so many rings round it, in no order."""
    found = grid_disk(np.array([cell], dtype=np.uint64), rings, flatten=True)
    return np.asarray(found, dtype=np.uint64)


def outline(cell: str) -> list[tuple[float, float]]:
    """A cell's corners as a closed ring, longitude first as GeoJSON has it."""
    corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
    return [*corners, corners[0]]


def neighbourhood(lat: float, lon: float, resolution: int) -> tuple[float, float, float]:
    """The middle of the point's cell, and how far its corners are from there in metres: all that
    may be told of the place of somebody who is not to be found by it."""
    middle_lat, middle_lon = h3.cell_to_latlng(h3.latlng_to_cell(lat, lon, resolution))
    return middle_lat, middle_lon, h3.average_hexagon_edge_length(resolution, unit="m")
