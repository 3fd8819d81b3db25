"""The routes and journeys that simulated trucks are given: the way they drive, or nearly."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def to_go_s(self) -> float:
        """As road classes say, without halts."""
        left_m, left_s = -self.driven_m, 0.0
        for leg in self.legs:
            left_m += leg.edge.length_m
            share = min(max(left_m / leg.edge.length_m, 0.0), 1.0)
            left_s += share * leg.edge.drive_s
        return left_s


def lane(graph: RoadGraph, trip: Trip) -> dict[str, Any]:
    """A body for POST /v1/routes; trucks that drive the same way have the same one."""
    return _body(graph, trip.legs, _line(trip.legs), "lane", "")


def other_lane(
    graph: RoadGraph, trip: Trip, rules: Dispatching, truck: str
) -> dict[str, Any] | None:
    """The same with a bypass soon ahead that the truck will not take; None near its end."""
    line = _line(trip.legs)
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
    return _body(graph, trip.legs, moved, "bypass", f"{truck} {round(trip.driven_m)}")


def journey(
    graph: RoadGraph, trip: Trip, route_id: str, now_ms: int, *, promise: float, stop_m: float
) -> dict[str, Any]:
    """A body for PUT /v1/trucks/{id}/journey, but for its id."""
    town = graph.towns[_ends(trip.legs)[1]]
    promised_ms = now_ms + round(trip.to_go_s * promise * 1000.0)
    where = {"lat": round(town.lat, DIGITS), "lon": round(town.lon, DIGITS)}
    return {
        "route": {"id": route_id},
        "arrival": {"until": _rfc3339(promised_ms)},
        "stops": [{"name": f"{town.name} depot", "point": where, "radius_m": stop_m}],
    }


def _body(
    graph: RoadGraph, legs: Sequence[Leg], line: Floats, kind: str, salt: str
) -> dict[str, Any]:
    start, end = (graph.towns[town].name for town in _ends(legs))
    way = " ".join(f"{leg.edge.index}{'+' if leg.forward else '-'}" for leg in legs)
    mark = zlib.crc32(f"{way} {salt}".encode())
    classes = [leg.edge.speed_class for leg in legs for _ in range(len(leg.shape) - 1)]
    sections = sections_of([each.name for each in classes], [each.truck_kmh for each in classes])
    return {
        "id": f"{kind}-{slug(start)[:SLUG_CHARS]}-{slug(end)[:SLUG_CHARS]}-{mark:08x}",
        "name": f"{start} - {end}",
        "shape": {
            "type": "LineString",
            "coordinates": np.round(line[:, ::-1], DIGITS).tolist(),
        },
        "sections": [section._asdict() for section in sections],
        "duration_s": round(sum(leg.edge.drive_s for leg in legs), 1),
    }


def _line(legs: Sequence[Leg]) -> Floats:
    parts = [leg.shape if i == 0 else leg.shape[1:] for i, leg in enumerate(legs)]
    whole: Floats = np.concatenate(parts)
    return whole


def _ends(legs: Sequence[Leg]) -> tuple[int, int]:
    first, last = legs[0], legs[-1]
    start = first.edge.start if first.forward else first.edge.end
    return start, last.edge.end if last.forward else last.edge.start


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000.0, UTC).isoformat(timespec="seconds")
