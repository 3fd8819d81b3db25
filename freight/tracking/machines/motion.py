"""When a truck drives and when it stands: trips and stops."""

from __future__ import annotations

from math import nextafter
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec.structs import replace
from pydantic import Field, model_validator

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import halts, trips
from freight.tracking.machines.filtering import reach_mm
from freight.tracking.machines.trips import Rest, Trip
from freight.tracking.outlook import Outlook, Quietly
from freight.tracking.sample import KMH_PER_MM_PER_MS, Moment, Sample, implied_kmh

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

Positive = Annotated[float, Field(gt=0)]


class MotionRules(Rules):
    """When a truck drives and when it stands."""

    start_kmh: Positive = key(
        "A standing truck drives when its device says at least this speed outside the radius of "
        "its stop; a truck that may be about to stop drives on.",
        who=Who.TENANT,
        live=True,
    )
    start_m: Positive = key(
        "A standing truck drives when it is farther than this from where it stood, by more than "
        "its fix may be wrong, whatever its speed.",
        who=Who.TENANT,
        live=True,
    )
    stop_kmh: Positive = key(
        "A truck that drives slower may be about to stop.", who=Who.TENANT, live=True
    )
    stop_m: Positive = key(
        "It has stopped if it stays within this distance of where it became slow ...",
        who=Who.TENANT,
        live=True,
    )
    stop_s: Positive = key("... for so long.", who=Who.TENANT, live=True)
    gap_s: Positive = key(
        "A longer silence is looked at as a whole: on average slower than a truck that drives, it "
        "was a stop where the truck was seen last; otherwise the truck drove all the time.",
        who=Who.TENANT,
        live=True,
    )
    unseen_kmh: Positive = key(
        "A truck that left a stop in a silence is taken to have left so that it drove the way to "
        "where it was seen next at this speed.",
        who=Who.TENANT,
        live=True,
    )
    odometer_counts: bool = key(
        "The device's odometer counts as a trip's distance, where the device gives one.",
        who=Who.TENANT,
        live=True,
    )
    odometer_off_share_max: Positive = key(
        "An odometer that differs from the ways between the fixes by a greater share of them does "
        "not count.",
        who=Who.TENANT,
        live=True,
    )

    @model_validator(mode="after")
    def _has_hysteresis(self) -> MotionRules:
        if self.stop_kmh >= self.start_kmh or self.stop_m > self.start_m:
            raise ValueError("stop_kmh must be less than start_kmh, stop_m at most start_m")
        if self.unseen_kmh < self.start_kmh:
            raise ValueError("unseen_kmh must be at least start_kmh")
        return self


class Motion(msgspec.Struct, frozen=True, array_like=True):
    """Standing: `rest` is the stop, and `trip` perhaps its end. Else `trip` is the drive, and
    `rest` perhaps its end.
    """

    standing: bool = False
    rest: Rest | None = None
    trip: Trip | None = None
    ignition: bool | None = None  # as was said last
    wired: bool = False  # the ignition was on at some time: a device that says "off" knows it

    @property
    def driving(self) -> bool:
        return not self.standing and self.rest is None and self.trip is not None

    @property
    def parked(self) -> bool:
        """Devices whose engine goes off often sleep before a stop is a stop."""
        return self.standing or (self.rest is not None and self.ignition is False)

    @property
    def carried(self) -> bool:
        return self.wired and self.ignition is False


START = Motion()


def step(now: Motion, moment: Moment, around: Surroundings, facts: Facts) -> Motion:
    fix, rules = moment.fix, around.rules.motion
    ignition = now.ignition if fix.ignition is None else fix.ignition
    known = replace(now, ignition=ignition, wired=now.wired or ignition is True)
    if moment.before is None or (now.trip is None and now.rest is None):
        rest = trips.rest_at(fix) if _is_slow(moment, rules) else None
        return replace(known, trip=trips.trip_from(fix), rest=rest)
    if _stood_in_silence(moment, rules):
        known = _standing_since(known, moment, moment.before, around, facts)
    too_far = moment.way_mm > reach_mm(moment.elapsed_ms, around.rules.filtering)
    carried = too_far or (now.carried and known.carried)
    leg = _Leg(moment, moment.way_mm, moment.elapsed_ms, carried, _is_silence(moment, rules))
    if known.standing:
        return _stand(known, leg, around, facts)
    return _drive(known, leg, around, facts)


# --------------------------------------------------------------------------------- one of two modes


