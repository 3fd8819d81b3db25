"""Which fixes are believed: a receiver that lost its way must not move the truck."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from freight.rules import Rules, Who, key
from freight.tracking.facts import Flaw
from freight.tracking.outlook import Outlook
from freight.tracking.sample import KMH_PER_MM_PER_MS, Sample
from geo.ways import way_mm

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class FilteringRules(Rules):
    """Which fixes are believed."""

    accuracy_m_max: Positive = key(
        "A fix whose device says it is less accurate is not believed.", who=Who.TENANT, live=True
    )
    speed_kmh_max: Positive = key(
        "Nothing on wheels is faster; what would have to be is a jump.", who=Who.TENANT, live=True
    )
    jump_m_min: NotNegative = key(
        "A shorter way is never a jump, however little time it took.", who=Who.TENANT, live=True
    )
    jump_fixes: Annotated[int, Field(ge=2)] = key(
        "So many fixes in a row that agree with each other are believed wherever they are: the "
        "truck was carried, or the fix before them was the wrong one.",
        who=Who.TENANT,
        live=True,
    )
    established_fixes: Annotated[int, Field(ge=1)] = key(
        "A jump is doubted only after so many fixes in a row that agree with each other; before, "
        "nobody can say which fix is the wrong one.",
        who=Who.TENANT,
        live=True,
    )
    nowhere_deg: Annotated[float, Field(ge=0, le=1)] = key(
        "A fix so near to zero, zero is a receiver without a position.", who=Who.TENANT, live=True
    )


class Filtering(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the good fixes, and of those since that do not agree with them."""

    agreeing: int = 0  # good fixes in a row without a jump, counted up to `established_fixes`
    suspects: int = 0  # fixes since that agree with each other and not with the good one
    suspect: Sample | None = None  # the last of them


START = Filtering()


def step(
    now: Filtering, fix: Sample, good: Sample | None, rules: FilteringRules
) -> tuple[Filtering, Flaw | None]:
    """`good` is the last fix that was believed."""
    if abs(fix.lat) <= rules.nowhere_deg and abs(fix.lon) <= rules.nowhere_deg:
        return now, Flaw.NOWHERE
    if fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m_max:
        return now, Flaw.ACCURACY
    if good is None:
        return Filtering(agreeing=1), None
    if not _is_jump(good, fix, rules):
        return Filtering(agreeing=min(now.agreeing + 1, rules.established_fixes)), None
    agrees = now.suspect is not None and not _is_jump(now.suspect, fix, rules)
    suspects = now.suspects + 1 if agrees else 1
    if now.agreeing < rules.established_fixes or suspects >= rules.jump_fixes:
        return Filtering(agreeing=suspects), None
    return Filtering(now.agreeing, suspects, fix), Flaw.JUMP


def _is_jump(before: Sample, fix: Sample, rules: FilteringRules) -> bool:
    way = way_mm(before.lat, before.lon, fix.lat, fix.lon)
    return way > reach_mm(fix.ts_ms - before.ts_ms, rules)


def reach_mm(elapsed_ms: int, rules: FilteringRules) -> float:
    """How far a fix may lie from the one before it."""
    return 1000.0 * rules.jump_m_min + rules.speed_kmh_max * elapsed_ms / KMH_PER_MM_PER_MS


def outlook(now: Filtering, rules: FilteringRules, out: Outlook) -> None:
    """The fold tests accuracy, nowhere and jumps of quiet trucks itself, by the same rules."""
    if now.suspects or now.agreeing < rules.established_fixes:
        out.wake_now()
