"""The routes and journeys that simulated trucks are given: the way they drive, or nearly."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from config.sections.simulation import Dispatching
from freight.routing.plan import sections_of
from geo.roads import Leg, RoadGraph, apart_m
from sim.places import slug
from sim.tracks import METRES_PER_DEGREE, Floats

SLUG_CHARS = 22  # two of them, and what tells lanes apart, fit into an id
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Trip:
    """What a truck drives, and how far along it is."""

    legs: tuple[Leg, ...]
    driven_m: float
    ends_m: float | None = None  # on the last leg; None: at its end

    @property
    def _lengths_m(self) -> list[float]:
        whole = [leg.edge.length_m for leg in self.legs]
        return whole if self.ends_m is None else [*whole[:-1], self.ends_m]

    @property
    def to_go_m(self) -> float:
        return sum(self._lengths_m) - self.driven_m

    @property
    def to_go_s(self) -> float:
        """As road classes say, without halts."""
        left_m, left_s = -self.driven_m, 0.0
        for leg, length_m in zip(self.legs, self._lengths_m, strict=True):
            left_m += length_m
            share = min(max(left_m, 0.0), length_m) / leg.edge.length_m
            left_s += share * leg.edge.drive_s
        return left_s

    @property
    def shapes(self) -> list[Floats]:
        """Of each leg; the last as far as it is driven."""
        shapes = [leg.shape for leg in self.legs]
        if self.ends_m is not None:
            shapes[-1] = _cut(self.legs[-1], self.ends_m)
        return shapes

    @property
    def line(self) -> Floats:
        parts = [shape if i == 0 else shape[1:] for i, shape in enumerate(self.shapes)]
        whole: Floats = np.concatenate(parts)
        return whole


def lane(graph: RoadGraph, trip: Trip) -> dict[str, Any]:
    """A body for POST /v1/routes; trucks that drive the same way have the same one."""
    return _body(graph, trip, trip.line, "lane", "")


def other_lane(
    graph: RoadGraph, trip: Trip, rules: Dispatching, truck: str
) -> dict[str, Any] | None:
    """The same with a bypass soon ahead that the truck will not take; None near its end."""
    line = trip.line
    along_m = np.concatenate([[0.0], np.cumsum(apart_m(line[:-1], line[1:]))])
    leaves_m = trip.driven_m + rules.astray_after_km * 1000.0
    joins_m = leaves_m + rules.astray_for_km * 1000.0
    if joins_m > along_m[-1]:
        return None
    share = np.clip((along_m - leaves_m) / (joins_m - leaves_m), 0.0, 1.0)
    aside_m = rules.astray_aside_km * 1000.0 * np.sin(np.pi * share)
    towards = np.gradient(line, axis=0)
    towards[:, 1] *= np.cos(np.radians(line[:, 0]))
    towards /= np.maximum(np.hypot(towards[:, 0], towards[:, 1]), 1e-12)[:, None]
    moved = line.copy()
    moved[:, 0] += aside_m * -towards[:, 1] / METRES_PER_DEGREE
    moved[:, 1] += aside_m * towards[:, 0] / (METRES_PER_DEGREE * np.cos(np.radians(line[:, 0])))
    return _body(graph, trip, moved, "bypass", f"{truck} {round(trip.driven_m)}")


def journey(
    graph: RoadGraph, trip: Trip, route_id: str, now_ms: int, *, promise: float, stop_m: float
) -> dict[str, Any]:
    """A body for PUT /v1/trucks/{id}/journey, but for its id."""
    town = graph.towns[_ends(trip.legs)[1]]
    lat, lon, name = town.lat, town.lon, f"{town.name} depot"
    if trip.ends_m is not None:
        lat, lon = trip.shapes[-1][-1].tolist()
        name = f"{trip.legs[-1].edge.road} near {town.name}"
    promised_ms = now_ms + round(trip.to_go_s * promise * 1000.0)
    where = {"lat": round(lat, DIGITS), "lon": round(lon, DIGITS)}
    return {
        "route": {"id": route_id},
        "arrival": {"until": _rfc3339(promised_ms)},
        "stops": [{"name": name, "point": where, "radius_m": stop_m}],
    }


def _body(graph: RoadGraph, trip: Trip, line: Floats, kind: str, salt: str) -> dict[str, Any]:
    legs = trip.legs
    start, end = (graph.towns[town].name for town in _ends(legs))
    way = " ".join(f"{leg.edge.index}{'+' if leg.forward else '-'}" for leg in legs)
    if trip.ends_m is not None:
        way += f" {round(trip.ends_m)}"
    mark = zlib.crc32(f"{way} {salt}".encode())
    classes = [
        leg.edge.speed_class
        for leg, shape in zip(legs, trip.shapes, strict=True)
        for _ in range(len(shape) - 1)
    ]
    sections = sections_of([each.name for each in classes], [each.truck_kmh for each in classes])
    return {
        "id": f"{kind}-{slug(start)[:SLUG_CHARS]}-{slug(end)[:SLUG_CHARS]}-{mark:08x}",
        "name": f"{start} - {end}",
        "shape": {
            "type": "LineString",
            "coordinates": np.round(line[:, ::-1], DIGITS).tolist(),
        },
        "sections": [section._asdict() for section in sections],
        "duration_s": round(replace(trip, driven_m=0.0).to_go_s, 1),
    }


def _cut(leg: Leg, ends_m: float) -> Floats:
    """The beginning of a leg, to so far along it."""
    edge = leg.edge
    along_m = edge.along_m if leg.forward else edge.length_m - edge.along_m[::-1]
    before = int(np.searchsorted(along_m, ends_m))
    last = [np.interp(ends_m, along_m, leg.shape[:, axis]) for axis in (0, 1)]
    cut: Floats = np.vstack([leg.shape[: max(before, 1)], last])
    return cut


def _ends(legs: Sequence[Leg]) -> tuple[int, int]:
    first, last = legs[0], legs[-1]
    start = first.edge.start if first.forward else first.edge.end
    return start, last.edge.end if last.forward else last.edge.start


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000.0, UTC).isoformat(timespec="seconds")
