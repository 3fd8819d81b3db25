"""When a truck comes to the end of its way, and how far that is: asked of where it was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freight.eway.autopilot import Here
from freight.eway.rules import Town
from freight.tracking.eta import Ahead, EtaRules, forecast
from geo.edges import METRES_PER_DEGREE
from geo.point import Point, haversine_m
from geo.route import EAST_M, LAT, LENGTH_M, LON, START_M, UX, UY, Route

METRES = 1000.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A truck at a time."""

    ts_ms: int
    at: Point


@dataclass(frozen=True, slots=True)
class Way:
    route: Route
    roads: tuple[tuple[float, str], ...]  # (from so far along it, road class)


@dataclass(frozen=True, slots=True)
class Coming:
    arrival_ms: int
    remaining_km: int


def coming(way: Way, seen: Seen, rules: EtaRules, zone: str, share: int) -> Coming:
    """As trucks in general drive; whole kilometres, of which the last is begun."""
    route, along_m = way.route, along(way.route, seen.at)
    ahead = Ahead(way.roads, along_m, route.length_m)
    expected = forecast(ahead, seen.ts_ms, rules, zone)
    left_km = math.ceil(max(route.length_m - along_m, 0.0) / METRES)
    return Coming(expected.arrival_ms(share), left_km)


def along(route: Route, at: Point) -> float:
    """How far along the route the place is that is nearest to it."""
    pieces = route.pieces
    east_m = pieces[:, EAST_M]
    turned = (at.lon - pieces[:, LON] + 180.0) % 360.0 - 180.0
    dx, dy = turned * east_m, (at.lat - pieces[:, LAT]) * METRES_PER_DEGREE
    on_m = np.clip(dx * pieces[:, UX] + dy * pieces[:, UY], 0.0, pieces[:, LENGTH_M])
    off_m = np.hypot(dx - on_m * pieces[:, UX], dy - on_m * pieces[:, UY])
    nearest = int(np.argmin(off_m))
    return float(pieces[nearest, START_M] + on_m[nearest])


def here(at: Point, towns: Sequence[Town], town_m_max: int) -> Here | None:
    """The nearest known town, if it is near enough."""
    if not towns:
        return None
    places = np.array([(town.lat, town.lon) for town in towns])
    off_m = haversine_m(at.lat, at.lon, places[:, 0], places[:, 1])
    nearest = int(np.argmin(off_m))
    if off_m[nearest] > town_m_max:
        return None
    town = towns[nearest]
    return Here(town.name, town.pin, int(town.state))
