"""What is said of a device, line by line: good, in need of attention, or not known."""

from __future__ import annotations

import dataclasses

import pytest

from config.policy import defaults
from freight.conformance import ConformanceRules, Figures, Percentiles, Verdict, judge

RULES: ConformanceRules = defaults().conformance
GOOD = Figures(
    span_s=86_400,
    fixes=1_440,
    delay_s=Percentiles(0.4, 0.9, 3.0),
    late=0,
    repeated=2,
    rejected={},
    interval_s_p50=60.0,
    gaps=1,
    gap_s_total=600.0,
    gap_s_longest=600.0,
    accuracy_m=Percentiles(3.0, 5.0, 12.0),
    missing={"speed_kmh": 0, "fuel_pct": 1_440},
)


def needing(figures: Figures) -> dict[str, str]:
    """What needs attention, and what to do about it."""
    lines = judge(figures, RULES)
    assert all((line.fix is not None) is (line.verdict is Verdict.ATTENTION) for line in lines)
    return {line.check: str(line.fix) for line in lines if line.fix is not None}


def test_a_device_in_order_needs_nothing() -> None:
    assert needing(GOOD) == {}
    assert {line.verdict for line in judge(GOOD, RULES)} == {Verdict.GOOD}


@pytest.mark.parametrize(
    ("changes", "check", "what_to_do"),
    [
        ({"delay_s": Percentiles(19_800.0, 19_801.0, 19_803.0)}, "clock", "time zone"),
        ({"delay_s": Percentiles(-45.0, -44.0, -40.0)}, "clock", "set its clock"),
        ({"delay_s": Percentiles(0.5, 30.0, 900.0)}, "delay", "coverage"),
        ({"late": 200}, "order", "oldest first"),
        ({"repeated": 800}, "repetitions", "acknowledgement"),
        ({"rejected": {"future": 300}}, "rejections", "set its clock"),
        ({"rejected": {"no_fix": 300, "rate": 2}}, "rejections", "antenna"),
        ({"rejected": {"something new": 300}}, "rejections", "details"),
        ({"gaps": 3, "gap_s_total": 30_000.0}, "gaps", "power"),
        ({"fixes": 400_000}, "rate", "less often"),
        ({"accuracy_m": Percentiles(10.0, 60.0, 400.0)}, "accuracy", "antenna"),
        ({"missing": {"satellites": 1_440}}, "fields", "switch"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    changes: dict[str, object], check: str, what_to_do: str
) -> None:
    found = needing(dataclasses.replace(GOOD, **changes))  # type: ignore[arg-type]

    assert list(found) == [check]
    assert what_to_do in found[check]


def test_of_a_silent_device_nothing_is_known() -> None:
    nothing = Percentiles(None, None, None)
    silent = Figures(86_400, 0, nothing, 0, 0, {}, None, 0, 0.0, 0.0, nothing, {})

    assert {line.verdict for line in judge(silent, RULES)} == {Verdict.UNKNOWN}
