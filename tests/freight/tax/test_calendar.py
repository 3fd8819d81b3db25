"""Days and financial years in India."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from freight.tax.calendar import (
    india_day,
    quarter_of,
    rate_day,
    year_begun,
    year_label,
)

BEFORE, AFTER = date(2025, 9, 21), date(2025, 9, 22)  # the rates changed on the latter
LATER = date(2025, 10, 5)


def ms(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [
        (ms(2026, 3, 31, 18, 29, 59), date(2026, 3, 31)),
        (ms(2026, 3, 31, 18, 30), date(2026, 4, 1)),  # midnight in India
        (ms(2025, 9, 21, 18, 30), AFTER),
        (ms(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_india(at_ms: int, day: date) -> None:
    assert india_day(at_ms) == day


@pytest.mark.parametrize(
    ("day", "label", "quarter"),
    [
        (date(2026, 3, 31), "25-26", 4),
        (date(2026, 4, 1), "26-27", 1),
        (date(2026, 7, 1), "26-27", 2),
        (date(2026, 12, 31), "26-27", 3),
        (date(2000, 1, 1), "99-00", 4),
        (date(2099, 6, 1), "99-00", 1),
    ],
)
def test_financial_years_begin_in_april(day: date, label: str, quarter: int) -> None:
    assert (year_label(year_begun(day)), quarter_of(day)) == (label, quarter)


@pytest.mark.parametrize(
    ("supplied", "invoiced", "paid", "is_new"),
    [
        # section 14(a): carried before the change
        (BEFORE, AFTER, AFTER, True),
        (BEFORE, BEFORE, AFTER, False),
        (BEFORE, AFTER, BEFORE, False),
        (BEFORE, BEFORE, BEFORE, False),
        (BEFORE, BEFORE, None, False),
        (BEFORE, AFTER, None, True),
        # section 14(b): carried after it
        (AFTER, BEFORE, AFTER, True),
        (AFTER, BEFORE, BEFORE, False),
        (AFTER, AFTER, BEFORE, True),
        (AFTER, BEFORE, None, True),
        (LATER, AFTER, None, True),
    ],
)
def test_the_rate_of_two_of_three_days(
    supplied: date, invoiced: date, paid: date | None, is_new: bool
) -> None:
    assert (rate_day(supplied, invoiced, paid) >= AFTER) is is_new
