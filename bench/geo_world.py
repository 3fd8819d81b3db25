"""Fences and positions to measure on: sites along and off India's highways, trucks on them."""

from __future__ import annotations

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
    return np.stack([track for track, _ in drives(steps, seed)])


def drives(steps: int, seed: int) -> list[tuple[Floats, Floats]]:
    """Each truck's track, and the whole way that it drives along."""
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


def _drive(rng: np.random.Generator, graph: RoadGraph, steps: int) -> tuple[Floats, Floats]:
    """A way between two far towns, driven to and fro from somewhere on it."""
    length_m, shape, along = 0.0, np.empty((0, 2)), np.empty(0)
    while length_m < 2.0 * STEP_M:
        origin, destination = rng.choice(len(graph.towns), 2, replace=False).tolist()
        reached = graph.ways_from(origin).came
        if destination in reached:
            shape = graph.route(origin, destination).shape()
            along = np.concatenate([[0.0], np.cumsum(apart_m(shape[:-1], shape[1:]))])
            length_m = float(along[-1])
    at_m = (rng.uniform(0.0, length_m) + STEP_M * np.arange(steps)) % (2.0 * length_m)
    at_m = np.minimum(at_m, 2.0 * length_m - at_m)
    lat = np.interp(at_m, along, shape[:, 0])
    return np.column_stack([lat, np.interp(at_m, along, shape[:, 1])]), shape
