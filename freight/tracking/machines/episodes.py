"""Deviations as episodes: left where and when, farthest, rejoined, and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from freight.tracking import eta
from freight.tracking.facts import Facts
from freight.tracking.journeys import Journey
from freight.tracking.machines.following_rules import FollowingRules
from freight.tracking.sample import Moment

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

DEVIATED = "truck.route.deviated"
REJOINED = "truck.route.rejoined"
SPAN = "deviation"

MILLIMETRES = 1_000_000  # in a kilometre
MS_PER_HOUR = 3_600_000


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """A fix, and how far along the route its truck was."""

    ts_ms: int
    lat: float
    lon: float
    progress_m: float

    def said(self) -> dict[str, Any]:
        return {
            "ts_ms": self.ts_ms,
            "position": {"lat": self.lat, "lon": self.lon},
            "progress_km": round(self.progress_m / 1000.0, 3),
        }


class Away(msgspec.Struct, frozen=True, array_like=True):
    """Off all ways; nothing is told until it is sure."""

    left: Spot  # the last fix on the route
    since_ms: int  # the first one off it
    fixes: int = 0
    way_mm: int = 0  # driven since the route was left
    farthest_m: float = 0.0
    farthest_ms: int = 0
    farthest_lat: float = 0.0
    farthest_lon: float = 0.0
    told: dict[str, Any] | None = None
    # The first of the fixes that are back on the route, how many these are, and the way after it.
    back: Spot | None = None
    back_fixes: int = 0
    back_way_mm: int = 0

    @property
    def is_settled(self) -> bool:
        """Told, and no fix back on the route yet."""
        return self.told is not None and self.back is None


def added(away: Away, moment: Moment, off_m: float) -> Away:
    """A fix off the route, or off it again."""
    fix = moment.fix
    away = replace(
        away,
        fixes=away.fixes + 1,
        way_mm=away.way_mm + away.back_way_mm + moment.way_mm,
        back=None,
        back_fixes=0,
        back_way_mm=0,
    )
    if off_m <= away.farthest_m or off_m == float("inf"):
        return away
    return replace(
        away,
        farthest_m=off_m,
        farthest_ms=fix.ts_ms,
        farthest_lat=fix.lat,
        farthest_lon=fix.lon,
    )


def seen_back(away: Away, here: Spot, moment: Moment) -> Away:
    if away.back is None:
        return replace(away, back=here, back_fixes=1, way_mm=away.way_mm + moment.way_mm)
    way_mm = away.back_way_mm + moment.way_mm
    return replace(away, back_fixes=away.back_fixes + 1, back_way_mm=way_mm)


def is_sure(away: Away, ts_ms: int, rules: FollowingRules) -> bool:
    long_enough = ts_ms - away.since_ms >= rules.leave_s * 1000.0
    return away.told is None and long_enough and away.fixes >= rules.leave_fixes


def tell_deviated(away: Away, said: dict[str, Any], facts: Facts, about: str) -> Away:
    data = {**said, "left": away.left.said(), "off_m": round(away.farthest_m, 1)}
    facts.tell(DEVIATED, away.left.ts_ms, data, about)
    facts.span(SPAN, away.left.ts_ms, None, data, about)
    return replace(away, told=data)


def tell_rejoined(
    away: Away, said: dict[str, Any], journey: Journey, around: Surroundings, facts: Facts
) -> None:
    if away.back is None:
        return
    data = {**said, **_account(away, away.back, journey, around)}
    facts.tell(REJOINED, away.back.ts_ms, data, journey.id)
    facts.span(SPAN, away.left.ts_ms, away.back.ts_ms, data, journey.id)


def _account(away: Away, back: Spot, journey: Journey, around: Surroundings) -> dict[str, Any]:
    """What was driven, against what the route would have been."""
    skipped_m = back.progress_m - away.left.progress_m
    extra_mm = away.way_mm - round(skipped_m * 1000.0)
    took_ms = back.ts_ms - away.left.ts_ms
    planned_ms = eta.expected_ms(
        journey.ways[0].roads,
        (away.left.progress_m, back.progress_m),
        away.left.ts_ms,
        around.rules.eta,
        around.rules.driving_hours.time_zone,
    )
    extra_ms = took_ms - planned_ms
    farthest = {"lat": away.farthest_lat, "lon": away.farthest_lon}
    cost = extra_cost_paise(extra_mm, extra_ms, journey, around.rules.following)
    return {
        "left": away.left.said(),
        "farthest": {
            "ts_ms": away.farthest_ms,
            "position": farthest,
            "off_m": round(away.farthest_m, 1),
        },
        "rejoined": back.said(),
        "way_km": round(away.way_mm / MILLIMETRES, 3),
        "route_km": round(skipped_m / 1000.0, 3),
        "extra_km": round(extra_mm / MILLIMETRES, 3),
        "extra_minutes": round(extra_ms / 60_000.0, 1),
        "extra_cost": {"amount_minor": cost, "currency": "INR"},  # fixed: rules are in paise,
    }


def extra_cost_paise(extra_mm: int, extra_ms: int, journey: Journey, rules: FollowingRules) -> int:
    """Whole paise, halves rounded up; a shorter or quicker way earns nothing."""
    plan = journey.plan
    per_km = rules.paise_per_km if plan.paise_per_km is None else plan.paise_per_km
    per_hour = rules.paise_per_hour if plan.paise_per_hour is None else plan.paise_per_hour
    by_way = (2 * max(extra_mm, 0) * per_km + MILLIMETRES) // (2 * MILLIMETRES)
    by_time = (2 * max(extra_ms, 0) * per_hour + MS_PER_HOUR) // (2 * MS_PER_HOUR)
    return by_way + by_time
