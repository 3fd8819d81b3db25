"""The highway network as a graph: towns, bending edges, the quickest way between two towns."""

from __future__ import annotations

import csv
import heapq
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.point import haversine_m

Floats = npt.NDArray[np.float64]

ROADS_DIR = Path(__file__).parent / "data" / "roads"
# Between two drawn places a road is a curve through its neighbours, sampled this often.
SHAPE_STEP_M = 1500.0

_PLACE = re.compile(r"(?P<name>.+?) (?P<lat>-?\d+\.\d+) (?P<lon>-?\d+\.\d+)")


class RoadDataError(ValueError):
    """The road files contradict themselves."""


class NoRouteError(LookupError):
    """No road leads from the one place to the other."""


class Cost(StrEnum):
    TIME = "time"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True)
class Town:
    name: str
    state: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class SpeedClass:
    name: str
    truck_kmh: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A stretch of highway between two towns, drawn from `start` to `end`, driven both ways."""

    index: int
    road: str
    speed_class: SpeedClass
    start: int
    end: int
    shape: Floats  # (n, 2) latitude, longitude
    along_m: Floats  # (n,) distance from the start

    @property
    def length_m(self) -> float:
        return float(self.along_m[-1])

    @property
    def drive_s(self) -> float:
        return self.length_m / (self.speed_class.truck_kmh / 3.6)


@dataclass(frozen=True, slots=True)
class Leg:
    edge: Edge
    forward: bool

    @property
    def shape(self) -> Floats:
        return self.edge.shape if self.forward else self.edge.shape[::-1]


@dataclass(frozen=True, slots=True)
class Route:
    towns: tuple[int, ...]
    legs: tuple[Leg, ...]

    @property
    def length_m(self) -> float:
        return sum(leg.edge.length_m for leg in self.legs)

    @property
    def drive_s(self) -> float:
        return sum(leg.edge.drive_s for leg in self.legs)

    def shape(self) -> Floats:
        """The whole way as one (n, 2) polyline of latitude and longitude."""
        parts = [leg.shape if i == 0 else leg.shape[1:] for i, leg in enumerate(self.legs)]
        return np.concatenate(parts) if parts else np.empty((0, 2))


@dataclass(frozen=True, slots=True)
class Ways:
    """The tree of cheapest ways out of one town."""

    origin: int
    all_towns: tuple[Town, ...]
    came: dict[int, tuple[int, Leg]]  # town -> (the town before it, the leg from there)

    def to(self, destination: int) -> Route:
        towns, legs = [destination], []
        while towns[-1] != self.origin:
            if towns[-1] not in self.came:
                start, end = self.all_towns[self.origin].name, self.all_towns[destination].name
                raise NoRouteError(f"no road from {start} to {end}")
            before, leg = self.came[towns[-1]]
            towns.append(before)
            legs.append(leg)
        return Route(tuple(reversed(towns)), tuple(reversed(legs)))


class RoadGraph:
    def __init__(self, towns: tuple[Town, ...], edges: tuple[Edge, ...]) -> None:
        self.towns = towns
        self.edges = edges
        self._by_name = {town.name: i for i, town in enumerate(towns)}
        legs: list[list[tuple[int, Leg]]] = [[] for _ in towns]
        for edge in edges:
            legs[edge.start].append((edge.end, Leg(edge, forward=True)))
            legs[edge.end].append((edge.start, Leg(edge, forward=False)))
        self._legs = tuple(tuple(of_town) for of_town in legs)

    def town(self, name: str) -> int:
        return self._by_name[name]

    def legs_from(self, town: int) -> tuple[tuple[int, Leg], ...]:
        """(town at the other end, leg) of every road that leaves a town."""
        return self._legs[town]

    def nearest_town(self, lat: float, lon: float) -> int:
        return int(np.argmin(apart_m(self._positions, np.array([lat, lon]))))

    def route(self, origin: int, destination: int, by: Cost = Cost.TIME) -> Route:
        """The cheapest way; raises NoRouteError when the towns are not connected."""
        return self._search(origin, by, stop_at=destination).to(destination)

    def ways_from(self, origin: int, by: Cost = Cost.TIME) -> Ways:
        """The cheapest ways to every town at once, for callers that ask about many."""
        return self._search(origin, by, stop_at=None)

    def _search(self, origin: int, by: Cost, stop_at: int | None) -> Ways:
        """Dijkstra: with some 250 towns, guiding the search costs more than it saves."""
        spent = {origin: 0.0}
        came: dict[int, tuple[int, Leg]] = {}
        done: set[int] = set()
        waiting = [(0.0, origin)]
        while waiting:
            cost, here = heapq.heappop(waiting)
            if here == stop_at:
                break
            if here in done:
                continue
            done.add(here)
            for there, leg in self._legs[here]:
                total = cost + (leg.edge.drive_s if by is Cost.TIME else leg.edge.length_m)
                if total < spent.get(there, math.inf):
                    spent[there] = total
                    came[there] = (here, leg)
                    heapq.heappush(waiting, (total, there))
        return Ways(origin, self.towns, came)

    @cached_property
    def _positions(self) -> Floats:
        return np.array([(town.lat, town.lon) for town in self.towns])


def apart_m(a: Floats, b: Floats) -> Floats:
    """Great-circle distances between (..., 2) arrays of latitude and longitude."""
    return haversine_m(a[..., 0], a[..., 1], b[..., 0], b[..., 1])


def read_roads(directory: Path = ROADS_DIR) -> RoadGraph:
    """The graph drawn in `towns.csv`, `speed_classes.csv` and `highways.txt`."""
    towns = tuple(
        Town(row["name"], row["state"], float(row["lat"]), float(row["lon"]))
        for row in _rows(directory / "towns.csv")
    )
    classes = {
        row["speed_class"]: SpeedClass(row["speed_class"], float(row["truck_kmh"]))
        for row in _rows(directory / "speed_classes.csv")
    }
    by_name = {town.name: i for i, town in enumerate(towns)}
    if len(by_name) != len(towns):
        raise RoadDataError("two towns have the same name")
    edges: list[Edge] = []
    for line in _highway_lines(directory / "highways.txt"):
        edges.extend(_edges_of(line, towns, by_name, classes, first_index=len(edges)))
    return RoadGraph(towns, tuple(edges))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _highway_lines(path: Path) -> list[str]:
    lines: list[str] = []
    for raw in path.read_text(encoding="utf-8").splitlines():
        if not raw.strip() or raw.startswith("#"):
            continue
        if raw[0].isspace():
            lines[-1] += " " + raw.strip()
        else:
            lines.append(raw)
    return lines


def _edges_of(
    line: str,
    towns: tuple[Town, ...],
    by_name: dict[str, int],
    classes: dict[str, SpeedClass],
    *,
    first_index: int,
) -> list[Edge]:
    """One line of highways.txt cut into edges at its towns."""
    heading, _, through = line.partition(": ")
    road, _, speed_class = heading.partition(" ")
    edges: list[Edge] = []
    drawn: list[tuple[float, float]] = []
    start: int | None = None
    for entry in through.split(", "):
        if entry not in by_name:
            place = _PLACE.fullmatch(entry)
            if place is None or start is None:
                raise RoadDataError(f"{road}: {entry!r} is neither a town nor a place after one")
            drawn.append((float(place["lat"]), float(place["lon"])))
            continue
        town = by_name[entry]
        drawn.append((towns[town].lat, towns[town].lon))
        if start is not None:
            shape = _curve(np.array(drawn))
            steps_m = apart_m(shape[:-1], shape[1:])
            along_m = np.concatenate([[0.0], np.cumsum(steps_m)])
            index = first_index + len(edges)
            edges.append(Edge(index, road, classes[speed_class], start, town, shape, along_m))
        start, drawn = town, drawn[-1:]
    if not edges or len(drawn) != 1:
        raise RoadDataError(f"{road}: {line[:60]!r} does not end at a town")
    return edges


def _curve(drawn: Floats) -> Floats:
    """A centripetal Catmull-Rom curve through the drawn places: it bends, without loops."""
    squeeze = np.array([1.0, np.cos(np.radians(drawn[:, 0].mean()))])
    flat = drawn * squeeze
    padded = np.vstack([2 * flat[0] - flat[1], flat, 2 * flat[-1] - flat[-2]])
    knots = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(padded, axis=0), axis=1) ** 0.5)]
    )
    pieces = []
    for i in range(len(drawn) - 1):
        steps = max(1, round(float(apart_m(drawn[i], drawn[i + 1])) / SHAPE_STEP_M))
        at = np.linspace(knots[i + 1], knots[i + 2], steps, endpoint=False)
        pieces.append(_curve_piece(padded[i : i + 4], knots[i : i + 4], at))
    curve: Floats = np.vstack([*pieces, flat[-1:]]) / squeeze
    return curve


def _curve_piece(points: Floats, knots: Floats, at: Floats) -> Floats:
    """Barry and Goldman's pyramid: the curve between the two inner points."""

    def between(low: Floats, high: Floats, first: int, last: int) -> Floats:
        share = ((at - knots[first]) / (knots[last] - knots[first]))[:, None]
        mixed: Floats = low * (1 - share) + high * share
        return mixed

    first = [between(points[i], points[i + 1], i, i + 1) for i in range(3)]
    second = [between(first[i], first[i + 1], i, i + 2) for i in range(2)]
    return between(second[0], second[1], 1, 2)
