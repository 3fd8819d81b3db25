"""Finds out what a price depends on: the way, the fences at its ends, demand and free trucks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import numpy as np

from freight.load import Load, Place
from freight.pricing.asking import Facts
from freight.pricing.rules import PricingRules
from freight.status import Status, statuses
from geo.encircling import encircled
from geo.fences import FenceIndex
from geo.hexagons import CellArray, cells_of, disk
from geo.parts import compile_shape
from geo.point import FloatArray
from geo.shapes import parse_shape
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import InvalidError
from store import demand, journeys


async def facts_of(gateway: Gateway, who: Principal, load: Load) -> Facts:
    policy = gateway.policy_of(who)
    rules = policy.pricing
    fences = await _fences(gateway, who, load, rules)
    length_m, router = await gateway.quoting.distances.between(gateway.planner, policy, load)
    cell, waiting, free = None, 0, 0
    if rules.surge.in_use:
        first = load.stops[0].place
        at = cells_of(np.array([first.lat]), np.array([first.lon]), rules.surge.resolution)[0]
        cell = f"{at:x}"
        waiting, free = await _demand(gateway, who, disk(int(at), rules.surge.rings))
    return Facts(
        distance_m=length_m,
        router=router,
        fences=fences,
        trucks=_trucks(load, {one.code: one.payload_kg_max for one in policy.fleet.classes.table}),
        cell=cell,
        waiting=waiting,
        free=free,
    )


def _trucks(load: Load, payload_kg: Mapping[str, int]) -> int:
    """At least so many of the class take the load; of the largest where none is asked for."""
    if load.truck_class is None:
        most_kg = max(payload_kg.values(), default=load.weight_kg)
    elif load.truck_class in payload_kg:
        most_kg = payload_kg[load.truck_class]
    else:
        known = ", ".join(sorted(payload_kg))
        says = f"{load.truck_class!r} is not one of {known}"
        raise InvalidError.at("/load/truck_class", says)
    return -(-load.weight_kg // most_kg)


async def _fences(
    gateway: Gateway, who: Principal, load: Load, rules: PricingRules
) -> tuple[tuple[str, ...], ...]:
    """Of every stop; of those that some lane begins or ends at, the smallest first."""
    named = {stop.place.fence for stop in load.stops if stop.place.fence is not None}
    lanes = [card.lane for card in rules.cards.values() if card.in_use and card.lane is not None]
    ends = {end for lane in lanes for end in (lane.from_fence, lane.to_fence) if end is not None}
    if not named and not ends:
        return tuple(() for _ in load.stops)
    async with gateway.as_tenant(who) as conn:
        shapes = await journeys.fence_shapes(conn, named | ends)
    for i, stop in enumerate(load.stops):
        if stop.place.fence is not None and stop.place.fence not in shapes:
            says = f"there is no fence {stop.place.fence!r}"
            raise InvalidError.at(f"/stops/{i}/place/fence", says)
    found = {name: parse_shape(shape) for name, shape in shapes.items() if name in ends}
    by_size = sorted(found, key=lambda name: (encircled(found[name]).radius_m, name))
    index = FenceIndex({i: compile_shape(found[name]) for i, name in enumerate(by_size)})
    return _holding(index, by_size, (stop.place for stop in load.stops))


def _holding(
    index: FenceIndex, names: list[str], places: Iterable[Place]
) -> tuple[tuple[str, ...], ...]:
    at = list(places)
    lat, lon = np.array([p.lat for p in at]), np.array([p.lon for p in at])
    points, fences = index.holding(lat, lon)
    inside: list[list[int]] = [[] for _ in at]
    for point, fence in zip(points.tolist(), fences.tolist(), strict=True):
        inside[point].append(fence)
    return tuple(tuple(names[fence] for fence in sorted(found)) for found in inside)


async def _demand(gateway: Gateway, who: Principal, near: CellArray) -> tuple[int, int]:
    """Loads that wait and trucks that are free around a pickup, whoever asks."""
    policy = gateway.policy_of(who)
    async with gateway.system_pool.acquire() as conn:
        limit = policy.pricing.surge.counted_max
        waiting = await demand.waiting_pickups(conn, who.tenant_key, limit)
        taken = await demand.taken_trucks(conn, who.tenant_key)
    trucks = await gateway.actors.positions(who.tenant_key)
    is_there = statuses(
        trucks["ts_ms"],
        trucks["speed_kmh"],
        now_ms=int(time.time() * 1000),
        moving_kmh_min=policy.status.moving_kmh_min,
        offline_after_s=policy.status.offline_after_s,
    )
    is_free = (is_there != Status.OFFLINE) & ~np.isin(trucks["truck_key"], list(taken))
    pickups = np.array(waiting, dtype=np.float64).reshape(-1, 2)
    free = trucks[is_free]

    def count(lat: FloatArray, lon: FloatArray) -> int:
        return int(np.isin(cells_of(lat, lon, policy.pricing.surge.resolution), near).sum())

    return count(pickups[:, 0], pickups[:, 1]), count(free["lat"], free["lon"])
