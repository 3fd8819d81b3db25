"""Convoys: trucks that are stopped at one place one after another, until all may go on."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from bench.alerts_lives import HOUR, MINUTE, START_MS, Driver, Expected, Floats, Life, Trip, Way
from bench.alerts_places import is_apart

CONVOY = 4
CONVOY_EVERY = 60  # trucks
GAP_M = 60.0
TRIES = 200


def convoys(
    lives: dict[int, Life],
    roads: Sequence[Way],
    chance: random.Random,
    expected: list[Expected],
    others: Floats,
) -> None:
    """Of some trucks, whose week is about nothing else; away from each other and the `others`."""
    for first in range(1, len(lives) - CONVOY, CONVOY_EVERY):
        way, held_m = _spot(roads, chance, others)
        lat, lon, _ = way.at(np.array([held_m]))
        others = np.append(others, np.stack([lat, lon], axis=1), axis=0)
        mine = [lives[first + nr] for nr in range(CONVOY)]
        gone = {life.key for life in mine}
        expected[:] = [one for one in expected if one.truck not in gone]
        expected.append(_convoy(mine, way, held_m, chance))


def _spot(roads: Sequence[Way], chance: random.Random, others: Floats) -> tuple[Way, float]:
    for _ in range(TRIES):
        way = chance.choice(roads)
        held_m = min(way.length_m * 0.5, chance.uniform(60_000.0, 110_000.0))
        if is_apart(way, np.array([held_m]), others):
            return way, held_m
    raise ValueError("there is no room for so many convoys")


def _convoy(lives: list[Life], way: Way, held_m: float, chance: random.Random) -> Expected:
    drivers, came = [], []
    for nr, life in enumerate(lives):
        for each in (life.trips, life.aside, life.mute, life.dead, life.alarms, life.unplugged):
            each.clear()
        life.fuel_lost.clear()
        life.calm.clear()
        life.fences.clear()
        driver = Driver(life, chance, START_MS + 7 * HOUR + nr * 3 * MINUTE)
        trip = Trip(way, driver.now_ms - 30 * MINUTE, driver.now_ms + 45 * MINUTE)
        trip.departs_ms, trip.promised_ms = driver.now_ms, driver.now_ms + 90 * HOUR
        life.trips.append(trip)
        driver.begin(trip)
        mine_m = held_m + nr * GAP_M
        while driver.at_m < mine_m:
            driver.drive(MINUTE, min(50.0, (mine_m - driver.at_m) * 60.0 / 1000.0 + 5))
        drivers.append(driver)
        came.append(driver.now_ms)
    free_ms = max(came) + 45 * MINUTE
    for driver in drivers:
        driver.stand(free_ms - driver.now_ms)
        driver.usual(way.length_m)
        driver.life.trips[-1].arrives_ms = driver.now_ms
        driver.life.calm.append((min(came) - HOUR, free_ms + HOUR))
    due_ms = sorted(came)[2] + 20 * MINUTE
    return Expected(
        "several_trucks",
        lives[0].key,
        due_ms - 2 * MINUTE,
        due_ms + 3 * MINUTE,
        "four trucks held at one place",
        others=tuple(life.key for life in lives[1:]),
    )
