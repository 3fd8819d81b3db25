"""A week of trucks by seed: trips, scripted incidents, and fixes as bad radio delivers them."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection
from typing import Any

import numpy as np

from bench.alerts_convoys import convoys
from bench.alerts_fixes import fixes_of
from bench.alerts_lives import (
    DAY,
    HOUR,
    IST_MS,
    MINUTE,
    START_MS,
    Driver,
    Expected,
    Floats,
    Life,
    Trip,
    Way,
)
from bench.alerts_lives import ways as drawn_ways
from bench.alerts_places import AHEAD_M, centers, is_apart, passages, yards
from bench.alerts_scripts import ON_THE_WAY, WHOLE, Script
from freight.fixes import FixArray
from freight.tracking.journeys import LINE_PRECISION, JourneyPlan, Line
from geo.polyline import encode
from geo.roads import read_roads

INCIDENT_SHARE = 0.16  # of trips


@dataclasses.dataclass(slots=True)
class Week:
    lives: dict[int, Life]
    expected: list[Expected]
    fixes: FixArray  # as they come in
    start_ms: int
    end_ms: int
    yards: list[dict[str, Any]]


def week(trucks: int, days: int, seed: int, only: Collection[int] = ()) -> Week:
    """`only` these of its trucks say anything; what happens to them is the same."""
    roads = drawn_ways(read_roads(), seed, max(4, min(60, trucks // 3)))
    chance = random.Random(seed)
    end_ms = START_MS + days * DAY
    lives = {key: Life(key) for key in range(1, trucks + 1)}
    drawn = yards(roads)
    expected: list[Expected] = []
    scripts = _deck(chance)
    for life in lives.values():
        driver = Driver(life, random.Random(f"{seed} {life.key}"), START_MS + 5 * HOUR)
        _live(driver, roads, end_ms, scripts, expected, centers(drawn))
    convoys(lives, roads, chance, expected, centers(drawn))
    if only:
        lives = {key: life for key, life in lives.items() if key in only}
        expected = [one for one in expected if one.truck in only]
    expected += [one for life in lives.values() for one in passages(life, end_ms, expected)]
    fixes = [
        fixes_of(life, end_ms, np.random.default_rng([seed, life.key])) for life in lives.values()
    ]
    all_fixes = np.concatenate(fixes)
    all_fixes = all_fixes[np.argsort(all_fixes["received_ms"], kind="stable")]
    # What comes last is right, and the end of the week may come before it.
    sure = [_asked_before(one, end_ms - HOUR) for one in expected]
    return Week(lives, sure, all_fixes, START_MS, end_ms, drawn)


def _asked_before(one: Expected, ms: int) -> Expected:
    return dataclasses.replace(one, is_asked=one.is_asked and one.to_ms < ms)


def _deck(chance: random.Random) -> list[Script]:
    """Each script as often as any other, in a mixed order."""
    deck = [*ON_THE_WAY] * 4 + [*WHOLE] * 10 + [_late_start] * 4 + [_in_vain] * 4
    chance.shuffle(deck)
    return deck


def _live(  # noqa: PLR0917 - all that a life is made of
    driver: Driver,
    roads: list[Way],
    end_ms: int,
    deck: list[Script],
    expected: list[Expected],
    known: Floats,
) -> None:
    chance = driver.chance
    driver.now_ms += chance.randint(10, 100) * MINUTE
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
        expected += _trip(driver, way, script, known)
        way = way.back()
        driver.now_ms += chance.randint(60, 200) * MINUTE


def _trip(driver: Driver, way: Way, script: Script | None, known: Floats) -> list[Expected]:
    life, now_ms = driver.life, driver.now_ms
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
    elif script is not None and _is_ready(driver, known):
        found = script(driver)
    driver.usual(way.length_m)
    trip.arrives_ms = driver.now_ms
    return found


def _is_ready(driver: Driver, known: Floats) -> bool:
    """Some way on, by day, rested, and away from known places and from what happened to it before:
    two incidents that meet would be neither of them."""
    if driver.trip is None:
        return False
    way, others = driver.trip.way, np.append(known, centers(driver.life.fences), axis=0)
    driver.usual(way.length_m * driver.chance.uniform(0.2, 0.6))
    while driver.day_ms > 18 * HOUR or driver.day_ms < 6 * HOUR:
        driver.usual(driver.at_m + 9_000)
        if driver.left_m < 60_000:
            return False
    if driver.driven_ms > HOUR:
        driver.stand(45 * MINUTE)
    driver.drive(12 * MINUTE, 45.0)
    while driver.left_m > 60_000 and not is_apart(way, driver.at_m + AHEAD_M, others):
        driver.drive(2 * MINUTE, 45.0)
        if driver.driven_ms > 2 * HOUR:
            return False
    return driver.left_m > 60_000


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


def plan_of(trip: Trip) -> JourneyPlan:
    return JourneyPlan(
        trip.from_ms,
        Line(encode(trip.way.shape, LINE_PRECISION)),
        start_by_ms=trip.start_by_ms,
        promised_to_ms=trip.promised_ms,
    )


def clock(ms: int) -> str:
    """Day and time in India, for people who look for what went wrong."""
    minutes = (ms + IST_MS) % DAY // MINUTE
    return f"day {(ms - START_MS) // DAY} {minutes // 60:02}:{minutes % 60:02}"
