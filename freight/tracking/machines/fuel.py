"""Fuel that was filled or that went missing: by medians while a truck stands."""

from __future__ import annotations

from math import inf
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace
from pydantic import Field, model_validator

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.machines.motion import Motion
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

Percent = Annotated[float, Field(gt=0, le=100)]
HOUR_MS = 3_600_000


class FuelRules(Rules):
    """Which changes of the fuel's level are told."""

    change_pct: Percent = key(
        "A change of the level by at least this is told.", who=Who.TENANT, live=True
    )
    noise_pct: Percent = key(
        "What differs from the level by no more than this is noise.", who=Who.TENANT, live=True
    )
    steady_pct: Percent = key(
        "Readings in a row that differ by no more than this are a level: their median.",
        who=Who.TENANT,
        live=True,
    )
    readings: Annotated[int, Field(ge=2, le=50)] = key(
        "So many readings in a row make a level ...", who=Who.TENANT, live=True
    )
    window_s: Annotated[float, Field(gt=0)] = key(
        "... spread over at least so much time.", who=Who.TENANT, live=True
    )
    drift_pct_per_h: Annotated[float, Field(ge=0)] = key(
        "A level that changes no faster drifts: by idling, air conditioning, warmth.",
        who=Who.TENANT,
        live=True,
    )

    @model_validator(mode="after")
    def _has_hysteresis(self) -> FuelRules:
        if self.noise_pct >= self.change_pct:
            raise ValueError("noise_pct must be less than change_pct")
        return self

    @property
    def apart_ms(self) -> int:
        return round(self.window_s * 1000.0 / (self.readings - 1))


class Fuel(msgspec.Struct, frozen=True, array_like=True):
    """The level, and readings that may become another one."""

    level_pct: float | None = None
    level_ms: int = 0
    here: bool = False  # the level was measured at this stop
    since_ms: int = 0  # the first of the readings that differ
    readings: tuple[float, ...] = ()
    read_ms: int = 0  # the last of them


START = Fuel()


def step(now: Fuel, moment: Moment, motion: Motion, around: Surroundings, facts: Facts) -> Fuel:
    """`motion` is what this fix has made of it. On the road fuel sloshes: no look at it there."""
    rules, fix = around.rules.fuel, moment.fix
    if not motion.standing:
        return _left(now, motion, rules, facts)
    pct = fix.fuel_pct
    if pct is None or motion.trip is not None or motion.rest is None:
        return now
    if now.readings and fix.ts_ms - now.read_ms < rules.apart_ms:
        return now
    if _is_noise(now, pct, rules):
        return replace(now, readings=()) if now.readings else now
    since_ms = now.since_ms if now.readings else fix.ts_ms
    readings = (*now.readings, pct)[-rules.readings :]
    now = replace(now, readings=readings, since_ms=since_ms, read_ms=fix.ts_ms)
    if len(readings) < rules.readings or max(readings) - min(readings) > rules.steady_pct:
        return now
    return _settled(now, fix.ts_ms, trips.stop_data(motion.rest), rules, facts)


def _is_noise(now: Fuel, pct: float, rules: FuelRules) -> bool:
    level_pct, noise_pct = now.level_pct, rules.noise_pct
    if level_pct is None or not now.here:
        return False
    return level_pct - noise_pct <= pct <= level_pct + noise_pct


def _settled(now: Fuel, ts_ms: int, place: dict[str, Any], rules: FuelRules, facts: Facts) -> Fuel:
    """The readings are a level."""
    after_pct, before_pct = median(now.readings), now.level_pct
    fresh = Fuel(after_pct, ts_ms, here=True)
    if before_pct is None:
        return fresh
    change_pct = after_pct - before_pct
    # What is missing after a drive was burnt.
    if abs(change_pct) >= rules.change_pct and (now.here or change_pct > 0):
        _tell(now, after_pct, place, facts)
        return fresh
    drift_pct = rules.drift_pct_per_h * (ts_ms - now.level_ms) / HOUR_MS
    if now.here and abs(change_pct) > drift_pct:
        return replace(now, readings=now.readings[1:])  # it may go on
    return fresh


def _left(now: Fuel, motion: Motion, rules: FuelRules, facts: Facts) -> Fuel:
    """A change whose end nobody saw, since the truck drove away."""
    if not now.here and not now.readings:
        return now
    seen = 2 * len(now.readings) > rules.readings
    if now.here and seen and now.level_pct is not None and motion.trip is not None:
        after_pct = median(now.readings)
        if abs(after_pct - now.level_pct) >= rules.change_pct:
            _tell(now, after_pct, trips.place(motion.trip), facts)
            now = replace(now, level_pct=after_pct)
    return replace(now, here=False, readings=())


def _tell(now: Fuel, after_pct: float, place: dict[str, Any], facts: Facts) -> None:
    before_pct = 0.0 if now.level_pct is None else now.level_pct
    kind = "truck.fuel.filled" if after_pct > before_pct else "truck.fuel.dropped"
    data = {
        "before_pct": round(before_pct, 1),
        "after_pct": round(after_pct, 1),
        "change_pct": round(after_pct - before_pct, 1),
        "standing": now.here,  # else: some time on the way here
    }
    facts.tell(kind, now.since_ms, place | data)


def outlook(now: Fuel, motion: Motion, around: Surroundings, out: Outlook) -> None:
    rules = around.rules.fuel
    if not motion.standing:
        return
    if now.readings:
        out.wake_at(now.read_ms + rules.apart_ms)
    elif now.here and now.level_pct is not None:
        out.fuel_pct_min = now.level_pct - rules.noise_pct
        out.fuel_pct_max = now.level_pct + rules.noise_pct
    else:  # any reading is news
        out.fuel_pct_min, out.fuel_pct_max = inf, -inf
