"""When fixes near a fence's border are enough to say that the truck has crossed it.

A fix far on the new side decides at once. Nearer ones are added up until their mean is farther
from the border than chance would put it. A truck that crossed lately and did not go away since is
restless: each of its crossings asks for more than the one before, so that a receiver's noise
around a border tells at most one pair.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from pydantic import Field

from freight.rules import Rules, Who, key

NotNegative = Annotated[float, Field(ge=0)]
MARGIN_M_MAX = 10_000.0  # fixed: the squares of margins are summed in 64 bits


class SideRules(Rules):
    """How sure it must be that a truck is on the other side."""

    margin_m: Annotated[float, Field(ge=0, le=MARGIN_M_MAX)] = key(
        "A fix so far beyond the border decides alone; but no farther than `inner_share` of how "
        "deep the fence is.",
        who=Who.TENANT,
        live=True,
    )
    accuracy_factor: NotNegative = key(
        "Where the device tells how accurate a fix is, it decides alone only so many times that "
        "far beyond the border.",
        who=Who.TENANT,
        live=True,
    )
    evidence_s: NotNegative = key(
        "Fixes nearer than that decide together, after so long at the earliest.",
        who=Who.TENANT,
        live=True,
    )


class BorderRules(Rules):
    """When a truck has crossed a fence's border, though its receiver errs."""

    entering: SideRules
    leaving: SideRules
    inner_share: Annotated[float, Field(ge=0, le=1)] = key(
        "In a small fence a fix decides alone at this share of how deep the fence is.",
        who=Who.TENANT,
        live=True,
    )
    evidence_fixes: Annotated[int, Field(ge=2, le=10_000)] = key(
        "So many fixes near the border are remembered; older ones count for half.",
        who=Who.TENANT,
        live=True,
    )
    evidence_every_s: NotNegative = key(
        "Fixes near the border are added up at most so often: a receiver's error lasts a while.",
        who=Who.TENANT,
        live=True,
    )
    steady_fixes: Annotated[int, Field(ge=2)] = key(
        "So many fixes in a row on the new side decide, however near the border they are, "
        "if they last as long as `steady_s`.",
        who=Who.TENANT,
        live=True,
    )
    steady_s: NotNegative = key(
        "How long fixes near the border have to be on the new side without a break.",
        who=Who.TENANT,
        live=True,
    )
    restless_factor: Annotated[float, Field(ge=1, le=10)] = key(
        "Each crossing soon after another of the same fence asks for so many times as much.",
        who=Who.TENANT,
        live=True,
    )
    restless_crossings: Annotated[int, Field(ge=0, le=5)] = key(
        "So many crossings in a row make the next one harder.", who=Who.TENANT, live=True
    )
    restless_s: NotNegative = key(
        "After so long without a crossing it is forgotten that there were some.",
        who=Who.TENANT,
        live=True,
    )
    passage_m_max: NotNegative = key(
        "A longer way between two fixes is not taken for straight: nobody knows what it crossed.",
        who=Who.TENANT,
        live=True,
    )


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Fixes on the new side; the crossing will have been at the first."""

    ts_ms: int
    lat: float
    lon: float
    previous_ms: int | None  # the fix before
    fixes: int = 0
    way_mm: int = 0
    depth_mm: int = 0  # beyond the border, summed
    # Since when none was on the old side.
    unbroken_ms: int = 0
    unbroken: int = 0


class Doubt(msgspec.Struct, frozen=True, array_like=True):
    """What the fixes say since the first that was not where the truck is thought to be."""

    fence: str
    since_ms: int
    initial: bool = False  # nobody saw it outside before
    weighed_ms: int = 0  # when the last one was added
    fixes: int = 0
    depth_mm: int = 0  # beyond the border, summed; negative: on the side where it is thought to be
    margin_mm2: int = 0  # the squares of what would have decided at once, summed
    run: Run | None = None


class Verdict(Enum):
    OPEN = 0
    CROSSED = 1
    STAYED = 2


class Look(msgspec.Struct, frozen=True, array_like=True):
    """One fix as seen from a border: how far beyond it, and how far would be sure."""

    beyond_mm: int
    margin_mm: int
    is_beyond: bool  # by the shape's own rule, which is right where metres are rounded
    factor: float = 1.0  # of a restless truck

    def verdict(self) -> Verdict:
        """What this fix says alone."""
        if self.is_beyond:
            sure = self.beyond_mm >= self.margin_mm * self.factor
            return Verdict.CROSSED if sure else Verdict.OPEN
        return Verdict.STAYED if self.beyond_mm <= -self.margin_mm else Verdict.OPEN


def margin_m(
    rules: BorderRules, side: SideRules, inner_m: float, accuracy_m: float | None
) -> float:
    near = min(side.margin_m, rules.inner_share * inner_m)
    said = 0.0 if accuracy_m is None else side.accuracy_factor * accuracy_m
    return min(max(near, said), MARGIN_M_MAX)


def weigh(
    doubt: Doubt, look: Look, ts_ms: int, rules: BorderRules, side: SideRules
) -> tuple[Doubt, Verdict]:
    """The doubt with one more fix in it, and what all of them say."""
    is_news = ts_ms - doubt.weighed_ms >= 1000.0 * rules.evidence_every_s
    weighed = _added(doubt, look, ts_ms, rules) if is_news else doubt
    verdict = look.verdict()
    if verdict is Verdict.OPEN:
        verdict = _together(weighed, look, ts_ms, rules, side)
    return weighed, verdict


def _added(doubt: Doubt, look: Look, ts_ms: int, rules: BorderRules) -> Doubt:
    fixes, depth_mm, margin_mm2 = doubt.fixes, doubt.depth_mm, doubt.margin_mm2
    if fixes >= rules.evidence_fixes:
        fixes, depth_mm, margin_mm2 = fixes // 2, depth_mm // 2, margin_mm2 // 2
    return msgspec.structs.replace(
        doubt,
        weighed_ms=ts_ms,
        fixes=fixes + 1,
        depth_mm=depth_mm + look.beyond_mm,
        margin_mm2=margin_mm2 + look.margin_mm**2,
    )


def _together(doubt: Doubt, look: Look, ts_ms: int, rules: BorderRules, side: SideRules) -> Verdict:
    """The mean of n fixes is known by the root of n better than one of them."""
    square = doubt.depth_mm**2
    if not look.is_beyond:
        back = doubt.depth_mm < 0 and (
            square >= doubt.margin_mm2 or doubt.fixes >= rules.evidence_fixes
        )
        return Verdict.STAYED if back else Verdict.OPEN
    far = doubt.depth_mm >= 0 and square >= look.factor**2 * doubt.margin_mm2
    long = ts_ms - doubt.since_ms >= 1000.0 * side.evidence_s
    sure = (far and long) or _is_steady(doubt.run, look, ts_ms, rules)
    return Verdict.CROSSED if sure else Verdict.OPEN


def _is_steady(run: Run | None, look: Look, ts_ms: int, rules: BorderRules) -> bool:
    """Too near the border to be sure by distance, but always on the same side of it."""
    return (
        run is not None
        and look.factor <= 1.0
        and run.unbroken >= rules.steady_fixes
        and ts_ms - run.unbroken_ms >= 1000.0 * rules.steady_s
    )


def factor(rules: BorderRules, crossings: int) -> float:
    return float(rules.restless_factor ** min(crossings, rules.restless_crossings))
