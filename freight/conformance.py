"""How well a device reports: each thing that can be wrong with it, how it is, and what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class ConformanceRules(Rules):
    """From when on a device is not in order."""

    offset_s_max: Positive = key("How far a device's clock may be off.", who=Who.TENANT, live=True)
    delay_s_max: Positive = key(
        "How long 95 of 100 fixes may be on their way.", who=Who.TENANT, live=True
    )
    late_share_max: Share = key(
        "Which share may come behind newer ones.", who=Who.TENANT, live=True
    )
    repeated_share_max: Share = key("Which share may be sent again.", who=Who.TENANT, live=True)
    rejected_share_max: Share = key("Which share may be rejected.", who=Who.TENANT, live=True)
    gap_share_max: Share = key(
        "Which share of the time may lie in gaps.", who=Who.TENANT, live=True
    )
    accuracy_m_max: Positive = key(
        "Which accuracy 95 of 100 fixes are to have.", who=Who.TENANT, live=True
    )
    rate_per_s_max: Positive = key(
        "How often it may report, in the long run.", who=Who.TENANT, live=True
    )
    fields_wanted: tuple[str, ...] = key(
        "Optional fields that fixes are to carry.", who=Who.TENANT, live=True
    )
    missing_share_max: Share = key(
        "Which share may lack a wanted field.", who=Who.TENANT, live=True
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Percentiles:
    """Of what was said at all; None where nothing was."""

    p05: float | None
    p50: float | None
    p95: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """One device's span, counted."""

    span_s: float
    fixes: int
    # Our clock at arrival less the device's.
    delay_s: Percentiles
    late: int
    repeated: int
    rejected: Mapping[str, int]
    interval_s_p50: float | None
    gaps: int
    gap_s_total: float
    gap_s_longest: float
    accuracy_m: Percentiles
    # How many fixes lack each optional field.
    missing: Mapping[str, int]

    @property
    def sent(self) -> int:
        """All that came in, whatever became of it."""
        return self.fixes + self.repeated + sum(self.rejected.values())


class Verdict(StrEnum):
    GOOD = "good"
    ATTENTION = "attention"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at; what to do only where there is something to do."""

    check: str
    verdict: Verdict
    says: str
    fix: str | None = None


FIX_OF_REASON = {
    "malformed": "compare its messages with docs/devices.md; each rejection names the key",
    "too_large": "send fewer fixes in one message",
    "unknown_truck": "give it the topic or the id of its own truck",
    "future": "set its clock, from GPS or NTP, in UTC",
    "too_old": "set its clock, or have it drop what it has kept for too long",
    "rate": "let it report less often, or in arrays",
    "no_fix": "give its antenna a view of the sky; without satellites it need not report",
    "encrypted": "switch the app's encryption key off",
}


def judge(figures: Figures, rules: ConformanceRules) -> list[Line]:
    """In the order in which one would look."""
    return [
        _rejections(figures, rules),
        _clock(figures, rules),
        _delay(figures, rules),
        _order(figures, rules),
        _repetitions(figures, rules),
        _gaps(figures, rules),
        _rate(figures, rules),
        _accuracy(figures, rules),
        _fields(figures, rules),
    ]


def _line(check: str, *, is_good: bool, says: str, fix: str) -> Line:
    verdict = Verdict.GOOD if is_good else Verdict.ATTENTION
    return Line(check, verdict, says, None if is_good else fix)


def _nothing(check: str, says: str = "nothing was sent in this span") -> Line:
    return Line(check, Verdict.UNKNOWN, says)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _rejections(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.sent:
        return _nothing("rejections")
    total = sum(figures.rejected.values())
    share = _share(total, figures.sent)
    worst = max(figures.rejected, key=lambda reason: figures.rejected[reason], default="")
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(figures.rejected.items()))
    return _line(
        "rejections",
        is_good=share <= rules.rejected_share_max,
        says=f"{total} of {figures.sent} rejected" + (f": {said}" if said else ""),
        fix=FIX_OF_REASON.get(worst, "look at the rejections' details"),
    )


def _clock(figures: Figures, rules: ConformanceRules) -> Line:
    """Nothing is on its way for less than no time: the quickest fixes show the clock."""
    offset_s = figures.delay_s.p05
    if offset_s is None:
        return _nothing("clock")
    behind = "behind" if offset_s > 0 else "ahead of"
    return _line(
        "clock",
        is_good=abs(offset_s) <= rules.offset_s_max,
        says=f"at most {abs(offset_s):.1f} s {behind} ours",
        fix="set its clock, from GPS or NTP, in UTC; whole hours off are a time zone",
    )


def _delay(figures: Figures, rules: ConformanceRules) -> Line:
    quick_s, slow_s = figures.delay_s.p05, figures.delay_s.p95
    if quick_s is None or slow_s is None:
        return _nothing("delay")
    delay_s = slow_s - quick_s
    return _line(
        "delay",
        is_good=delay_s <= rules.delay_s_max,
        says=f"95 of 100 fixes came within {delay_s:.0f} s of the quickest",
        fix="look at its network coverage, and how long it gathers fixes before sending",
    )


def _order(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.fixes:
        return _nothing("order")
    share = _share(figures.late, figures.fixes)
    return _line(
        "order",
        is_good=share <= rules.late_share_max,
        says=f"{figures.late} of {figures.fixes} fixes came behind newer ones",
        fix="let it send what it has kept oldest first, before what is new",
    )


def _repetitions(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.sent:
        return _nothing("repetitions")
    share = _share(figures.repeated, figures.fixes + figures.repeated)
    return _line(
        "repetitions",
        is_good=share <= rules.repeated_share_max,
        says=f"{figures.repeated} fixes were sent again",
        fix="let it wait longer for an acknowledgement or receipt before it sends again",
    )


def _gaps(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.fixes:
        return _nothing("gaps")
    share = figures.gap_s_total / figures.span_s
    longest_min = figures.gap_s_longest / 60.0
    return _line(
        "gaps",
        is_good=share <= rules.gap_share_max,
        says=f"{figures.gaps} gaps, the longest of {longest_min:.0f} min, "
        f"{share:.0%} of the time together",
        fix="look at its power supply and coverage; let it keep fixes and send them later",
    )


def _rate(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.fixes:
        return _nothing("rate")
    per_s = figures.sent / figures.span_s
    usual = figures.interval_s_p50
    return _line(
        "rate",
        is_good=per_s <= rules.rate_per_s_max,
        says=f"{per_s * 3600.0:.0f} an hour"
        + ("" if usual is None else f", usually every {usual:.0f} s"),
        fix="let it report less often, or only where it turns",
    )


def _accuracy(figures: Figures, rules: ConformanceRules) -> Line:
    worst_m = figures.accuracy_m.p95
    if worst_m is None:
        return _nothing("accuracy", "it does not say how accurate its fixes are")
    return _line(
        "accuracy",
        is_good=worst_m <= rules.accuracy_m_max,
        says=f"95 of 100 fixes are within {worst_m:.0f} m",
        fix="look at where its antenna is fitted",
    )


def _fields(figures: Figures, rules: ConformanceRules) -> Line:
    if not figures.fixes:
        return _nothing("fields")
    lacking = [
        name
        for name in rules.fields_wanted
        if _share(figures.missing.get(name, 0), figures.fixes) > rules.missing_share_max
    ]
    return _line(
        "fields",
        is_good=not lacking,
        says=f"lacks {', '.join(lacking)}" if lacking else "all wanted fields are there",
        fix="switch these values on in the device, or give it the wiring",
    )
