"""A truck that stands with its engine on: burnt fuel, told once for each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace
from pydantic import Field

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.machines.motion import Motion
from freight.tracking.machines.trips import Rest
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings


class IdlingRules(Rules):
    """When a truck with its engine on idles."""

    after_s: Annotated[float, Field(gt=0)] = key(
        "A stopped truck idles when its ignition is on for longer.", who=Who.TENANT, live=True
    )


class Idling(msgspec.Struct, frozen=True, array_like=True):
    since_ms: int | None = None  # at rest with the ignition on since
    told: dict[str, Any] | None = None  # what was said of the idling that goes on


START = Idling()


def step(now: Idling, moment: Moment, motion: Motion, around: Surroundings, facts: Facts) -> Idling:
    """`motion` is what this fix has made of it."""
    fix, rest = moment.fix, motion.rest
    if now.told is not None and not motion.standing:
        left_ms = fix.ts_ms if motion.trip is None else motion.trip.from_ms
        now = _ended(now, left_ms, facts)
    if rest is None:
        return START
    if motion.standing and motion.trip is not None:
        return now  # it may have left
    if now.since_ms is None:
        return Idling(fix.ts_ms) if motion.ignition else now
    # The engine may have gone off unseen in a silence.
    silence = moment.elapsed_ms > around.rules.motion.gap_s * 1000.0
    if now.told is None:
        now = replace(now, since_ms=max(now.since_ms, rest.since_ms))
        if motion.standing and (motion.ignition or not silence):
            now = _told_if_due(now, fix.ts_ms, rest, around, facts)
    if motion.ignition:
        return now
    seen_ms = moment.before.ts_ms if silence and moment.before is not None else fix.ts_ms
    return _ended(now, seen_ms, facts)


def _told_if_due(now: Idling, ts_ms: int, rest: Rest, around: Surroundings, facts: Facts) -> Idling:
    since_ms = now.since_ms
    if since_ms is None or ts_ms < _due_ms(since_ms, around):
        return now
    data = trips.stop_data(rest)
    facts.tell("truck.idled", since_ms, data)
    facts.span("idle", since_ms, None, data)
    return replace(now, told=data)


def _due_ms(since_ms: int, around: Surroundings) -> int:
    return since_ms + round(around.rules.idling.after_s * 1000.0)


def _ended(now: Idling, ts_ms: int, facts: Facts) -> Idling:
    if now.told is not None and now.since_ms is not None:
        data = now.told | {"duration_s": (ts_ms - now.since_ms) // 1000}
        facts.span("idle", now.since_ms, ts_ms, data)
    return START


def outlook(now: Idling, motion: Motion, around: Surroundings, out: Outlook) -> None:
    """The ignition is as it is: motion sees to that."""
    if motion.standing and now.since_ms is not None and now.told is None:
        out.wake_at(_due_ms(now.since_ms, around))
