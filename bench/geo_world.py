"""Fences and positions to measure on: sites along and off India's highways, trucks on them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt
import shapely

from geo.roads import RoadGraph, apart_m, read_roads

Floats = npt.NDArray[np.float64]

METRES_PER_DEGREE = 111_195.0
SQUEEZE = math.cos(math.radians(21.0))
SOUTH_WEST, NORTH_EAST = (8.0, 69.0), (32.0, 93.0)
# Sites: on a highway (tolls, pumps), within some kilometres of one (yards, plants, depots), in
# and around towns, anywhere. Each has this share of all fences.
ON_ROADS, BESIDE_ROADS, TOWNS = 0.1, 0.3, 0.4
BESIDE_M = 3_000.0
TOWN_M = 8_000.0
RADIUS_M = (100.0, 1_500.0)
# City limits and districts: one fence in so many, so large.
LARGE_EVERY = 50
LARGE_RADIUS_M = (5_000.0, 20_000.0)
STEP_M = 250.0  # from fix to fix: 15 s of highway
TRUCKS = 1_000
SPARE_STEPS = 20  # of a way behind what is driven: nobody arrives


@dataclasses.dataclass(frozen=True, slots=True)
class Drive:
    """To and fro along a road, from somewhere on it."""

    shape: Floats  # of the road
    start_m: float  # along it
    steps: int

    @property
    def track(self) -> Floats:
        """[step, lat or lon], STEP_M from step to step."""
        return self.at(self.start_m + STEP_M * np.arange(self.steps, dtype=np.float64))

    def way(self, points: int) -> Floats:
        """What is driven and further on, by the road's own corners: as long as it or these last."""
        length_m = float(self._along_m[-1])
        end_m = self.start_m + max(length_m, STEP_M * (self.steps + SPARE_STEPS))
        there_and_back = np.concatenate([self._along_m, 2.0 * length_m - self._along_m[-2:0:-1]])
        rounds = np.arange(1 + end_m // (2.0 * length_m)) * 2.0 * length_m
        corners_m = (rounds[:, None] + there_and_back).ravel()
        corners_m = corners_m[(corners_m > self.start_m) & (corners_m <= end_m)][: points - 1]
        more_m = np.linspace(self.start_m, corners_m[-1], points + 1 - len(corners_m))[:-1]
        return self.at(np.sort(np.concatenate([more_m, corners_m])))

    def at(self, driven_m: Floats) -> Floats:
        """Where one is who drove so far from the road's beginning, and back from its end."""
        along_m = self._along_m
        at_m = driven_m % (2.0 * along_m[-1])
        at_m = np.minimum(at_m, 2.0 * along_m[-1] - at_m)
        return np.column_stack([np.interp(at_m, along_m, self.shape[:, i]) for i in (0, 1)])

    @property
    def _along_m(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(apart_m(self.shape[:-1], self.shape[1:]))])


def sites(count: int, vertices: int, seed: int) -> list[shapely.Polygon]:
    """Fences as polygons in degrees, x the longitude."""
    rng = np.random.default_rng(seed)
    graph = read_roads()
    roads = np.concatenate([edge.shape for edge in graph.edges])
    towns = np.array([(town.lat, town.lon) for town in graph.towns])
    kind = rng.uniform(0.0, 1.0, count)
    at = rng.uniform(SOUTH_WEST, NORTH_EAST, (count, 2))
    on_road = roads[rng.integers(len(roads), size=count)]
    at[kind < ON_ROADS] = on_road[kind < ON_ROADS]
    beside = (kind >= ON_ROADS) & (kind < ON_ROADS + BESIDE_ROADS)
    at[beside] = (on_road + _spread(rng, count, BESIDE_M))[beside]
    in_town = (kind >= ON_ROADS + BESIDE_ROADS) & (kind < ON_ROADS + BESIDE_ROADS + TOWNS)
    town = towns[rng.integers(len(towns), size=count)]
    at[in_town] = (town + _spread(rng, count, TOWN_M))[in_town]
    radius_m = np.exp(rng.uniform(math.log(RADIUS_M[0]), math.log(RADIUS_M[1]), count))
    large = np.arange(count) % LARGE_EVERY == 0
    radius_m[large] = rng.uniform(*LARGE_RADIUS_M, int(large.sum()))
    return [_polygon(rng, at[i], float(radius_m[i]), vertices) for i in range(count)]


def driving(points: int, seed: int) -> Floats:
    """[lat or lon, fix]: each truck's fixes STEP_M apart, all trucks in turn as they come in."""
    rng = np.random.default_rng(seed)
    steps = math.ceil(points / TRUCKS)
    driven = tracks(steps, seed)
    for step in range(steps):
        driven[:, step] = driven[rng.permutation(TRUCKS), step]
    return np.ascontiguousarray(driven.transpose(2, 1, 0).reshape(2, -1)[:, :points])


def tracks(steps: int, seed: int) -> Floats:
    """[truck, step, lat or lon], STEP_M from step to step."""
    return np.stack([drive.track for drive in drives(steps, seed)])


def drives(steps: int, seed: int) -> list[Drive]:
    rng = np.random.default_rng(seed)
    graph = read_roads()
    return [_drive(rng, graph, steps) for _ in range(TRUCKS)]


def random_points(points: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.ascontiguousarray(rng.uniform(SOUTH_WEST, NORTH_EAST, (points, 2)).T)


def _spread(rng: np.random.Generator, count: int, metres: float) -> Floats:
    off = rng.normal(0.0, metres / METRES_PER_DEGREE, (count, 2))
    off[:, 1] /= SQUEEZE
    return off


def _polygon(
    rng: np.random.Generator, at: Floats, radius_m: float, corners: int
) -> shapely.Polygon:
    angle = np.arange(corners) / corners * 2.0 * math.pi
    reach = radius_m / METRES_PER_DEGREE * rng.uniform(0.75, 1.0, corners)
    lon = at[1] + reach * np.cos(angle) / SQUEEZE
    return shapely.Polygon(np.column_stack([lon, at[0] + reach * np.sin(angle)]))


def _drive(rng: np.random.Generator, graph: RoadGraph, steps: int) -> Drive:
    """A way between two far towns, driven to and fro from somewhere on it."""
    length_m, shape = 0.0, np.empty((0, 2))
    while length_m < 2.0 * STEP_M:
        origin, destination = rng.choice(len(graph.towns), 2, replace=False).tolist()
        reached = graph.ways_from(origin).came
        if destination in reached:
            shape = graph.route(origin, destination).shape()
            length_m = float(apart_m(shape[:-1], shape[1:]).sum())
    return Drive(shape, float(rng.uniform(0.0, length_m)), steps)
