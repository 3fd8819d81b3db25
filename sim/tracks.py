"""All roads as flat arrays, so that thousands of trucks are located in one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.point import EARTH_RADIUS_M
from geo.roads import Edge, RoadGraph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0
# Keeps the edges apart on the one long axis on which positions are searched.
GAP_M = 10.0
TOLLED = frozenset({"expressway", "four_lane"})


@dataclass(frozen=True, slots=True)
class Place:
    lat: Floats
    lon: Floats
    heading_deg: Floats


class Tracks:
    def __init__(self, graph: RoadGraph) -> None:
        edges = graph.edges
        self.length_m: Floats = np.array([edge.length_m for edge in edges])
        self.truck_mps: Floats = np.array([edge.speed_class.truck_kmh / 3.6 for edge in edges])
        self._base_m: Floats = np.concatenate([[0.0], np.cumsum(self.length_m + GAP_M)[:-1]])
        counts = np.array([len(edge.shape) for edge in edges])
        self._last: Ints = np.cumsum(counts) - 1
        self._axis_m: Floats = np.concatenate(
            [base + edge.along_m for base, edge in zip(self._base_m, edges, strict=True)]
        )
        shape = np.concatenate([edge.shape for edge in edges])
        self._lat, self._lon = shape[:, 0], shape[:, 1]
        self._bearing_deg = _bearings_deg(shape)

    def nearest(self, lat: float, lon: float) -> tuple[int, float, float]:
        """The edge nearest to a point, how far from its start that is, and how far off."""
        north_m = (self._lat - lat) * METRES_PER_DEGREE
        east_m = (self._lon - lon) * METRES_PER_DEGREE * np.cos(np.radians(lat))
        towards_north_m, towards_east_m = np.diff(north_m), np.diff(east_m)
        squared = towards_north_m**2 + towards_east_m**2
        across = north_m[:-1] * towards_north_m + east_m[:-1] * towards_east_m
        share = np.clip(-across / np.maximum(squared, 1e-9), 0.0, 1.0)
        off_m = np.hypot(
            north_m[:-1] + share * towards_north_m, east_m[:-1] + share * towards_east_m
        )
        off_m[self._last[:-1]] = np.inf  # from one edge to the next there is no road
        vertex = int(np.argmin(off_m))
        edge = int(np.searchsorted(self._last, vertex))
        gap_m = self._axis_m[vertex + 1] - self._axis_m[vertex]
        along_m = self._axis_m[vertex] - self._base_m[edge] + share[vertex] * gap_m
        return edge, float(along_m), float(off_m[vertex])

    def locate(self, edge: Ints, forward: Bools, along_m: Floats) -> Place:
        """Where one is `along_m` after the beginning of the edge in driving direction."""
        length_m = self.length_m[edge]
        drawn_m = np.clip(np.where(forward, along_m, length_m - along_m), 0.0, length_m)
        axis_m = self._base_m[edge] + drawn_m
        vertex = np.searchsorted(self._axis_m, axis_m, side="right") - 1
        vertex = np.minimum(vertex, self._last[edge] - 1)
        start_m, end_m = self._axis_m[vertex], self._axis_m[vertex + 1]
        share = (axis_m - start_m) / (end_m - start_m)
        lat = self._lat[vertex] + share * (self._lat[vertex + 1] - self._lat[vertex])
        lon = self._lon[vertex] + share * (self._lon[vertex + 1] - self._lon[vertex])
        heading_deg = (self._bearing_deg[vertex] + np.where(forward, 0.0, 180.0)) % 360.0
        return Place(lat, lon, heading_deg)


def moved(lat: Floats, lon: Floats, north_m: Floats, east_m: Floats) -> tuple[Floats, Floats]:
    """The points so many metres away; right for the small distances of yards, lanes and noise."""
    return (
        lat + north_m / METRES_PER_DEGREE,
        lon + east_m / (METRES_PER_DEGREE * np.cos(np.radians(lat))),
    )


def tolls_m(edge: Edge, spacing_km: float) -> Floats:
    """Where the toll plazas of an edge stand, from its start: evenly, none on small roads."""
    if edge.speed_class.name not in TOLLED:
        return np.empty(0)
    count = round(edge.length_m / (spacing_km * 1000.0))
    return (np.arange(count) + 0.5) * edge.length_m / max(count, 1)


def _bearings_deg(shape: Floats) -> Floats:
    """Of each vertex the bearing towards the next one; the last of an edge is never asked."""
    north = np.diff(shape[:, 0], append=shape[-1:, 0])
    east = np.diff(shape[:, 1], append=shape[-1:, 1]) * np.cos(np.radians(shape[:, 0]))
    bearing: Floats = np.degrees(np.arctan2(east, north)) % 360.0
    return bearing
