"""Faster than allowed, for longer than a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace
from pydantic import Field, model_validator

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class SpeedingRules(Rules):
    """When a truck is too fast."""

    limit_kmh: Positive = key("No truck may be faster.", who=Who.TENANT, live=True)
    class_limits_kmh: dict[str, Positive] = key(
        "Nor may a truck of such a class.", who=Who.TENANT, live=True
    )
    over_kmh: NotNegative = key(
        "A truck is too fast when it is faster than its limit by more than this ...",
        who=Who.TENANT,
        live=True,
    )
    under_kmh: float = key(
        "... until it is faster by no more than this; below zero: slower than its limit.",
        who=Who.TENANT,
        live=True,
    )
    for_s: NotNegative = key("It is told when it lasts so long.", who=Who.TENANT, live=True)
    gap_s: Positive = key(
        "What was too fast before a longer silence is over with the last fix before it.",
        who=Who.TENANT,
        live=True,
    )
    implied_s_min: Positive = key(
        "Where the device says no speed, that from the way to the fix before counts if so much "
        "time lies between; over less the receiver's noise is fast.",
        who=Who.TENANT,
        live=True,
    )

    @model_validator(mode="after")
    def _has_hysteresis(self) -> SpeedingRules:
        if self.under_kmh > self.over_kmh:
            raise ValueError("under_kmh must be at most over_kmh")
        return self


class Speeding(msgspec.Struct, frozen=True, array_like=True):
    """Too fast since a time, perhaps not yet for long enough to be told."""

    since_ms: int | None = None
    lat: float = 0.0
    lon: float = 0.0
    limit_kmh: float = 0.0
    speed_kmh_max: float = 0.0
    way_mm: int = 0
    told: bool = False


START = Speeding()


def step(
    now: Speeding, moment: Moment, fences_kmh: float | None, around: Surroundings, facts: Facts
) -> Speeding:
    """`fences_kmh` is the least that the fences allow in which the truck is."""
    rules, fix, before = around.rules.speeding, moment.fix, moment.before
    if now.since_ms is not None and before is not None and _is_silence(moment, rules):
        now = _ended(now, before.ts_ms, facts)
    speed_kmh, limit_kmh = _speed_kmh(moment, rules), limit_of(fences_kmh, around)
    if speed_kmh is None:
        return now if now.since_ms is None else replace(now, way_mm=now.way_mm + moment.way_mm)
    if now.since_ms is None:
        if speed_kmh <= limit_kmh + rules.over_kmh:
            return now
        now = Speeding(fix.ts_ms, fix.lat, fix.lon, limit_kmh, speed_kmh)
    elif speed_kmh <= limit_kmh + rules.under_kmh:
        return _ended(replace(now, way_mm=now.way_mm + moment.way_mm), fix.ts_ms, facts)
    else:
        fastest = max(now.speed_kmh_max, speed_kmh)
        now = replace(now, speed_kmh_max=fastest, way_mm=now.way_mm + moment.way_mm)
    return _told_if_due(now, fix.ts_ms, rules, facts)


def limit_of(fences_kmh: float | None, around: Surroundings) -> float:
    """The least of all that hold for the truck here."""
    rules = around.rules.speeding
    by_class = rules.class_limits_kmh.get(around.truck_class or "", rules.limit_kmh)
    return min(rules.limit_kmh, by_class, rules.limit_kmh if fences_kmh is None else fences_kmh)


def _speed_kmh(moment: Moment, rules: SpeedingRules) -> float | None:
    if moment.fix.speed_kmh is None and moment.elapsed_ms < rules.implied_s_min * 1000.0:
        return None
    return moment.speed_kmh


def _is_silence(moment: Moment, rules: SpeedingRules) -> bool:
    return moment.elapsed_ms > rules.gap_s * 1000.0


def _told_if_due(now: Speeding, ts_ms: int, rules: SpeedingRules, facts: Facts) -> Speeding:
    since_ms = now.since_ms
    if now.told or since_ms is None or ts_ms - since_ms < rules.for_s * 1000.0:
        return now
    facts.tell("truck.overspeed.started", since_ms, _data(now))
    facts.span("overspeed", since_ms, None, _data(now))
    return replace(now, told=True)


def _ended(now: Speeding, ts_ms: int, facts: Facts) -> Speeding:
    if now.told and now.since_ms is not None:
        data = _data(now) | {
            "duration_s": (ts_ms - now.since_ms) // 1000,
            "distance_km": round(now.way_mm / trips.MM_PER_KM, 3),
        }
        facts.tell("truck.overspeed.ended", ts_ms, data)
        facts.span("overspeed", now.since_ms, ts_ms, data)
    return START


def _data(now: Speeding) -> dict[str, Any]:
    return {
        "lat": round(now.lat, trips.PLACE_DECIMALS),
        "lon": round(now.lon, trips.PLACE_DECIMALS),
        "limit_kmh": round(now.limit_kmh, 1),
        "speed_kmh_max": round(now.speed_kmh_max, 1),
    }


def outlook(now: Speeding, fences_kmh: float | None, around: Surroundings, out: Outlook) -> None:
    if now.since_ms is not None:
        out.wake_now()
    else:
        out.keep_speed(below_kmh=limit_of(fences_kmh, around) + around.rules.speeding.over_kmh)
