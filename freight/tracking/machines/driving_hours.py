"""How long a truck is driven without a rest, and whether by night."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace
from pydantic import AfterValidator, Field

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines.motion import Motion
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment, Sample

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("is not a time zone of the IANA database, such as Asia/Kolkata") from error
    return name


Positive = Annotated[float, Field(gt=0)]
Zone = Annotated[str, AfterValidator(_known_zone)]

DAY_MS = 86_400_000
# The last night that is over begins two days before, by any zone's clock, and the next one within
# two days.
NIGHTS_AROUND = 3
NIGHTS_KEPT = 1024


class DrivingHoursRules(Rules):
    """How long and when a truck may be driven."""

    time_zone: Zone = key("Where the night is meant.", who=Who.TENANT, live=True)
    night_from: time = key("When the night begins, by the clock there.", who=Who.TENANT, live=True)
    night_to: time = key("When it ends; may be the next day.", who=Who.TENANT, live=True)
    night_s_min: Positive = key(
        "Who drives for so long in one night drives by night.", who=Who.TENANT, live=True
    )
    driving_s_max: Positive = key(
        "Nobody drives for longer without a rest.", who=Who.TENANT, live=True
    )
    rest_s_min: Positive = key("So long a pause is a rest.", who=Who.TENANT, live=True)


class Night(msgspec.Struct, frozen=True, array_like=True):
    """Driving in one night."""

    ends_ms: int  # the night itself
    since_ms: int
    until_ms: int  # it was driven last
    driving_ms: int = 0
    told: bool = False


class Hours(msgspec.Struct, frozen=True, array_like=True):
    """One stretch of driving between two rests."""

    counted_ms: int = 0  # up to here it is known what was driven
    since_ms: int | None = None  # None: rested
    until_ms: int = 0  # it was driven last
    driving_ms: int = 0
    told: bool = False  # that it is too long
    night: Night | None = None


START = Hours()


def step(now: Hours, moment: Moment, motion: Motion, around: Surroundings, facts: Facts) -> Hours:
    """`motion` is what this fix has made of it."""
    rules, ts_ms = around.rules.driving_hours, moment.fix.ts_ms
    begin_ms, end_ms = _driven(now, motion, ts_ms)
    now = _rested(now, min(begin_ms, ts_ms) if begin_ms < end_ms else ts_ms, rules, facts)
    if begin_ms >= end_ms:
        is_carried = motion.driving and motion.carried
        return replace(now, counted_ms=ts_ms) if is_carried else now
    now = _too_long(_added(now, begin_ms, end_ms), rules, facts)
    return _by_night(now, begin_ms, end_ms, rules, facts)


def _driven(now: Hours, motion: Motion, ts_ms: int) -> tuple[int, int]:
    """From when to when it was driven since the fix before; waits count once it drives on."""
    trip = motion.trip
    if motion.standing or trip is None or not trip.told or motion.carried:
        return ts_ms, ts_ms
    return max(now.counted_ms, trip.from_ms), motion.rest.since_ms if motion.rest else ts_ms


def _added(now: Hours, begin_ms: int, end_ms: int) -> Hours:
    fresh = now.since_ms is None
    return replace(
        now,
        counted_ms=end_ms,
        since_ms=begin_ms if fresh else now.since_ms,
        until_ms=end_ms,
        driving_ms=(0 if fresh else now.driving_ms) + end_ms - begin_ms,
    )


def _rested(now: Hours, at_ms: int, rules: DrivingHoursRules, facts: Facts) -> Hours:
    """What is over by this time, without driving since."""
    night = now.night
    rested = now.since_ms is not None and at_ms - now.until_ms >= rules.rest_s_min * 1000.0
    if night is not None and (rested or at_ms >= night.ends_ms):
        now = _morning(now, night, facts)
    if not rested or now.since_ms is None:
        return now
    if now.told:
        data = {"driving_s": now.driving_ms // 1000}
        facts.span("continuous_driving", now.since_ms, now.until_ms, data)
    return replace(now, since_ms=None, told=False, driving_ms=0)


def _too_long(now: Hours, rules: DrivingHoursRules, facts: Facts) -> Hours:
    over_ms = now.driving_ms - round(rules.driving_s_max * 1000.0)
    if now.told or over_ms < 0 or now.since_ms is None:
        return now
    data = {"since_ms": now.since_ms, "driving_s": (now.driving_ms - over_ms) // 1000}
    facts.tell("truck.continuous_driving.exceeded", now.until_ms - over_ms, data)
    facts.span("continuous_driving", now.since_ms, None, data)
    return replace(now, told=True)


# ------------------------------------------------------------------------------------------- night


def _by_night(
    now: Hours, begin_ms: int, end_ms: int, rules: DrivingHoursRules, facts: Facts
) -> Hours:
    while begin_ms < end_ms:
        starts_ms, ends_ms = night_at(begin_ms, rules)
        low_ms, high_ms = max(begin_ms, starts_ms), min(end_ms, ends_ms)
        if low_ms >= high_ms:
            return now
        night = now.night or Night(ends_ms, low_ms, low_ms)
        night = replace(night, until_ms=high_ms, driving_ms=night.driving_ms + high_ms - low_ms)
        if not night.told and night.driving_ms >= rules.night_s_min * 1000.0:
            facts.tell("truck.night_driving.started", night.since_ms, _night_data(night))
            facts.span("night_driving", night.since_ms, None, _night_data(night))
            night = replace(night, told=True)
        now = replace(now, night=night)
        if high_ms == ends_ms:
            now = _morning(now, night, facts)
        begin_ms = high_ms
    return now


def _morning(now: Hours, night: Night, facts: Facts) -> Hours:
    if night.told:
        facts.tell("truck.night_driving.ended", night.until_ms, _night_data(night))
        facts.span("night_driving", night.since_ms, night.until_ms, _night_data(night))
    return replace(now, night=None)


def _night_data(night: Night) -> dict[str, Any]:
    return {"driving_s": night.driving_ms // 1000}


def night_at(ts_ms: int, rules: DrivingHoursRules) -> tuple[int, int]:
    """When the night begins and ends that is at this time, or else is next."""
    for night in _nights_of(ts_ms // DAY_MS, rules.time_zone, rules.night_from, rules.night_to):
        if night[1] > ts_ms:
            return night
    raise ValueError(f"no night around {ts_ms}")


@lru_cache(maxsize=NIGHTS_KEPT)
def _nights_of(day_number: int, zone: str, begin: time, end: time) -> tuple[tuple[int, int], ...]:
    """The nights around a day since 1970, in order."""
    nights = []
    for number in range(day_number - NIGHTS_AROUND, day_number + NIGHTS_AROUND + 1):
        day = date(1970, 1, 1) + timedelta(days=number)
        last_day = day if end > begin else day + timedelta(days=1)
        nights.append((_instant_ms(day, begin, zone), _instant_ms(last_day, end, zone)))
    return tuple(nights)


def _instant_ms(day: date, clock: time, zone: str) -> int:
    return round(datetime.combine(day, clock, ZoneInfo(zone)).timestamp() * 1000.0)


# ------------------------------------------------------------------------------------- quiet fixes


def outlook(now: Hours, good: Sample, motion: Motion, around: Surroundings, out: Outlook) -> None:
    rules, night = around.rules.driving_hours, now.night
    if not motion.driving or motion.carried:
        if now.since_ms is not None:
            out.wake_at(now.until_ms + round(rules.rest_s_min * 1000.0))
        if night is not None:
            out.wake_at(night.ends_ms)
        return
    if not now.told:
        out.wake_at(good.ts_ms + round(rules.driving_s_max * 1000.0) - now.driving_ms)
    starts_ms, ends_ms = night_at(good.ts_ms, rules)
    if good.ts_ms < starts_ms:
        out.wake_at(starts_ms + 1)
    elif night is None:
        out.wake_now()
    else:
        out.wake_at(ends_ms)
        if not night.told:
            out.wake_at(good.ts_ms + round(rules.night_s_min * 1000.0) - night.driving_ms)


def absorb(now: Hours, motion: Motion, last: Sample) -> Hours:
    """`motion` is as it was before the quiet fixes, which is as it is after them, but for sums."""
    if not motion.driving:
        return now
    if motion.carried:
        return replace(now, counted_ms=last.ts_ms)
    begin_ms, end_ms = _driven(now, motion, last.ts_ms)
    now, night = _added(now, begin_ms, end_ms), now.night
    if night is not None:
        driving_ms = night.driving_ms + end_ms - begin_ms
        now = replace(now, night=replace(night, until_ms=end_ms, driving_ms=driving_ms))
    return now
