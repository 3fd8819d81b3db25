"""A week of trucks by seed: trips, scripted incidents, and fixes as bad radio delivers them."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np

from bench.alerts_fixes import EVERY_S, fixes_of, place
from bench.alerts_lives import (
    DAY,
    HOUR,
    IST_MS,
    MINUTE,
    START_MS,
    Driver,
    Expected,
    Life,
    Trip,
    Way,
)
from bench.alerts_lives import ways as drawn_ways
from bench.alerts_scripts import ON_THE_WAY, WHOLE, Script
from freight.fixes import FixArray
from freight.tracking.journeys import LINE_PRECISION, JourneyPlan, Line
from geo.point import haversine_m
from geo.polyline import encode
from geo.roads import read_roads

INCIDENT_SHARE = 0.16  # of trips
CONVOY = 4
CONVOY_EVERY = 60  # trucks
YARD_M = 900.0


@dataclasses.dataclass(slots=True)
class Week:
    lives: dict[int, Life]
    expected: list[Expected]
    fixes: FixArray  # as they come in
    start_ms: int
    end_ms: int
    yards: list[dict[str, Any]]


def week(trucks: int, days: int, seed: int) -> Week:
    roads = drawn_ways(read_roads(), seed, max(4, min(60, trucks // 3)))
    chance = random.Random(seed)
    end_ms = START_MS + days * DAY
    lives = {key: Life(key) for key in range(1, trucks + 1)}
    expected: list[Expected] = []
    scripts = _deck(chance)
    for life in lives.values():
        _live(life, roads, end_ms, random.Random(f"{seed} {life.key}"), scripts, expected)
    for first in range(1, trucks - CONVOY, CONVOY_EVERY):
        _convoy([lives[first + nr] for nr in range(CONVOY)], roads, chance, expected)
    expected += [one for life in lives.values() for one in _passages(life, end_ms)]
    fixes = [
        fixes_of(life, end_ms, np.random.default_rng([seed, life.key])) for life in lives.values()
    ]
    all_fixes = np.concatenate(fixes)
    all_fixes = all_fixes[np.argsort(all_fixes["received_ms"], kind="stable")]
    kept = [one for one in expected if one.to_ms < end_ms - HOUR]
    return Week(lives, kept, all_fixes, START_MS, end_ms, _yards(roads))


def _deck(chance: random.Random) -> list[Script]:
    """Each script as often as any other, in a mixed order."""
    deck = [*ON_THE_WAY] * 4 + [*WHOLE] * 10 + [_late_start] * 4 + [_in_vain] * 4
    chance.shuffle(deck)
    return deck


def _live(  # noqa: PLR0917 - all that a life is made of
    life: Life,
    roads: list[Way],
    end_ms: int,
    chance: random.Random,
    deck: list[Script],
    expected: list[Expected],
) -> None:
    driver = Driver(life, chance, START_MS + 5 * HOUR + chance.randint(10, 100) * MINUTE)
    way = chance.choice(roads)
    while driver.now_ms < end_ms:
        if not 5 * HOUR <= driver.day_ms <= 15 * HOUR:
            morning_ms = driver.now_ms - driver.day_ms + 5 * HOUR
            morning_ms += DAY if driver.day_ms > 5 * HOUR else 0
            driver.now_ms = morning_ms + chance.randint(5, 150) * MINUTE
        script = None
        if chance.random() < INCIDENT_SHARE and driver.now_ms > START_MS + 6 * HOUR:
            script = deck[0]
            deck.append(deck.pop(0))
        expected += _trip(driver, way, script)
        way = way.back()
        driver.now_ms += chance.randint(60, 200) * MINUTE


def _trip(driver: Driver, way: Way, script: Script | None) -> list[Expected]:
    life, chance, now_ms = driver.life, driver.chance, driver.now_ms
    planned_ms = round(way.length_m / (48.0 / 3600.0))
    trip = Trip(way, now_ms - 30 * MINUTE, now_ms + 45 * MINUTE)
    trip.departs_ms, trip.promised_ms = now_ms, now_ms + 3 * planned_ms + 30 * HOUR
    life.trips.append(trip)
    found: list[Expected] = []
    if script in {_late_start, _in_vain}:
        driver.trip = trip
        found = script(driver)
        script = None
    driver.begin(trip)
    if script in WHOLE:
        found = script(driver)  # type: ignore[misc]
    elif script is not None:
        at_m = way.length_m * chance.uniform(0.2, 0.6)
        driver.usual(at_m)
        while driver.day_ms > 18 * HOUR or driver.day_ms < 6 * HOUR:
            driver.usual(driver.at_m + 9_000)
            if driver.left_m < 60_000:
                script = None
                break
        if script is not None and driver.left_m > 60_000:
            if driver.driven_ms > HOUR:
                driver.stand(45 * MINUTE)
            driver.drive(12 * MINUTE, 45.0)
            found = script(driver)
    driver.usual(way.length_m)
    trip.arrives_ms = driver.now_ms
    return found


def _late_start(driver: Driver) -> list[Expected]:
    trip = driver.trip
    if trip is None:
        return []
    trip.departs_ms += 150 * MINUTE
    life = driver.life
    life.calm.append((trip.from_ms, trip.departs_ms))
    due_ms = trip.start_by_ms + 15 * MINUTE
    # A parked device speaks every five minutes.
    return [
        Expected(
            "trip_not_started", life.key, due_ms - MINUTE, due_ms + 7 * MINUTE, "does not leave"
        )
    ]


def _in_vain(driver: Driver) -> list[Expected]:
    trip = driver.trip
    if trip is None:
        return []
    trip.promised_ms = trip.departs_ms + round(trip.way.length_m / (95.0 / 3600.0))
    driver.life.calm.append((trip.departs_ms, trip.departs_ms + HOUR))
    begin_ms = trip.departs_ms
    name = "promised sooner than it can drive"
    return [Expected("promise_at_risk", driver.life.key, begin_ms, begin_ms + 90 * MINUTE, name)]


def _convoy(
    lives: list[Life], roads: list[Way], chance: random.Random, expected: list[Expected]
) -> None:
    """Trucks that are stopped at one place one after another, until all may go on."""
    gone = {life.key for life in lives}
    expected[:] = [one for one in expected if one.truck not in gone]
    way, began_ms = chance.choice(roads), START_MS + 7 * HOUR
    held_m = min(way.length_m * 0.5, 90_000.0)
    drivers, came = [], []
    for nr, life in enumerate(lives):
        life.trips.clear()
        for each in (life.aside, life.mute, life.dead, life.alarms, life.unplugged):
            each.clear()
        life.fuel_lost.clear()
        life.calm.clear()
        life.fences.clear()
        driver = Driver(life, chance, began_ms + nr * 3 * MINUTE)
        trip = Trip(way, driver.now_ms - 30 * MINUTE, driver.now_ms + 45 * MINUTE)
        trip.departs_ms, trip.promised_ms = driver.now_ms, driver.now_ms + 90 * HOUR
        life.trips.append(trip)
        driver.begin(trip)
        while driver.at_m < held_m + nr * 60.0:
            driver.drive(MINUTE, min(50.0, (held_m + nr * 60.0 - driver.at_m) * 60.0 / 1000.0 + 5))
        drivers.append(driver)
        came.append(driver.now_ms)
    free_ms = max(came) + 45 * MINUTE
    for driver in drivers:
        driver.stand(free_ms - driver.now_ms)
        driver.usual(way.length_m)
        driver.life.trips[-1].arrives_ms = driver.now_ms
        driver.life.calm.append((min(came) - HOUR, free_ms + HOUR))
    due_ms = sorted(came)[2] + 20 * MINUTE
    others = tuple(life.key for life in lives[1:])
    expected.append(
        Expected(
            "several_trucks",
            lives[0].key,
            due_ms - 2 * MINUTE,
            due_ms + 3 * MINUTE,
            "four trucks held at one place",
            others=others,
        )
    )


def _yards(roads: list[Way]) -> list[dict[str, Any]]:
    ends = {tuple(np.round(way.shape[i], 4).tolist()) for way in roads for i in (0, -1)}
    return [
        {
            "fence_id": f"Y{nr}",
            "kind": "depot",
            "shape": {"center": {"lat": lat, "lon": lon}, "radius_m": YARD_M},
        }
        for nr, (lat, lon) in enumerate(sorted(ends))
    ]


def plan_of(trip: Trip) -> JourneyPlan:
    return JourneyPlan(
        trip.from_ms,
        Line(encode(trip.way.shape, LINE_PRECISION)),
        start_by_ms=trip.start_by_ms,
        promised_to_ms=trip.promised_ms,
    )


def _passages(life: Life, end_ms: int) -> list[Expected]:
    """Whenever else it drives through an area that is closed to it, on its way back for one."""
    kinds = {"restricted": "geofence_breach", "no_entry": "no_entry"}
    closed = [fence for fence in life.fences if fence["kind"] in kinds]
    if not closed:
        return []
    ts = np.arange(START_MS, end_ms, EVERY_S * 1000)
    lat, lon, head, kmh = (np.zeros(len(ts)) for _ in range(4))
    place(life, ts, lat, lon, head, kmh, np.zeros(len(ts), dtype=np.int64))
    found = []
    for fence in closed:
        at = fence["shape"]["center"]
        inside = haversine_m(lat, lon, at["lat"], at["lon"]) <= fence["shape"]["radius_m"] + 500.0
        begun = inside & ~np.append(False, inside[:-1])
        found += [
            Expected(
                kinds[fence["kind"]],
                life.key,
                ms - 3 * MINUTE,
                ms + 40 * MINUTE,
                "passes again",
                is_live=False,
                is_asked=False,
            )
            for ms in ts[begun].tolist()
        ]
    return found


def clock(ms: int) -> str:
    """Day and time in India, for people who look for what went wrong."""
    minutes = (ms + IST_MS) % DAY // MINUTE
    return f"day {(ms - START_MS) // DAY} {minutes // 60:02}:{minutes % 60:02}"
