"""When a truck's device fell silent for longer than it should, and when it spoke again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.machines.motion import Motion
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment, Sample

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings
    from freight.tracking.tracked import Tracked

SPAN = "interruption"  # goes on while a truck is out of reach

Positive = Annotated[float, Field(gt=0)]


class SignalRules(Rules):
    """How long a device may be silent."""

    interval_s: Positive = key(
        "How often a device speaks that nothing more is known of.", who=Who.TENANT, live=True
    )
    parked_interval_s: Positive = key(
        "How often devices speak while their truck is parked, if that is less often.",
        who=Who.TENANT,
        live=True,
    )
    intervals: Annotated[float, Field(ge=1)] = key(
        "A device may be silent for so many of its intervals ...", who=Who.TENANT, live=True
    )
    silence_s_min: Positive = key("... but at least for so long.", who=Who.TENANT, live=True)


def step(moment: Moment, motion: Motion, around: Surroundings, facts: Facts) -> None:
    """`motion` is as it was before the fix: it says how long the silence might be."""
    before, fix = moment.before, moment.fix
    if before is None:
        return
    due_ms = _due_ms(before, motion, around)
    if fix.ts_ms <= due_ms:
        return
    data = _interrupted(before, due_ms, facts)
    data = data | {
        "silent_s": moment.elapsed_ms // 1000,
        "moved_km": round(moment.way_mm / trips.MM_PER_KM, 3),
    }
    facts.tell("truck.tracking.resumed", fix.ts_ms, data)
    facts.span(SPAN, due_ms, fix.ts_ms, data)


def _interrupted(last: Sample, due_ms: int, facts: Facts) -> dict[str, Any]:
    data = trips.place(last) | {
        "last_ms": last.ts_ms,
        "allowed_s": (due_ms - last.ts_ms) // 1000,
    }
    facts.tell("truck.tracking.interrupted", due_ms, data)
    facts.span(SPAN, due_ms, None, data)
    return data


def _due_ms(last: Sample, motion: Motion, around: Surroundings) -> int:
    """The last moment at which the next fix comes in time."""
    return last.ts_ms + _silence_ms(motion, around)


def _silence_ms(motion: Motion, around: Surroundings) -> int:
    """How long a device may be silent."""
    rules = around.rules.signal
    interval_s = rules.interval_s if around.interval_s is None else around.interval_s
    if motion.parked:
        interval_s = max(interval_s, rules.parked_interval_s)
    return round(1000.0 * max(rules.silence_s_min, rules.intervals * interval_s))


def outlook(motion: Motion, around: Surroundings, out: Outlook) -> None:
    out.keep_hearing(_silence_ms(motion, around))


# ------------------------------------------------------------------------ silence that goes on


def due_ms(now: Tracked, around: Surroundings) -> int | None:
    """When silence becomes an interruption; None: nothing was heard of it, or nobody asks."""
    if not around.rules.in_use:
        return None
    return None if now.good is None else _due_ms(now.good, now.motion, around)


def tick(now: Tracked, around: Surroundings, at_ms: int, facts: Facts) -> bool:
    """Whether the truck is out of reach at this time; if so, tells what its next fix will tell
    again under the same id.
    """
    if now.good is None or not around.rules.in_use:
        return False
    due = _due_ms(now.good, now.motion, around)
    if at_ms > due:
        _interrupted(now.good, due, facts)
    return at_ms > due
