"""Values with their days: what holds when, gaps, and no two at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.dated import Dated, NotInForceError

GST = [
    {"valid_from": "2022-07-18", "value": 12},
    {"valid_from": "2017-07-01", "valid_to": "2022-07-18", "value": 5},
]


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2017, 7, 1), 5),
        (date(2022, 7, 17), 5),
        (date(2022, 7, 18), 12),
        (date(2030, 1, 1), 12),
    ],
)
def test_a_row_holds_up_to_the_day_the_next_begins(day: date, rate: int) -> None:
    assert Dated[int].model_validate(GST).at(day) == rate


def test_before_the_first_and_in_a_gap_nothing_holds() -> None:
    rows = [
        {"valid_from": "2020-01-01", "valid_to": "2020-02-01", "value": 1},
        {"valid_from": "2020-03-01", "value": 2},
    ]
    for day in (date(2019, 12, 31), date(2020, 2, 1), date(2020, 2, 29)):
        with pytest.raises(NotInForceError):
            Dated[int].model_validate(rows).at(day)


WRONG: list[tuple[Any, str]] = [
    ([], "at least one row"),
    ([{"valid_from": "2020-01-01", "valid_to": "2020-01-01", "value": 1}], "later than"),
    ([{"valid_from": "2020-01-01", "value": "x"}], "valid integer"),
    ([{"valid_from": "soon", "value": 1}], "valid date"),
    (
        [{"valid_from": "2020-01-01", "value": 1}, {"valid_from": "2021-01-01", "value": 2}],
        "2021-01-01",
    ),
]


@pytest.mark.parametrize(("rows", "says"), WRONG)
def test_what_cannot_be_is_refused(rows: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Dated[int].model_validate(rows)


START = date(2020, 1, 1)
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15) | st.none()), max_size=5)


@given(SPANS, st.integers(-5, 60))
def test_at_most_one_row_holds_on_any_day(
    spans: list[tuple[int, int | None]], offset_days: int
) -> None:
    rows = [
        {
            "valid_from": START + timedelta(days=start),
            "valid_to": None if length is None else START + timedelta(days=start + length),
            "value": number,
        }
        for number, (start, length) in enumerate(spans)
    ]

    def holding(offset: int) -> list[int]:
        return [
            number
            for number, (start, length) in enumerate(spans)
            if start <= offset and (length is None or offset < start + length)
        ]

    overlap = any(len(holding(offset)) > 1 for offset in range(60))
    if overlap or not rows:
        with pytest.raises(ValidationError):
            Dated[int].model_validate(rows)
        return
    dated, day = Dated[int].model_validate(rows), START + timedelta(days=offset_days)
    if holding(offset_days):
        assert [dated.at(day)] == holding(offset_days)
    else:
        with pytest.raises(NotInForceError):
            dated.at(day)
