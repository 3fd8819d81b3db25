"""What must come of a stream of fixes, worked out in the plainest way, for tests to compare."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freight.fixes import FixArray
from geo.point import haversine_m
from sim.tracks import METRES_PER_DEGREE, Bools, Floats

ENTERED = "truck.fence.entered"
EXITED = "truck.fence.exited"


@dataclass(frozen=True, slots=True, order=True)
class ExpectedCrossing:
    truck_key: int
    ts_ms: int
    kind: str
    fence: str
    # The truck's first fix lies in the fence: nobody saw it drive in.
    initial: bool = False


def distinct_fixes(fixes: FixArray) -> FixArray:
    """Each (truck, device time) once, by truck and then device time."""
    order = np.lexsort((fixes["ts_ms"], fixes["truck_key"]))
    ordered = fixes[order]
    repeated = (ordered["truck_key"][1:] == ordered["truck_key"][:-1]) & (
        ordered["ts_ms"][1:] == ordered["ts_ms"][:-1]
    )
    return np.asarray(ordered[np.concatenate([[True], ~repeated])] if len(ordered) else ordered)


def expected_crossings(
    fixes: FixArray, fences: Iterable[Mapping[str, Any]]
) -> list[ExpectedCrossing]:
    """All crossings, when every fence stands before the first fix and every fix arrives.

    Fixes may come in any order and more than once; fences are bodies of POST /v1/fences with
    polygons, multipolygons or circles. A truck's first fix inside a fence counts as entering.
    """
    ordered = distinct_fixes(fixes)
    by_lat = np.argsort(ordered["lat"], kind="stable")
    lats = ordered["lat"][by_lat]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered["truck_key"][1:] != ordered["truck_key"][:-1]
    found: list[ExpectedCrossing] = []
    for fence in fences:
        south, north = _lat_span(fence["shape"])
        near = by_lat[np.searchsorted(lats, south) : np.searchsorted(lats, north, side="right")]
        holds = _holds(fence["shape"], ordered["lat"][near], ordered["lon"][near])
        inside = np.zeros(len(ordered), dtype=bool)
        inside[near] = holds
        before = np.concatenate([[False], inside[:-1]]) & ~first
        changed = np.flatnonzero(inside != before)
        # A truck's last fix inside says nothing about the next truck's first one.
        found += [
            ExpectedCrossing(
                int(ordered["truck_key"][i]),
                int(ordered["ts_ms"][i]),
                ENTERED if inside[i] else EXITED,
                str(fence["id"]),
                initial=bool(first[i]),
            )
            for i in changed.tolist()
        ]
    return sorted(found)


def _holds(shape: Mapping[str, Any], lat: Floats, lon: Floats) -> Bools:
    if "center" in shape:
        center = shape["center"]
        near: Bools = haversine_m(lat, lon, center["lat"], center["lon"]) <= shape["radius_m"]
        return near
    inside = np.zeros(len(lat), dtype=bool)
    for rings in _polygons(shape):
        odd = np.zeros(len(lat), dtype=bool)
        for ring in rings:
            odd ^= _in_ring(ring, lat, lon)
        inside |= odd
    return inside


def _in_ring(ring: Sequence[Sequence[float]], lat: Floats, lon: Floats) -> Bools:
    """Even-odd rule: how many edges a ray to the east crosses."""
    odd = np.zeros(len(lat), dtype=bool)
    for (x_a, y_a), (x_b, y_b) in itertools.pairwise(ring):
        spans = (y_a > lat) != (y_b > lat)
        if y_a != y_b:
            odd ^= spans & (lon < x_a + (lat - y_a) / (y_b - y_a) * (x_b - x_a))
    return odd


def _polygons(shape: Mapping[str, Any]) -> list[Any]:
    if shape.get("type") == "Polygon":
        return [shape["coordinates"]]
    if shape.get("type") == "MultiPolygon":
        return list(shape["coordinates"])
    raise ValueError(f"no expected truth for a fence of shape {sorted(shape)}")


def _lat_span(shape: Mapping[str, Any]) -> tuple[float, float]:
    if "center" in shape:
        reach = 1.001 * shape["radius_m"] / METRES_PER_DEGREE
        return shape["center"]["lat"] - reach, shape["center"]["lat"] + reach
    lats = [y for rings in _polygons(shape) for ring in rings for _, y in ring]
    return min(lats), max(lats)
