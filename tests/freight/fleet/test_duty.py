"""How long a driver may still drive."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.fleet.duty import HOUR_MS, Hours, hours, merged

# Five hours at a stretch, ten a day, twelve from end to end, 54 a week; rests of ½ and 8 hours.
RULES = defaults().fleet.duty
NOW_MS = 1000 * HOUR_MS


def ago(first_h: float, last_h: float) -> tuple[int, int]:
    """Driven from so many hours ago to so many."""
    return NOW_MS - round(first_h * HOUR_MS), NOW_MS - round(last_h * HOUR_MS)


# driven -> today, this week, at a stretch, left, left at a stretch; in hours
STORIES = [
    ("rested", [], (0, 0, 0, 10, 5)),
    ("just begun", [ago(1, 0)], (1, 1, 1, 9, 4)),
    ("a stretch is full", [ago(5, 0)], (5, 5, 5, 5, 0)),
    ("a short rest makes a new one", [ago(5.5, 0.5)], (5, 5, 0, 5, 5)),
    ("too short a rest", [ago(5.4, 0.4)], (5, 5, 5, 5, 0)),
    ("two stretches with a rest", [ago(6.5, 2.5), ago(2, 0)], (6, 6, 2, 4, 3)),
    ("a long rest in between", [ago(11, 10), ago(1, 0)], (2, 2, 1, 8, 4)),
    ("end to end", [ago(11, 10), ago(6, 5), ago(1, 0)], (3, 3, 1, 1, 1)),
    ("a long rest begins a new day", [ago(18, 9)], (9, 9, 0, 1, 1)),
    ("yesterday counts no more", [ago(34, 25)], (0, 9, 0, 10, 5)),
    ("half of it does", [ago(28, 20)], (4, 8, 0, 6, 5)),
    ("last week", [ago(24 * 8, 24 * 7 - 3)], (0, 3, 0, 10, 5)),
    ("the same told twice", [ago(3, 1), ago(2, 0)], (3, 3, 3, 7, 2)),
    ("what is to come", [(NOW_MS, NOW_MS + HOUR_MS)], (0, 0, 0, 10, 5)),
]


@pytest.mark.parametrize(("_story", "driven", "expected"), STORIES)
def test_hours(_story: str, driven: list[tuple[int, int]], expected: tuple[float, ...]) -> None:
    assert hours(driven, RULES, NOW_MS) == Hours(*(round(h * HOUR_MS) for h in expected))


def test_a_week_is_full() -> None:
    """Nine hours on each of six days."""
    driven = [ago(24 * day + 12, 24 * day + 3) for day in range(6)]

    assert hours(driven, RULES, NOW_MS).left_ms == 0


SPANS = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(1, 30)).map(
        lambda both: (both[0] * HOUR_MS, (both[0] + both[1]) * HOUR_MS)
    ),
    max_size=12,
)


@given(SPANS, SPANS)
@settings(max_examples=60)
def test_driving_more_never_gives_hours(
    some: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    few, many = hours(some, RULES, NOW_MS), hours([*more, *some], RULES, NOW_MS)

    assert 0 <= many.left_ms <= few.left_ms
    assert 0 <= many.stretch_left_ms <= many.left_ms
    assert many == hours([*some, *more], RULES, NOW_MS)


@given(SPANS)
@settings(max_examples=60)
def test_merged_spans_hold_the_same_hours(spans: list[tuple[int, int]]) -> None:
    driven = {hour for start, end in spans for hour in range(start // HOUR_MS, end // HOUR_MS)}
    apart = merged(spans, NOW_MS)

    assert sum(end - start for start, end in apart) == HOUR_MS * len(
        {hour for hour in driven if hour < NOW_MS // HOUR_MS}
    )
    assert all(before[1] < behind[0] for before, behind in pairwise(apart))
