"""Which points of a line can go without moving it further than a tolerance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from geo.point import FloatArray, LocalPlane, Point

MaskArray = npt.NDArray[np.bool_]


def simplified(
    lat: FloatArray, lon: FloatArray, tolerance_m: float, keep: MaskArray | None = None
) -> MaskArray:
    """Douglas-Peucker in local metres: True for the points that stay.

    The first, the last and those of `keep` always do; every other one that goes lies within
    `tolerance_m` of the line between its neighbours that stay.
    """
    stays = np.zeros(len(lat), dtype=bool) if keep is None else keep.copy()
    if not len(lat):
        return stays
    stays[[0, -1]] = True
    ends = np.flatnonzero(stays)
    starts, sizes = ends[:-1], np.diff(ends) + 1
    if not (sizes > 2).any():
        return stays
    # The line in pieces between the points that stay anyway; each piece has both of its ends.
    piece = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = np.repeat(starts, sizes) + within
    x, y = _plane(lat, lon).to_xy(lat, lon)
    # Which point it is travels as its height, which no distance looks at.
    lines = shapely.linestrings(
        np.column_stack([x[at], y[at], at.astype(np.float64)]), indices=piece
    )
    with np.errstate(invalid="ignore"):  # of a piece that comes back to where it began
        kept = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    numbers = shapely.get_coordinates(kept, include_z=True)[:, 2]
    stays[numbers.astype(np.int64)] = True
    return stays


def _plane(lat: FloatArray, lon: FloatArray) -> LocalPlane:
    return LocalPlane(Point(float((lat.min() + lat.max()) / 2.0), float(lon[0])))
