"""The fences of the demo: depots and city limits around towns, and toll plazas on the roads."""

from __future__ import annotations

import math
import random
import re
from typing import Any

from config.sections.simulation import Simulation
from geo.roads import RoadGraph
from sim.tracks import METRES_PER_DEGREE, tolls_m

# Towns where at least this many roads meet are drawn as cities.
CITY_ROADS_MIN = 4  # fixed: how the road data marks a city
CITY_CORNERS = 12


def demo_fences(graph: RoadGraph, policy: Simulation) -> list[dict[str, Any]]:
    """Bodies for POST /v1/fences; ids are stable, so that creating them twice changes nothing."""
    return [*_depots(graph, policy), *_cities(graph, policy), *_tolls(graph, policy)]


def _depots(graph: RoadGraph, policy: Simulation) -> list[dict[str, Any]]:
    return [
        {
            "id": f"depot-{slug(town.name)}",
            "name": f"{town.name} depot",
            "kind": "depot",
            "shape": _circle(town.lat, town.lon, policy.setup.depot_radius_m),
        }
        for town in graph.towns
    ]


def _cities(graph: RoadGraph, policy: Simulation) -> list[dict[str, Any]]:
    fences = []
    for i, town in enumerate(graph.towns):
        if len(graph.legs_from(i)) < CITY_ROADS_MIN:
            continue
        rng = random.Random(town.name)  # a city keeps its outline whatever the seed
        least, most = policy.setup.town_radius_km
        radius_m = 1000.0 * rng.uniform(least, most)
        ring = []
        for corner in range(CITY_CORNERS):
            angle = 2.0 * math.pi * corner / CITY_CORNERS
            reach_m = radius_m * rng.uniform(0.75, 1.0)
            north, east = reach_m * math.cos(angle), reach_m * math.sin(angle)
            lon_metres = METRES_PER_DEGREE * math.cos(math.radians(town.lat))
            lon, lat = town.lon + east / lon_metres, town.lat + north / METRES_PER_DEGREE
            ring.append([round(lon, 5), round(lat, 5)])
        fences.append(
            {
                "id": f"city-{slug(town.name)}",
                "name": f"{town.name} city limits",
                "kind": "city",
                "shape": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    return fences


def _tolls(graph: RoadGraph, policy: Simulation) -> list[dict[str, Any]]:
    """An even sample of the plazas at which the simulated trucks stop."""
    plazas = []
    for edge in graph.edges:
        for at_m in tolls_m(edge, policy.halts.toll_spacing_km).tolist():
            vertex = int(edge.along_m.searchsorted(at_m)) - 1
            share = (at_m - edge.along_m[vertex]) / (
                edge.along_m[vertex + 1] - edge.along_m[vertex]
            )
            lat, lon = edge.shape[vertex] + share * (edge.shape[vertex + 1] - edge.shape[vertex])
            between = f"{graph.towns[edge.start].name} - {graph.towns[edge.end].name}"
            plazas.append((edge.road, between, float(lat), float(lon)))
    step = max(1, len(plazas) // policy.setup.tolls)
    return [
        {
            "id": f"toll-{slug(road)}-{number:03d}",
            "name": f"{road} toll plaza, {between}",
            "kind": "toll",
            "shape": _circle(lat, lon, policy.setup.toll_radius_m),
        }
        for number, (road, between, lat, lon) in enumerate(plazas[::step])
    ]


def _circle(lat: float, lon: float, radius_m: float) -> dict[str, Any]:
    return {"center": {"lat": round(lat, 6), "lon": round(lon, 6)}, "radius_m": radius_m}


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
