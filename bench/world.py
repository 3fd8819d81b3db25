"""The ground a benchmark drives on: straight roads, fences across them, and who crosses what when.

Everything is a function of a seed, so that the generator, the set-up and the oracle of expected
events agree without talking to each other.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

METRES_PER_DEGREE = 111_195.0
PREFIX = "bench"
ACROSS_PER_TRUCK = 1
STEP_M = 150.0  # from fix to fix: about 8 s of highway
POLYGON_CORNERS = 16
# No point of any truck is nearer than this to a fence that is expected to fire: how exactly a
# border is computed, and any hysteresis at it, makes no difference to what is expected.
MARGIN_M = 45.0


@dataclasses.dataclass(frozen=True)
class Fence:
    id: str
    lat: float
    lon: float
    radius_m: float
    is_circle: bool

    def shape(self) -> dict[str, Any]:
        """The fence as `POST /v1/fences` takes it."""
        if self.is_circle:
            return {"center": {"lat": self.lat, "lon": self.lon}, "radius_m": self.radius_m}
        angles = [2 * math.pi * k / POLYGON_CORNERS for k in range(POLYGON_CORNERS)]
        squeeze = math.cos(math.radians(self.lat))
        ring = [
            [
                self.lon + self.radius_m * math.cos(a) / METRES_PER_DEGREE / squeeze,
                self.lat + self.radius_m * math.sin(a) / METRES_PER_DEGREE,
            ]
            for a in angles
        ]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@dataclasses.dataclass(frozen=True)
class World:
    """`lat[t, i]`, `lon[t, i]`: where truck t is at its fix number i modulo the track's length."""

    trucks: list[str]
    lat: Floats
    lon: Floats
    heading_deg: Floats
    fences: list[Fence]


def truck_ids(count: int, prefix: str = PREFIX) -> list[str]:
    return [f"{prefix}-{i:05d}" for i in range(count)]


def build(
    trucks: list[str], points: int, fences: int, seed: int, across: int = ACROSS_PER_TRUCK
) -> World:
    """Trucks that drive out `points / 2` steps and back, and fences around and beside their way."""
    rng = np.random.default_rng(seed)
    count = len(trucks)
    start_lat = rng.uniform(11.0, 27.0, count)
    start_lon = rng.uniform(73.5, 87.0, count)
    heading = rng.uniform(0.0, 360.0, count)
    half = points // 2
    ahead = np.concatenate([np.arange(half), np.arange(half, 0, -1)]) * STEP_M
    lat, lon = offset(start_lat[:, None], start_lon[:, None], heading[:, None], ahead[None, :])
    headings = np.where(np.arange(points) < half, heading[:, None], (heading[:, None] + 180) % 360)
    world = World(trucks, lat.round(6), lon.round(6), headings, [])
    return dataclasses.replace(world, fences=place_fences(world, fences, across, rng))


def offset(lat: Floats, lon: Floats, heading_deg: Floats, metres: Floats) -> tuple[Floats, Floats]:
    north = metres * np.cos(np.radians(heading_deg)) / METRES_PER_DEGREE
    east = metres * np.sin(np.radians(heading_deg)) / METRES_PER_DEGREE
    return lat + north, lon + east / np.cos(np.radians(lat))


def place_fences(world: World, count: int, across: int, rng: np.random.Generator) -> list[Fence]:
    """Some across each truck's road, two fifths close beside the roads, the rest anywhere.

    With one across each road, a truck crosses a border four times on its way out and back.
    """
    on_roads = across * len(world.trucks)
    fences = []
    trucks, points = world.lat.shape
    for i in range(count):
        truck, point = i % trucks, int(rng.integers(1, points // 2))
        lat, lon = float(world.lat[truck, point]), float(world.lon[truck, point])
        # Half a step more than whole steps: the fixes before and after the border are equally far.
        radius_m = (int(rng.integers(2, 10)) + 0.5) * STEP_M
        if on_roads <= i < on_roads + 2 * count // 5:
            aside = np.array(world.heading_deg[truck, point] + 90.0)
            beside = offset(np.array(lat), np.array(lon), aside, np.array(radius_m * 1.5 + 300))
            lat, lon = float(beside[0]), float(beside[1])
        elif i >= on_roads:
            lat, lon = float(rng.uniform(9, 30)), float(rng.uniform(70, 92))
        fences.append(Fence(f"{world.trucks[0]}-fence-{i:05d}", lat, lon, radius_m, i % 2 == 0))
    return fences


def metres_between(lat: Floats, lon: Floats, fences: list[Fence]) -> Floats:
    """[point, fence]: from each point to each fence's centre."""
    centre_lat = np.array([fence.lat for fence in fences])[None, :]
    centre_lon = np.array([fence.lon for fence in fences])[None, :]
    north = (lat[:, None] - centre_lat) * METRES_PER_DEGREE
    squeeze = np.cos(np.radians((lat[:, None] + centre_lat) / 2))
    east = (lon[:, None] - centre_lon) * METRES_PER_DEGREE * squeeze
    return np.asarray(np.hypot(north, east))


def without_grazed(world: World) -> World:
    """The same world without fences whose border any truck comes near to but does not clear."""
    outer = np.array([f.radius_m for f in world.fences])
    flat = math.cos(math.pi / POLYGON_CORNERS)
    inner = np.array([f.radius_m * (1.0 if f.is_circle else flat) for f in world.fences])
    clear = np.ones(len(world.fences), dtype=bool)
    for truck in range(len(world.trucks)):
        metres = metres_between(world.lat[truck], world.lon[truck], world.fences)
        near = (metres > inner - MARGIN_M) & (metres < outer + MARGIN_M)
        clear &= ~near.any(axis=0)
    kept = [fence for fence, good in zip(world.fences, clear, strict=True) if good]
    return dataclasses.replace(world, fences=kept)