def _stand(now: Motion, leg: _Leg, around: Surroundings, facts: Facts) -> Motion:
    moment, rules = leg.moment, around.rules.motion
    fix, before, rest, trip = moment.fix, moment.before, now.rest, now.trip
    if rest is None or before is None:
        return now
    is_near = not _is_beyond(rest, fix, rules.start_m)
    if not _is_beyond(rest, fix, rules.stop_m) or (is_near and _is_slow(moment, rules)):
        # It stands a little farther on: whatever drive comes later begins later.
        return now if trip is None else replace(now, trip=None)
    first = trip is None
    if trip is None:
        leg = replace(leg, way_mm=trips.way_to_mm(rest, fix))
        from_ms = before.ts_ms
        if leg.unseen:
            driving_ms = round(leg.way_mm * KMH_PER_MM_PER_MS / rules.unseen_kmh)
            from_ms = max(from_ms, fix.ts_ms - driving_ms)
        trip = Trip(from_ms, rest.lat, rest.lon, before.odometer_km)
    trip = leg.added_to(trip, around)
    is_fast = fix.speed_kmh is not None and fix.speed_kmh >= rules.start_kmh
    if not is_fast and (is_near or (first and _may_be_wild(moment, rules))):
        return replace(now, trip=trip)
    _tell_departure(rest, trip, leg, facts)
    trip = replace(trip, told=True)
    return replace(
        now, standing=False, trip=trip, rest=trips.rest_at(fix) if _is_slow(moment, rules) else None
    )


def _drive(now: Motion, leg: _Leg, around: Surroundings, facts: Facts) -> Motion:
    moment, rules = leg.moment, around.rules.motion
    fix, rest, trip = moment.fix, now.rest, now.trip
    if trip is None:
        return now
    if rest is not None and not _is_beyond(rest, fix, rules.stop_m):
        if fix.ts_ms - rest.since_ms >= rules.stop_s * 1000.0:
            return _standing_since(now, moment, None, around, facts)
        if fix.speed_kmh is None or fix.speed_kmh < rules.start_kmh:
            return replace(now, rest=replace(rest, fixes=rest.fixes + 1))
    trip = (leg if rest is None else leg.since(rest, rules)).added_to(trip, around)
    if not trip.told and trips.way_to_mm(trip, fix) > rules.start_m * 1000.0 + _doubt_mm(fix):
        facts.span("trip", trip.from_ms, None, {"from": trips.place(trip)})
        trip = replace(trip, told=True)
    return replace(now, trip=trip, rest=trips.rest_at(fix) if _is_slow(moment, rules) else None)


def _standing_since(
    now: Motion, moment: Moment, last_seen: Sample | None, around: Surroundings, facts: Facts
) -> Motion:
    """It has come to rest where it became slow, else where it was seen last."""
    rules = around.rules.motion
    if now.standing:
        return replace(now, trip=None)
    rest = now.rest
    if rest is None:
        rest = trips.rest_at(moment.fix if last_seen is None else last_seen)
    halt, fence = (halts.Halt.UNKNOWN, None)
    if not _is_beyond(rest, moment.fix, rules.stop_m):
        halt, fence = halts.meaning(moment.inside, around)
    rest = replace(rest, halt=halt.value, fence=fence)
    if now.trip is not None and now.trip.told:
        trip = trips.trip_data(
            now.trip,
            rest,
            odometer_counts=rules.odometer_counts,
            odometer_off_share_max=rules.odometer_off_share_max,
        )
        facts.span("trip", now.trip.from_ms, rest.since_ms, trip)
        data = trips.stop_data(rest) | {"distance_km": trip["distance_km"]}
        facts.tell("truck.stopped", rest.since_ms, data)
    facts.span("stop", rest.since_ms, None, trips.stop_data(rest))
    return replace(now, standing=True, rest=rest, trip=None)


# ------------------------------------------------------------------------------------------ looking


