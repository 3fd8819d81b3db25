"""Incidents as scripts: what happens to a truck on a trip, and the alert it must cause when."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.alerts_lives import HOUR, MINUTE, Driver, Expected

Script = Callable[[Driver], list[Expected]]
# Until fixes of so many seconds apart have shown what is so, and beyond what is expected.
SEEN_MS = 75_000
SLACK_MS = 90_000
CIRCLE_M = 900.0
REST_MS = 30 * MINUTE


def _one(driver: Driver, kind: str, due_ms: int, more_ms: int = SLACK_MS, **how: Any) -> Expected:
    return Expected(kind, driver.life.key, due_ms - SLACK_MS, due_ms + more_ms, **how)


def _calm(driver: Driver, from_ms: int, to_ms: int) -> None:
    driver.life.calm.append((from_ms - 40 * MINUTE, to_ms + 40 * MINUTE))


def long_stop(driver: Driver) -> list[Expected]:
    since_ms = driver.now_ms
    driver.stand(140 * MINUTE)
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "long_stoppage", since_ms + 90 * MINUTE, name="stands for 140 min")]


def creeping_stop(driver: Driver) -> list[Expected]:
    """It shuffles on after it was raised, and stands again: one alert."""
    since_ms = driver.now_ms
    driver.stand(110 * MINUTE)
    driver.drive(2 * MINUTE, 20.0)
    driver.stand(40 * MINUTE)
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "long_stoppage", since_ms + 90 * MINUTE, name="stands, shuffles, stands")]


def fuel_station(driver: Driver) -> list[Expected]:
    _fence(driver, "fuel", 0.0, 250.0)
    since_ms = driver.now_ms
    driver.stand(85 * MINUTE)
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "long_stoppage", since_ms + 60 * MINUTE, name="85 min at a pump")]


def speeding(driver: Driver) -> list[Expected]:
    since_ms = driver.now_ms
    took_ms = driver.drive(8 * MINUTE, 101.0)
    _calm(driver, since_ms, driver.now_ms)
    if took_ms < 6 * MINUTE:
        return []
    return [_one(driver, "overspeed", since_ms + MINUTE, 2 * MINUTE, name="101 km/h for 8 min")]


def speeding_on_and_off(driver: Driver) -> list[Expected]:
    """Four times within some minutes: one alert."""
    since_ms = driver.now_ms
    for _ in range(4):
        if driver.drive(4 * MINUTE, 97.0) < 4 * MINUTE:
            return []
        driver.drive(2 * MINUTE, 74.0)
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "overspeed", since_ms + MINUTE, 2 * MINUTE, name="97 km/h on and off")]


def speeding_unseen(driver: Driver) -> list[Expected]:
    """Without coverage, and learned when it was just over."""
    since_ms = driver.now_ms
    took_ms = driver.drive(7 * MINUTE, 99.0)
    end_ms = driver.now_ms
    driver.drive(6 * MINUTE, 50.0)
    driver.life.dead.append((since_ms - 3 * MINUTE, driver.now_ms - MINUTE))
    _calm(driver, since_ms, driver.now_ms)
    if took_ms < 6 * MINUTE:
        return []
    name = "speeding where nobody hears it"
    return [
        Expected(
            "overspeed", driver.life.key, end_ms, end_ms + 9 * MINUTE, name=name, is_live=False
        )
    ]


def silent(driver: Driver) -> list[Expected]:
    since_ms = driver.now_ms
    driver.drive(75 * MINUTE, 45.0)
    if driver.left_m <= 0:
        return []
    driver.life.mute.append((since_ms, driver.now_ms))
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "tracking_interrupted", since_ms + 30 * MINUTE, name="device off, 75 min")]


def no_coverage(driver: Driver) -> list[Expected]:
    """Long enough to be told; when the fixes come, there never was a silence."""
    since_ms = driver.now_ms
    driver.drive(55 * MINUTE, 45.0)
    if driver.left_m <= 0:
        return []
    driver.life.dead.append((since_ms, driver.now_ms))
    _calm(driver, since_ms, driver.now_ms)
    name = "no coverage, 55 min"
    return [_one(driver, "tracking_interrupted", since_ms + 30 * MINUTE, name=name)]


def off_route(driver: Driver) -> list[Expected]:
    since_ms = driver.now_ms
    driver.drive(22 * MINUTE, 40.0)
    if driver.left_m <= 0:
        return []
    driver.life.aside.append((since_ms, driver.now_ms, 2_500.0))
    _calm(driver, since_ms, driver.now_ms)
    name = "2.5 km off the route"
    return [_one(driver, "route_deviation", since_ms + 5 * MINUTE, 4 * MINUTE, name=name)]


def turned_round(driver: Driver) -> list[Expected]:
    if driver.at_m < 30_000:
        return []
    since_ms = driver.now_ms
    driver.back(14 * MINUTE, 50.0)
    _calm(driver, since_ms, driver.now_ms)
    return [_one(driver, "wrong_way", since_ms + 2 * MINUTE, 4 * MINUTE, name="drives back 12 km")]


def no_rest(driver: Driver) -> list[Expected]:
    if driver.trip is None or driver.trip.way.length_m < 310_000 or driver.at_m > 0:
        return []
    begin_ms = driver.now_ms
    driver.usual(driver.trip.way.length_m - 100, rests=False)
    _calm(driver, begin_ms, driver.now_ms)
    rested_ms, moved_ms = _until_rest(driver.trip.knots)
    if rested_ms - begin_ms < 5 * HOUR:
        return []
    # Waits in traffic count as driving or not.
    waits_ms = rested_ms - begin_ms - moved_ms
    due_ms = begin_ms + 5 * HOUR
    kind, is_asked = "continuous_driving", moved_ms >= 5 * HOUR + 10 * MINUTE
    # A parked device tells some minutes late that it has left.
    from_ms, to_ms = due_ms - 6 * MINUTE, due_ms + waits_ms + 10 * MINUTE
    name = "drives on and on"
    return [Expected(kind, driver.life.key, from_ms, to_ms, name=name, is_asked=is_asked)]


def _until_rest(knots: Sequence[tuple[int, float]]) -> tuple[int, int]:
    """When it rests for the first time, and how long it moved until then."""
    moved_ms = 0
    for (begin_ms, begin_m), (end_ms, end_m) in itertools.pairwise(knots):
        if begin_m == end_m and end_ms - begin_ms >= REST_MS:
            return begin_ms, moved_ms
        moved_ms += end_ms - begin_ms if begin_m != end_m else 0
    return knots[-1][0], moved_ms


def through_the_night(driver: Driver) -> list[Expected]:
    """It leaves late in the evening, and drives for an hour and a quarter of the night."""
    if driver.trip is None or driver.at_m > 0:
        return []
    day_began_ms = driver.now_ms - driver.day_ms
    driver.leave_at(day_began_ms + 22 * HOUR + driver.chance.randint(0, 30) * MINUTE)
    night_ms = day_began_ms + 23 * HOUR
    while driver.now_ms < night_ms + 75 * MINUTE:
        driver.drive(5 * MINUTE, 52.0)
    morning_ms = night_ms + 6 * HOUR + driver.chance.randint(10, 40) * MINUTE
    driver.stand(morning_ms - driver.now_ms)
    _calm(driver, night_ms - 30 * MINUTE, driver.now_ms)
    return [_one(driver, "night_driving", night_ms + 30 * MINUTE, 3 * MINUTE, name="after 11 pm")]


def into_forbidden(driver: Driver) -> list[Expected]:
    return _into(driver, "restricted", "geofence_breach", "into a restricted area")


def into_no_entry(driver: Driver) -> list[Expected]:
    return _into(driver, "no_entry", "no_entry", "into a no-entry area")


def _into(driver: Driver, fence_kind: str, kind: str, name: str) -> list[Expected]:
    if driver.left_m < 20_000:
        return []
    begin_ms = driver.now_ms
    _fence(driver, fence_kind, 6_000.0, CIRCLE_M)
    driver.drive(12 * MINUTE, 40.0)
    into_ms = begin_ms + round((6_000.0 - CIRCLE_M) / (40.0 / 3600.0))
    _calm(driver, begin_ms, driver.now_ms)
    return [_one(driver, kind, into_ms, 3 * MINUTE, name=name)]


def fuel_theft(driver: Driver) -> list[Expected]:
    since_ms = driver.now_ms
    driver.stand(82 * MINUTE)
    lost_ms = since_ms + 27 * MINUTE
    driver.life.fuel_lost.append((lost_ms, lost_ms + 5 * MINUTE, 22.0))
    _calm(driver, since_ms, driver.now_ms)
    # A level is known by five readings, which a parked device sends five minutes apart.
    return [_one(driver, "fuel_drop", lost_ms, 55 * MINUTE, name="22 % of the tank at a stop")]


def panic(driver: Driver) -> list[Expected]:
    at_ms = driver.now_ms
    driver.life.alarms += [(at_ms + nr * MINUTE, 1) for nr in range(4)]
    driver.drive(10 * MINUTE, 30.0)
    _calm(driver, at_ms, driver.now_ms)
    return [_one(driver, "panic", at_ms, SEEN_MS, name="panic button, said four times")]


def panic_unseen(driver: Driver) -> list[Expected]:
    at_ms = driver.now_ms
    driver.life.alarms.append((at_ms, 1))
    driver.drive(14 * MINUTE, 40.0)
    driver.life.dead.append((at_ms - 2 * MINUTE, driver.now_ms))
    _calm(driver, at_ms, driver.now_ms)
    name = "panic button where nobody hears it"
    to_ms = driver.now_ms + 3 * MINUTE
    return [Expected("panic", driver.life.key, at_ms, to_ms, name=name, is_live=False)]


def unplugged(driver: Driver) -> list[Expected]:
    at_ms = driver.now_ms
    driver.drive(25 * MINUTE, 45.0)
    driver.life.unplugged.append((at_ms, driver.now_ms))
    _calm(driver, at_ms, driver.now_ms)
    return [_one(driver, "tampering", at_ms, SEEN_MS, name="device cut off from the battery")]


def _fence(driver: Driver, kind: str, ahead_m: float, radius_m: float) -> None:
    """Only this truck is held to it: others may drive here."""
    if driver.trip is None:
        return
    lat, lon, _ = driver.trip.way.at(np.array([driver.at_m + ahead_m]))
    life = driver.life
    life.fences.append(
        {
            "fence_id": f"F{life.key}-{len(life.fences)}",
            "kind": kind,
            "shape": {
                "center": {"lat": float(lat[0]), "lon": float(lon[0])},
                "radius_m": radius_m,
            },
            "truck_classes": (f"C{life.key}",),
        }
    )


# On the way; those that shape a whole trip stand in `WHOLE`.
ON_THE_WAY: Sequence[Script] = (
    long_stop,
    creeping_stop,
    fuel_station,
    speeding,
    speeding_on_and_off,
    speeding_unseen,
    silent,
    no_coverage,
    off_route,
    turned_round,
    into_forbidden,
    into_no_entry,
    fuel_theft,
    panic,
    panic_unseen,
    unplugged,
)
WHOLE: Sequence[Script] = (no_rest, through_the_night)
