"""Which fences hold which points: compiled shapes under one spatial index, asked in batches."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import shapely

from geo.point import FloatArray, haversine_m
from geo.shapes import Circle, Shape, outline

IntArray = npt.NDArray[np.int64]

# A circle's index entry is its outline grown a little, so that the approximating polygon never
# cuts off a point which the exact distance would let in.
CIRCLE_INDEX_MARGIN = 1.01


@dataclasses.dataclass(frozen=True, slots=True)
class Compiled:
    """One fence, ready to be indexed: an area in degrees, and a circle's exact rule."""

    area: shapely.Geometry
    circle: Circle | None


def compile_shape(shape: Shape) -> Compiled:
    if isinstance(shape, Circle):
        wider = Circle(shape.center, shape.radius_m * CIRCLE_INDEX_MARGIN)
        return Compiled(outline(wider), shape)
    area = outline(shape)
    shapely.prepare(area)
    return Compiled(area, None)


class FenceIndex:
    """An immutable index over compiled fences; a changed fence makes a new index."""

    def __init__(self, fences: dict[int, Compiled]) -> None:
        """`fences` maps the caller's own numbers to compiled shapes."""
        self._numbers = np.fromiter(fences, dtype=np.int64, count=len(fences))
        self._tree = shapely.STRtree([c.area for c in fences.values()])
        self._circles = [c.circle for c in fences.values()]
        self._is_circle = np.array([c is not None for c in self._circles], dtype=bool)
        self._center_lat = np.array([c.center.lat if c else np.nan for c in self._circles])
        self._center_lon = np.array([c.center.lon if c else np.nan for c in self._circles])
        self._radius_m = np.array([c.radius_m if c else np.nan for c in self._circles])

    def __len__(self) -> int:
        return len(self._numbers)

    def holding(self, lat: FloatArray, lon: FloatArray) -> tuple[IntArray, IntArray]:
        """Pairs (point index, fence number), sorted by point, then fence; borders are inside."""
        if not len(self._numbers) or not len(lat):
            empty = np.empty(0, dtype=np.int64)
            return empty, empty
        points, entries = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        round_ones = self._is_circle[entries]
        if round_ones.any():
            keep = np.ones(len(points), dtype=bool)
            p, e = points[round_ones], entries[round_ones]
            away_m = haversine_m(lat[p], lon[p], self._center_lat[e], self._center_lon[e])
            keep[round_ones] = away_m <= self._radius_m[e]
            points, entries = points[keep], entries[keep]
        numbers = self._numbers[entries]
        order = np.lexsort((numbers, points))
        return points[order].astype(np.int64), numbers[order]
