"""The built-in highways as a router: good enough between towns, and always there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from freight.routing.plan import (
    PlannedRoute,
    PlanOptions,
    RouteRefusedError,
    joined,
)
from freight.routing.thinning import KMH_PER_MPS, thinned
from geo.point import EARTH_RADIUS_M, FloatArray, Point, haversine_m
from geo.roads import Edge, NoRouteError, RoadGraph, Ways

NAME = "builtin"
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0


@dataclass(frozen=True, slots=True)
class Snapped:
    """A place on a road: so far from the start of an edge."""

    edge: Edge
    along_m: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A drawn stretch of one edge, in driving direction."""

    line: FloatArray
    road_class: str
    speed_kmh: float


class Highways:
    """The graph with its shapes as flat arrays, so that the nearest road is found in one step."""

    def __init__(self, graph: RoadGraph) -> None:
        self._graph = graph
        self._ways: dict[int, Ways] = {}  # from each town that was asked for
        counts = np.array([len(edge.shape) for edge in graph.edges])
        self._last = np.cumsum(counts) - 1
        self._shape = np.concatenate([edge.shape for edge in graph.edges])
        self._along_m = np.concatenate([edge.along_m for edge in graph.edges])

    def plan(
        self, points: Sequence[Point], options: PlanOptions, *, snap_m_max: float, error_m: float
    ) -> PlannedRoute:
        """Raises RouteRefusedError where no highway leads."""
        places = [self._snapped(i, point, snap_m_max) for i, point in enumerate(points)]
        pieces = [piece for pair in pairwise(places) for piece in self._between(*pair)]
        if not pieces:
            raise RouteRefusedError("the places are all in one spot")
        lines = [piece.line for piece in pieces]
        points_drawn = joined(lines)
        lengths_m = _lengths_m(points_drawn)
        of_segment = [piece for piece in pieces for _ in range(len(piece.line) - 1)]
        speeds_kmh = np.array([piece.speed_kmh for piece in of_segment])
        return _without_unknown(
            thinned(
                points_drawn,
                lengths_m,
                lengths_m / (speeds_kmh / KMH_PER_MPS),
                [piece.road_class for piece in of_segment],
                error_m,
            ),
            options,
        )

    def _snapped(self, number: int, point: Point, snap_m_max: float) -> Snapped:
        north_m = (self._shape[:, 0] - point.lat) * METRES_PER_DEGREE
        east_m = (self._shape[:, 1] - point.lon) * METRES_PER_DEGREE
        east_m = east_m * np.cos(np.radians(point.lat))
        way_n, way_e = np.diff(north_m), np.diff(east_m)
        squared = np.maximum(way_n**2 + way_e**2, 1e-9)
        share = np.clip(-(north_m[:-1] * way_n + east_m[:-1] * way_e) / squared, 0.0, 1.0)
        off_m = np.hypot(north_m[:-1] + share * way_n, east_m[:-1] + share * way_e)
        off_m[self._last[:-1]] = np.inf  # from one edge to the next there is no road
        vertex = int(np.argmin(off_m))
        if off_m[vertex] > snap_m_max:
            raise RouteRefusedError(
                f"there is no highway within {snap_m_max / 1000.0:g} km of place {number + 1}"
            )
        edge = self._graph.edges[int(np.searchsorted(self._last, vertex))]
        gap_m = self._along_m[vertex + 1] - self._along_m[vertex]
        along_m = float(self._along_m[vertex] + share[vertex] * gap_m)
        return Snapped(edge, along_m)

    def _between(self, start: Snapped, end: Snapped) -> list[Piece]:
        """The quickest of: along the one edge, or out of it by either end and in by either."""
        found: list[tuple[float, list[Piece]]] = []
        if start.edge.index == end.edge.index:
            found.append(_timed([_cut(start.edge, start.along_m, end.along_m)]))
        for out_at in (start.edge.start, start.edge.end):
            ways = self._ways_from(out_at)
            out = _cut(start.edge, start.along_m, _place_of(start.edge, out_at))
            for in_at in (end.edge.start, end.edge.end):
                try:
                    legs = ways.to(in_at).legs
                except NoRouteError:
                    continue
                middle = [
                    Piece(leg.shape, leg.edge.speed_class.name, leg.edge.speed_class.truck_kmh)
                    for leg in legs
                ]
                into = _cut(end.edge, _place_of(end.edge, in_at), end.along_m)
                found.append(_timed([out, *middle, into]))
        if not found:
            raise RouteRefusedError("no highway leads from one place to the next")
        pieces = min(found, key=lambda timed: timed[0])[1]
        return [piece for piece in pieces if len(piece.line) > 1]

    def _ways_from(self, town: int) -> Ways:
        """Searched once: the roads do not change, and half the time of a plan went into it."""
        found = self._ways.get(town)
        if found is None:
            found = self._ways[town] = self._graph.ways_from(town)
        return found


def _place_of(edge: Edge, town: int) -> float:
    return 0.0 if town == edge.start else edge.length_m


def _cut(edge: Edge, from_m: float, to_m: float) -> Piece:
    """The edge's line between two places on it; the second may lie before the first."""
    low, high = sorted((from_m, to_m))
    inner = (edge.along_m > low) & (edge.along_m < high)
    ends = [
        [np.interp(at, edge.along_m, edge.shape[:, axis]) for axis in (0, 1)] for at in (low, high)
    ]
    line = np.vstack([ends[0], edge.shape[inner], ends[1]])
    if high - low <= 0.0:
        line = line[:1]
    speed = edge.speed_class
    return Piece(line if from_m <= to_m else line[::-1], speed.name, speed.truck_kmh)


def _timed(pieces: list[Piece]) -> tuple[float, list[Piece]]:
    hours = sum(float(_lengths_m(piece.line).sum()) / piece.speed_kmh for piece in pieces)
    return hours, pieces


def _lengths_m(line: FloatArray) -> FloatArray:
    return haversine_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])


def _without_unknown(plan: PlannedRoute, options: PlanOptions) -> PlannedRoute:
    """Neither tolls nor the height of bridges are drawn on these roads."""
    unknown = [
        name
        for name, is_asked in (("vehicle", options.vehicle), ("avoid", options.avoid))
        if is_asked
    ]
    return replace(plan, ignored=tuple(unknown))
