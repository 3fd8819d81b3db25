"""A truck that drives along a highway, halts, strays and comes back, for the console's tests."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np

from freight.cloudevents import rfc3339
from geo.point import Point
from geo.roads import read_roads
from geo.route import compile_route
from serve.journeys.wire import JourneyNowOut

MINUTE_MS = 60_000
KM_PER_DEGREE = 111.2
# How far along it is, by minutes ago: sets out, halts for fuel, strays from minute 100 to 70.
MINUTES_AGO = (300.0, 235.0, 150.0, 120.0, 100.0, 70.0, 0.0)
ALONG_KM = (0.0, 0.0, 61.4, 61.4, 76.0, 98.2, 137.3)
KMH = 42.0
ASTRAY_MINUTES, ASTRAY_KM = (100.0, 70.0), 6.5
LIVELY_KMH = 54.0


class FakeDrive:
    """From one town to another; everything is said as the REST API says it."""

    def __init__(self, truck: str, towns: tuple[str, str, str]) -> None:
        self.truck = truck
        self.towns = towns
        graph = read_roads()
        first, middle, last = (graph.town(town) for town in towns)
        ways = graph.route(first, middle).shape(), graph.route(middle, last).shape()
        self.line = np.concatenate([ways[0], ways[1][1:]])
        self._route = compile_route(self.line)
        self._middle_m = compile_route(ways[0]).length_m
        self._began_ms = int(time.time() * 1000)

    def at(self, minutes_ago: float) -> Point:
        here = self._along(self._along_m(minutes_ago))
        return self._beside(here, minutes_ago) if self._astray(minutes_ago) else here

    def now(self) -> Point:
        return self.at(-self._minutes_on())

    def heading_deg(self) -> float:
        along_m = self._along_m(-self._minutes_on())
        here, ahead = self._along(along_m), self._along(along_m + 200.0)
        east = (ahead.lon - here.lon) * math.cos(math.radians(here.lat))
        return math.degrees(math.atan2(east, ahead.lat - here.lat)) % 360

    def track(self, minutes: float) -> list[dict[str, Any]]:
        """A fix each minute, with one gap."""
        seen = [m for m in np.arange(min(minutes, MINUTES_AGO[0]), 0, -1) if not 40 < m < 54]
        return [{**dataclasses.asdict(self.at(m)), "ts": self._time(m)} for m in seen]

    def route(self) -> dict[str, Any]:
        """As GeoJSON."""
        about = {"id": "r1", "name": self.name, "version": 2, "length_m": self._route.length_m}
        line = {"type": "LineString", "coordinates": self.line[:, ::-1].tolist()}
        return {"type": "Feature", "properties": about, "geometry": line}

    def journey(self) -> dict[str, Any]:
        middle, end = self._along(self._middle_m), self._along(self._route.length_m)
        said = {
            "id": "j1",
            "truck": self.truck,
            "state": "active",
            "route": self.route()["properties"] | {"duration_s": None},
            "alternates": [],
            "from": self._time(240),
            "departure": None,
            "arrival": {"from": None, "until": self._time(-self._left_minutes() - 20)},
            "stops": [_stop(self.towns[1], middle), _stop(f"{self.towns[2]} depot", end)],
            "corridor_m": None,
            "allowed": [],
            "cost": None,
            "arrived_at": None,
            "ended_at": None,
            "end_reason": None,
            "created_at": self._time(300),
            "version": 1,
            "progress": self._progress(),
        }
        # What the API would not say, it does not say here either.
        return JourneyNowOut.model_validate(said).model_dump(mode="json", by_alias=True)

    @property
    def name(self) -> str:
        return f"{self.towns[0]} to {self.towns[2]}"

    def _progress(self) -> dict[str, Any]:
        along_m, left = self._along_m(-self._minutes_on()), self._left_minutes()
        expected = [self._time(-minutes) for minutes in (left, left * 1.08, left * 1.17)]
        return {
            "ts": self._time(0),
            "mode": "under_way",
            "along_m": along_m,
            "remaining_m": self._route.length_m - along_m,
            "share": along_m / self._route.length_m,
            "alternate": None,
            "off_m": 4.0,
            "away": None,
            "is_wrong_way": False,
            "expected": dict(zip(("p50", "p80", "p95"), expected, strict=True))
            | {"known_at": self._time(0), "late_probability": 0.14},
        }

    def _left_minutes(self) -> float:
        done_m = self._along_m(0.0)
        return (self._route.length_m - done_m) / 1000.0 / LIVELY_KMH * 60.0

    def _minutes_on(self) -> float:
        return (time.time() * 1000 - self._began_ms) / MINUTE_MS

    def _time(self, minutes_ago: float) -> str:
        return rfc3339(int(self._began_ms - minutes_ago * MINUTE_MS))

    def _along_m(self, minutes_ago: float) -> float:
        if minutes_ago < 0:
            return (ALONG_KM[-1] - minutes_ago / 60.0 * KMH) * 1000.0
        km = np.interp(-minutes_ago, [-m for m in MINUTES_AGO], ALONG_KM)
        return float(km) * 1000.0

    def _along(self, along_m: float) -> Point:
        return self._route.point_at(along_m)

    def _astray(self, minutes_ago: float) -> bool:
        return ASTRAY_MINUTES[1] < minutes_ago < ASTRAY_MINUTES[0]

    def _beside(self, here: Point, minutes_ago: float) -> Point:
        """By another road, some way to the right of the one it should be on."""
        share = (ASTRAY_MINUTES[0] - minutes_ago) / (ASTRAY_MINUTES[0] - ASTRAY_MINUTES[1])
        km = ASTRAY_KM * min(1.0, 3.0 * share, 3.0 * (1.0 - share)) + 0.6 * math.sin(9 * share)
        along_m = self._along_m(minutes_ago)
        ahead = self._along(along_m + 5_000.0)
        east = (ahead.lon - here.lon) * math.cos(math.radians(here.lat))
        north = ahead.lat - here.lat
        length = math.hypot(north, east)
        lat = here.lat - km / KM_PER_DEGREE * east / length
        stretch = KM_PER_DEGREE * math.cos(math.radians(here.lat))
        return Point(lat, here.lon + km / stretch * north / length)


def _stop(name: str, at: Point) -> dict[str, Any]:
    point = {"lat": at.lat, "lon": at.lon}
    rest = {"radius_m": 300.0, "fence": None, "arrival": None, "service_s": 0.0}
    return {"name": name, "point": point, **rest}
