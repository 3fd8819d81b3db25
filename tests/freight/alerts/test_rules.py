"""Which rule holds where and when, what cannot be a rule, and how working time passes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from freight.alerts.applying import applied, fits
from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind, Severity
from freight.alerts.rules import AlertRules, When
from freight.alerts.working_time import after_working_s
from tests.freight.alerts.telling import RULES, T0

INDIA = ZoneInfo("Asia/Kolkata")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=INDIA).timestamp() * 1000)


def with_overrides(**overrides: dict[str, Any]) -> AlertRules:
    return AlertRules.model_validate(RULES.model_dump() | {"overrides": overrides})


@pytest.mark.parametrize(
    ("when", "around", "fit"),
    [
        ({}, {}, True),
        ({"lanes": ["a-b"]}, {"lane": "a-b"}, True),
        ({"lanes": ["a-b"]}, {"lane": "a-c"}, False),
        ({"lanes": ["a-b"]}, {}, False),
        ({"customers": ["C1", "C2"], "materials": ["cement"]}, {"customer": "C2"}, False),
        ({"is_loaded": False}, {"is_loaded": False}, True),
        ({"is_loaded": False}, {}, False),
        ({"from_time": "14:00", "to_time": "15:00"}, {}, True),
        ({"from_time": "15:00", "to_time": "14:00"}, {}, False),
        ({"from_time": "14:20", "to_time": "14:10"}, {}, True),
        ({"days": ["thu"]}, {}, True),
        ({"days": ["fri", "sat"]}, {}, False),
        ({"value_min": 5}, {"value": 5}, True),
        ({"value_min": 5}, {"value": 4.9}, False),
        ({"value_max": 5}, {}, False),
    ],
)
def test_conditions(when: dict[str, Any], around: dict[str, Any], fit: bool) -> None:
    asked = When.model_validate(when)
    assert fits(asked, Circumstances(**around), T0, "Asia/Kolkata") is fit


def test_the_more_particular_rule_wins_and_is_named() -> None:
    rules = with_overrides(
        steel={
            "kinds": ["long_stoppage"],
            "when": {"materials": ["steel"]},
            "then": {"trigger_s": 600, "severity": "critical"},
            "rank": 2,
        },
        lane={"when": {"lanes": ["a-b"]}, "then": {"trigger_s": 60}, "rank": 1},
    )
    around = Circumstances(is_on_trip=True, halt="fuel", lane="a-b", material="steel")
    found = applied(rules, Kind.LONG_STOPPAGE, around, T0)
    assert (found.rule.trigger_s, found.rule.severity) == (600, Severity.CRITICAL)
    assert found.keys == (
        "kinds/long_stoppage",
        "kinds/long_stoppage#1",
        "overrides/lane",
        "overrides/steel",
    )
    plain = applied(RULES, Kind.LONG_STOPPAGE, around, T0)
    assert plain.rule.trigger_s == 3600
    assert plain.digest != found.digest
    # The lane's rule is for any kind.
    assert applied(rules, Kind.OVERSPEED, around, T0).rule.trigger_s == 60


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"nonsense": RULES.kinds["panic"].model_dump()}, "no alert called nonsense"),
        ({"fuel_drop": RULES.kinds["fuel_drop"].model_dump() | {"clear": 20}}, "larger"),
        ({"panic": RULES.kinds["panic"].model_dump() | {"clear": 1}}, "needs a trigger"),
        ({"panic": RULES.kinds["panic"].model_dump() | {"dedup": ["place"]}}, "radius_m"),
        ({"panic": RULES.kinds["panic"].model_dump() | {"escalation": [{"after_s": 1}] * 4}}, "3"),
    ],
)
def test_what_cannot_be_a_rule(change: dict[str, Any], says: str) -> None:
    given = RULES.model_dump()
    given["kinds"] |= change
    with pytest.raises(ValidationError, match=says):
        AlertRules.model_validate(given)


def test_a_kind_without_a_rule_is_none() -> None:
    given = RULES.model_dump()
    del given["kinds"]["panic"]
    with pytest.raises(ValidationError, match="panic has no rule"):
        AlertRules.model_validate(given)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20T10:00", 2, "2026-11-20T12:00"),  # a Friday
        ("2026-11-20T18:00", 2, "2026-11-21T10:00"),
        ("2026-11-20T23:00", 1, "2026-11-21T10:00"),
        ("2026-11-21T18:30", 1, "2026-11-23T09:30"),  # Sunday between
        ("2026-11-20T09:00", 25, "2026-11-23T14:00"),
    ],
)
def test_working_time(start: str, hours: float, due: str) -> None:
    assert after_working_s(at(start), hours * 3600, RULES.working_hours) == at(due)


def test_days_off_do_not_count() -> None:
    given = RULES.working_hours.model_dump() | {"holidays": ["2026-11-21"]}
    hours = type(RULES.working_hours).model_validate(given)
    assert after_working_s(at("2026-11-20T18:30"), 3600, hours) == at("2026-11-23T09:30")
