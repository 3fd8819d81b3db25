"""Loads that somebody wants carried, near where trucks of the simulated world are."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from config.sections.market import Shippers
from geo.roads import Leg
from sim.fleet import TruckIdentity
from sim.places import slug
from sim.world import World

DIGITS = 6
KG_STEP = 100
CONSIGNEES = ("Stores", "Gate office", "Warehouse", "Dispatch desk", "Site office")


@dataclass(frozen=True, slots=True)
class Order:
    """A body for POST /v1/quotes."""

    body: dict[str, Any]
    km: float


def order(
    world: World,
    trucks: Sequence[TruckIdentity],
    free: Sequence[int],
    rules: Shippers,
    rng: random.Random,
    *,
    waiting: frozenset[str] = frozenset(),
) -> Order | None:
    """From or to the town that one of some free trucks is nearest to, but no depot where loads
    wait already; None: nobody is free."""
    looked_at = rng.sample(list(free), min(rules.looked_at, len(free)))
    near_by = [(row, _town_of(world, row)) for row in looked_at]
    found = [at for at in near_by if _depot(world, at[1][0])["name"] not in waiting]
    if not found:
        return None
    row, town = min(found, key=lambda at: at[1][1])
    truck = trucks[row]
    near = _depot(world, town[0])
    if rng.random() < rules.local_share:
        leg = rng.choice(world.graph.legs_from(town[0]))[1]
        km = min(rng.uniform(*rules.local_km), leg.edge.length_m / 2000.0)
        away = _beside(world, leg, km)
        ends = [near, away] if rng.random() < 0.5 else [away, near]  # fixed: either way
    else:
        other = _far(world, town[0], rules, rng)
        if other is None:
            return None
        far, km = other
        ends = [near, _depot(world, far)]
    share = rng.uniform(*rules.loaded_share)
    weight_kg = max(round(truck.truck_class.payload_kg * share / KG_STEP), 1) * KG_STEP
    load = {"material": rng.choice(rules.materials), "weight_kg": weight_kg, "body": truck.body}
    stops = [
        {"kind": kind, "place": place, "contact": _contact(rng)}
        for kind, place in zip(("pickup", "drop"), ends, strict=True)
    ]
    return Order({"load": load, "stops": stops}, km)


def _town_of(world: World, row: int) -> tuple[int, float]:
    """The nearer end of its road, and how far that is."""
    edge = world.graph.edges[int(world.edge[row])]
    along_m = float(world.along_m[row])
    since_m, ahead_m = along_m, edge.length_m - along_m
    start, end = (edge.start, edge.end) if world.forward[row] else (edge.end, edge.start)
    return (start, since_m) if since_m < ahead_m else (end, ahead_m)


def _depot(world: World, town: int) -> dict[str, Any]:
    at = world.graph.towns[town]
    return {
        "lat": round(at.lat, DIGITS),
        "lon": round(at.lon, DIGITS),
        "name": f"{at.name} depot",
        "fence": f"depot-{slug(at.name)}",
    }


def _beside(world: World, leg: Leg, km: float) -> dict[str, Any]:
    at = world.tracks.locate(
        np.array([leg.edge.index]), np.array([leg.forward]), np.array([km * 1000.0])
    )
    town = world.graph.towns[leg.edge.start if leg.forward else leg.edge.end]
    return {
        "lat": round(float(at.lat[0]), DIGITS),
        "lon": round(float(at.lon[0]), DIGITS),
        "name": f"{leg.edge.road}, {km:.0f} km from {town.name}",
    }


def _far(world: World, town: int, rules: Shippers, rng: random.Random) -> tuple[int, float] | None:
    ways = world.planner.ways_from(town)
    least, most = rules.far_km
    found = []
    for other in sorted(ways.came):
        km = ways.to(other).length_m / 1000.0
        if least <= km <= most:
            found.append((other, km))
    return rng.choice(found) if found else None


def _contact(rng: random.Random) -> Mapping[str, str]:
    return {"name": rng.choice(CONSIGNEES), "phone": f"+91 8{rng.randrange(10**9):09d}"}