class _Leg(msgspec.Struct, frozen=True):
    """The way to a fix from the one before, and how it was moved."""

    moment: Moment
    way_mm: int
    elapsed_ms: int
    carried: bool
    unseen: bool
    fixes: int = 1

    def since(self, rest: Rest, rules: MotionRules) -> _Leg:
        """With a rest that was none: a straight way from there, since its fixes may wander."""
        way, crept_ms = (
            trips.way_to_mm(rest, self.moment.fix),
            self.moment.fix.ts_ms - rest.since_ms,
        )
        crept = implied_kmh(way, crept_ms) >= rules.stop_kmh
        elapsed_ms = crept_ms if crept else self.elapsed_ms
        return replace(self, way_mm=way, elapsed_ms=elapsed_ms, fixes=rest.fixes)

    def added_to(self, trip: Trip, around: Surroundings) -> Trip:
        moment, rules = self.moment, around.rules
        speed_kmh = moment.speed_kmh
        if speed_kmh is not None and speed_kmh > rules.filtering.speed_kmh_max:
            speed_kmh = None  # said of a way so short that noise makes it fast
        return trips.moved(
            trip,
            self.way_mm,
            driving_ms=0 if self.carried else min(self.elapsed_ms, moment.fix.ts_ms - trip.from_ms),
            fixes=self.fixes,
            speed_kmh=speed_kmh,
            carried=self.carried,
            unseen=self.unseen,
        )


def _is_silence(moment: Moment, rules: MotionRules) -> bool:
    return moment.elapsed_ms > rules.gap_s * 1000.0


def _stood_in_silence(moment: Moment, rules: MotionRules) -> bool:
    slow = implied_kmh(moment.way_mm, moment.elapsed_ms) < rules.start_kmh
    return _is_silence(moment, rules) and slow


def _may_be_wild(moment: Moment, rules: MotionRules) -> bool:
    """All at once it stands elsewhere, says the device: its next fix may be back again."""
    said_kmh = moment.fix.speed_kmh
    return said_kmh is not None and said_kmh < rules.stop_kmh and not _is_silence(moment, rules)


def _is_slow(moment: Moment, rules: MotionRules) -> bool:
    """Speeds that follow from ways have the receiver's noise in them."""
    if moment.fix.speed_kmh is not None:
        return moment.fix.speed_kmh < rules.stop_kmh
    return moment.speed_kmh is None or moment.speed_kmh < rules.start_kmh


def _is_beyond(rest: Rest, fix: Sample, radius_m: float) -> bool:
    return trips.way_to_mm(rest, fix) > radius_m * 1000.0 + _doubt_mm(fix)


def _doubt_mm(fix: Sample) -> float:
    return 0.0 if fix.accuracy_m is None else fix.accuracy_m * 1000.0


# ------------------------------------------------------------------------------------------ telling


def _tell_departure(rest: Rest, trip: Trip, leg: _Leg, facts: Facts) -> None:
    data = trips.stop_data(rest) | {"duration_s": (trip.from_ms - rest.since_ms) // 1000}
    facts.span("stop", rest.since_ms, trip.from_ms, data)
    facts.tell("truck.moved", trip.from_ms, data | {"carried": leg.carried, "unseen": leg.unseen})
    facts.span("trip", trip.from_ms, None, {"from": trips.place(trip)})


# -------------------------------------------------------------------------------- quiet fixes


def outlook(now: Motion, around: Surroundings, out: Outlook) -> None:
    rules = around.rules.motion
    if now.standing and now.trip is None and now.rest is not None:
        _stay_near(now.rest, rules, out)
    elif now.standing or now.trip is None or not now.trip.told:
        out.wake_now()
    elif now.rest is not None:
        _stay_near(now.rest, rules, out)
        out.keep_speed(below_kmh=nextafter(rules.start_kmh, 0.0))
        out.keep_hearing(rules.gap_s * 1000.0)
        out.wake_at(now.rest.since_ms + round(rules.stop_s * 1000.0))
    else:
        out.keep_speed(above_kmh=rules.start_kmh, below_kmh=around.rules.filtering.speed_kmh_max)
        out.keep_hearing(rules.gap_s * 1000.0)


def _stay_near(rest: Rest, rules: MotionRules, out: Outlook) -> None:
    out.keep_near(rest.lat, rest.lon, rules.stop_m)


def absorb(now: Motion, good: Sample, quietly: Quietly, last: Sample) -> Motion:
    """`good` is the fix before the quiet ones."""
    if now.standing or now.trip is None:
        return now
    if now.rest is not None:
        return replace(now, rest=replace(now.rest, fixes=now.rest.fixes + quietly.fixes))
    trip = trips.moved(
        now.trip,
        quietly.way_mm,
        driving_ms=0 if now.carried else last.ts_ms - good.ts_ms,
        fixes=quietly.fixes,
        speed_kmh=quietly.speed_kmh_max,
        carried=now.carried,
        unseen=False,
    )
    return replace(now, trip=trip)
