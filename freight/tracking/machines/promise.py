"""When a truck is expected to arrive, as it drives, and whether that breaks its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from freight.tracking import eta
from freight.tracking.eta import Ahead, EtaRules, Forecast
from freight.tracking.facts import Facts
from freight.tracking.journeys import Journey
from freight.tracking.machines.following import Following
from freight.tracking.outlook import Outlook

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

AT_RISK = "truck.promise.at_risk"
SAFE = "truck.promise.safe"
SPAN = "promise_at_risk"
PROBABILITY_DECIMALS = 3
METRES = 1000.0  # in a kilometre
SHARES = (50, 80, 95)


class Driven(msgspec.Struct, frozen=True, array_like=True):
    """What the truck drove within one hour on roads of one class."""

    hour: int  # since the epoch
    road: str
    metres: int
    took_ms: int
    expected_ms: int  # of trucks in general


class Expected(msgspec.Struct, frozen=True, array_like=True):
    """The arrival as it was expected when it was looked at last."""

    looked_ms: int
    p50_ms: int
    p80_ms: int
    p95_ms: int
    remaining_m: int
    late_share: float | None  # with which probability it breaks the promise


class Promise(msgspec.Struct, frozen=True, array_like=True):
    driven: tuple[Driven, ...] = ()  # the oldest first
    expected: Expected | None = None
    at_risk_ms: int | None = None
    journey: str | None = None


START = Promise()


class Drive(msgspec.Struct, frozen=True):
    """How the route was followed before and after a fix."""

    ts_ms: int
    before: Following
    after: Following
    driven_ms: int  # since the driver's last rest


def step(now: Promise, drive: Drive, around: Surroundings, facts: Facts) -> Promise:
    ts_ms, at = drive.ts_ms, drive.after
    if now.journey != at.journey or not at.is_under_way:
        now = _let_go(now, ts_ms, facts)
    journey = around.journeys.at(around.truck_key, ts_ms)
    if journey is None or not at.is_under_way:
        return now
    driven = _learned(now, drive, journey, around)
    if driven is not now.driven or now.journey != at.journey:
        now = replace(now, journey=at.journey, driven=driven)
    if now.expected is not None and ts_ms < _next_ms(now.expected, around):
        return now
    outcome = _forecast(now, drive, journey, around)
    late_share = None
    if journey.plan.promised_to_ms is not None:
        later = outcome.probability_later(journey.plan.promised_to_ms)
        late_share = round(later, PROBABILITY_DECIMALS)
    p50_ms, p80_ms, p95_ms = (outcome.arrival_ms(share) for share in SHARES)
    remaining_m = round(max(0.0, journey.length_m - at.progress_m(journey)))
    expected = Expected(ts_ms, p50_ms, p80_ms, p95_ms, remaining_m, late_share)
    return _judged(replace(now, expected=expected), expected, journey, around, facts)


def _next_ms(expected: Expected, around: Surroundings) -> int:
    every_ms = round(around.rules.following.look_s * 1000.0)
    return (expected.looked_ms // every_ms + 1) * every_ms


def outlook(now: Promise, at: Following, around: Surroundings, out: Outlook) -> None:
    """What follows the route looks in time wherever the truck drives; this is for one that stands
    beside it.
    """
    if at.is_under_way and now.expected is not None:
        out.wake_at(_next_ms(now.expected, around))


def _let_go(now: Promise, ts_ms: int, facts: Facts) -> Promise:
    if now.at_risk_ms is not None:
        facts.span(SPAN, now.at_risk_ms, ts_ms, {"journey": now.journey}, now.journey or "")
    return Promise(now.driven)


# --------------------------------------------------------------------------------- own pace


def _learned(
    now: Promise, drive: Drive, journey: Journey, around: Surroundings
) -> tuple[Driven, ...]:
    """With the section that the truck has just driven, and without what is long ago."""
    # Between two looks the way that was driven is not known to be longer.
    section = None if drive.before is drive.after else _section(drive, journey, around)
    if section is None:
        return now.driven
    rules = around.rules.eta
    kept = [d for d in now.driven if d.hour > section.hour - rules.own_hours]
    for i, driven in enumerate(kept):
        if (driven.hour, driven.road) == (section.hour, section.road):
            kept[i] = replace(
                driven,
                metres=driven.metres + section.metres,
                took_ms=driven.took_ms + section.took_ms,
                expected_ms=driven.expected_ms + section.expected_ms,
            )
            return tuple(kept)
    return (*kept, section)


def _section(drive: Drive, journey: Journey, around: Surroundings) -> Driven | None:
    before, after = drive.before, drive.after
    same = (before.journey, before.version, before.way) == (
        after.journey,
        after.version,
        after.way,
    )
    if not same or not before.is_under_way or before.away is not None or after.away is not None:
        return None
    if not before.driving or not after.driving:
        return None  # there is a halt in it
    metres, took_ms = after.last_m - before.last_m, after.at_ms - before.at_ms
    if took_ms <= 0 or metres / took_ms < around.rules.eta.own_kmh_min * eta.ONE_KMH:
        return None
    roads = journey.ways[after.way].roads
    zone = around.rules.driving_hours.time_zone
    expected_ms = eta.expected_ms(
        roads, (before.last_m, after.last_m), before.at_ms, around.rules.eta, zone
    )
    road = [name for from_m, name in roads if from_m <= before.last_m][-1]
    return Driven(before.at_ms // eta.HOUR_MS, road, round(metres), took_ms, expected_ms)


def pace_of(driven: tuple[Driven, ...], road: str | None, usual: float, rules: EtaRules) -> float:
    """How much faster than trucks in general; the less it drove, the more `usual`."""
    mine = [d for d in driven if road is None or d.road == road]
    took_ms = sum(d.took_ms for d in mine)
    if not took_ms:
        return usual
    own = sum(d.expected_ms for d in mine) / took_ms
    km = sum(d.metres for d in mine) / METRES
    counts = km / (km + rules.own_km)
    return counts * own + (1.0 - counts) * usual


# ---------------------------------------------------------------------------------- the arrival


def _forecast(now: Promise, drive: Drive, journey: Journey, around: Surroundings) -> Forecast:
    rules, main = around.rules.eta, journey.ways[0]
    usual = pace_of(now.driven, None, 1.0, rules)
    pace = {d.road: pace_of(now.driven, d.road, usual, rules) for d in now.driven}
    ahead = Ahead(
        main.roads,
        drive.after.progress_m(journey),
        journey.length_m,
        tuple((stop.progress_m, stop.planned.halt_s) for stop in journey.stops),
        drive.driven_ms,
        pace,
        usual,
    )
    return eta.forecast(ahead, drive.ts_ms, rules, around.rules.driving_hours.time_zone)


def _judged(
    now: Promise, expected: Expected, journey: Journey, around: Surroundings, facts: Facts
) -> Promise:
    share, rules = expected.late_share, around.rules.eta
    if share is None:
        return now
    data = _said(expected, journey)
    if now.at_risk_ms is None and share >= rules.at_risk_share:
        facts.tell(AT_RISK, expected.looked_ms, data, journey.id)
        facts.span(SPAN, expected.looked_ms, None, data, journey.id)
        return replace(now, at_risk_ms=expected.looked_ms)
    if now.at_risk_ms is not None and share <= rules.safe_share:
        facts.tell(SAFE, expected.looked_ms, data, journey.id)
        facts.span(SPAN, now.at_risk_ms, expected.looked_ms, data, journey.id)
        return replace(now, at_risk_ms=None)
    return now


def _said(expected: Expected, journey: Journey) -> dict[str, Any]:
    return {
        "journey": journey.id,
        "journey_version": journey.version,
        "promised_to_ms": journey.plan.promised_to_ms,
        "probability": expected.late_share,
        "p50_ms": expected.p50_ms,
        "p80_ms": expected.p80_ms,
        "p95_ms": expected.p95_ms,
        "remaining_km": round(expected.remaining_m / METRES, 1),
    }
