"""A small week of alerts: every scripted incident is found once, and nothing else is told."""

from __future__ import annotations

import pytest

from bench import alerts
from bench.alerts_naive import naive
from bench.alerts_week import Week, week


@pytest.fixture(scope="module")
def made() -> Week:
    return week(trucks=14, days=1, seed=11)


def test_every_incident_is_found_once_and_nothing_else(made: Week) -> None:
    watch, _ = alerts.watched(made)
    score = alerts.scored(made.expected, watch.raised)
    asked = {one: found for one, found in score.hits.items() if one.is_asked}
    assert {one.kind for one in asked} >= {"several_trucks"}
    assert [one for one, found in asked.items() if len(found) != 1] == []
    assert score.without == []
    assert max(alerts.latencies_s(score)) < alerts.LATENCY_S_MAX


def test_naive_rules_cry_wolf(made: Week) -> None:
    assert len(naive(made)) > 3 * len(made.expected)


def test_the_same_seed_is_the_same_week(made: Week) -> None:
    again = week(trucks=14, days=1, seed=11)
    assert again.expected == made.expected
    assert again.fixes.tobytes() == made.fixes.tobytes()
