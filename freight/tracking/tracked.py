"""All that the rules remember of one truck, and how one fix changes it.

This is the truth about tracking: everything else (quiet trucks folded by the array, late fixes,
recovery, evidence) must give what `advance` gives fix by fix in the order of device time.
"""

from __future__ import annotations

import msgspec

from freight.fixes import MISSING_INT8, MISSING_INT64
from freight.tracking.facts import Facts
from freight.tracking.machines import (
    alarms,
    driving_hours,
    filtering,
    following,
    fuel,
    harshness,
    idling,
    motion,
    promise,
    signal,
    speeding,
    visits,
)
from freight.tracking.machines.alarms import Alarms
from freight.tracking.machines.driving_hours import Hours
from freight.tracking.machines.filtering import Filtering
from freight.tracking.machines.following import Following
from freight.tracking.machines.fuel import Fuel
from freight.tracking.machines.harshness import Harshness
from freight.tracking.machines.idling import Idling
from freight.tracking.machines.motion import Motion
from freight.tracking.machines.promise import Drive, Promise
from freight.tracking.machines.speeding import Speeding
from freight.tracking.machines.visits import Visits
from freight.tracking.outlook import Outlook, Quietly
from freight.tracking.sample import Moment, Sample
from freight.tracking.surroundings import Surroundings
from geo.ways import way_mm


class Tracked(msgspec.Struct, frozen=True, array_like=True):
    """Frozen all through: a batch that fails to commit leaves the state that was.

    New machines come last, with a start value, so that states kept by older releases are read.
    """

    tenant_key: int
    truck_key: int
    seen_ms: int = MISSING_INT64  # device time of the newest fix, believed or not
    good: Sample | None = None  # the newest fix that is believed
    filtering: Filtering = filtering.START
    motion: Motion = motion.START
    idling: Idling = idling.START
    visits: Visits = visits.START
    speeding: Speeding = speeding.START
    hours: Hours = driving_hours.START
    following: Following = following.START
    promise: Promise = promise.START
    alarms: Alarms = alarms.START
    fuel: Fuel = fuel.START
    harshness: Harshness = harshness.START


def advance(
    now: Tracked, fix: Sample, inside: frozenset[int], around: Surroundings, facts: Facts
) -> Tracked:
    """One fix, newer than all before it; `inside` are the fences whose shapes hold it."""
    facts.decided_by(fix.ts_ms)
    rules = around.rules
    filtered, flaw = filtering.step(now.filtering, fix, now.good, rules.filtering)
    place = fix if flaw is None else now.good
    alarmed = alarms.step(now.alarms, fix, place, around, facts) if rules.in_use else alarms.START
    if flaw is not None:
        facts.flaw(fix.ts_ms, flaw)
        return msgspec.structs.replace(now, seen_ms=fix.ts_ms, filtering=filtered, alarms=alarmed)
    moment = _moment(now.good, fix, inside)
    if not rules.in_use:
        held = visits.unheld(moment, around)
        return Tracked(
            now.tenant_key, now.truck_key, fix.ts_ms, fix, filtering=filtered, visits=held
        )
    signal.step(moment, now.motion, around, facts)
    moved = motion.step(now.motion, moment, around, facts)
    visited = visits.step(now.visits, moment, around, facts)
    allowed_kmh = visits.limit_kmh(visited, around)
    hours = driving_hours.step(now.hours, moment, moved, around, facts)
    followed = following.step(now.following, moment, moved, around, facts)
    return Tracked(
        now.tenant_key,
        now.truck_key,
        seen_ms=fix.ts_ms,
        good=moment.fix,
        filtering=filtered,
        motion=moved,
        idling=idling.step(now.idling, moment, moved, around, facts),
        visits=visited,
        speeding=speeding.step(now.speeding, moment, allowed_kmh, around, facts),
        hours=hours,
        following=followed,
        promise=promise.step(
            now.promise, Drive(fix.ts_ms, now.following, followed, hours.driving_ms), around, facts
        ),
        alarms=alarmed,
        fuel=fuel.step(now.fuel, moment, moved, around, facts),
        harshness=harshness.step(now.harshness, moment, around, facts),
    )


def passed(
    now: Tracked, fix: Sample, around: Surroundings, facts: Facts
) -> tuple[Tracked, Outlook]:
    """What `advance` makes of a fix that is quiet but for the section of its route, without what
    `absorb` makes of it: neither of the two looks at what the other changes. The outlook is only
    what the route has to say; all other bounds stand."""
    facts.decided_by(fix.ts_ms)
    followed = following.step(
        now.following, Moment(fix, None, 0, frozenset()), now.motion, around, facts
    )
    drive = Drive(fix.ts_ms, now.following, followed, now.hours.driving_ms)
    promised, out = promise.step(now.promise, drive, around, facts), Outlook()
    following.outlook(followed, fix, now.motion, around, out)
    promise.outlook(promised, followed, around, out)
    return msgspec.structs.replace(now, following=followed, promise=promised), out


def outlook(now: Tracked, around: Surroundings) -> Outlook:
    """Until when, and within which bounds, further fixes change only what `absorb` changes."""
    out = Outlook()
    if now.good is None:
        out.wake_now()
        return out
    # Machines are shown every turn of the key, though few of them care.
    out.ignition = MISSING_INT8 if now.good.ignition is None else int(now.good.ignition)
    filtering.outlook(now.filtering, around.rules.filtering, out)
    if not around.rules.in_use:
        out.inside = visits.shapes_around(now.visits, around)
        return out
    motion.outlook(now.motion, around, out)
    idling.outlook(now.idling, now.motion, around, out)
    visits.outlook(now.visits, now.good, around, out)
    signal.outlook(now.motion, around, out)
    speeding.outlook(now.speeding, visits.limit_kmh(now.visits, around), around, out)
    driving_hours.outlook(now.hours, now.good, now.motion, around, out)
    following.outlook(now.following, now.good, now.motion, around, out)
    promise.outlook(now.promise, now.following, around, out)
    alarms.outlook(now.alarms, around, out)
    harshness.outlook(around, out)
    fuel.outlook(now.fuel, now.motion, around, out)
    return out


def absorb(now: Tracked, quietly: Quietly, last: Sample) -> Tracked:
    """What `advance` would have made of fixes that all lay within the outlook."""
    if now.good is None:
        return now
    return msgspec.structs.replace(
        now,
        seen_ms=last.ts_ms,
        good=last,
        motion=motion.absorb(now.motion, now.good, quietly, last),
        visits=visits.absorb(now.visits, quietly),
        hours=driving_hours.absorb(now.hours, now.motion, last),
    )


def _moment(before: Sample | None, fix: Sample, inside: frozenset[int]) -> Moment:
    if before is None:
        return Moment(fix, None, 0, inside)
    return Moment(fix, before, way_mm(before.lat, before.lon, fix.lat, fix.lon), inside)
