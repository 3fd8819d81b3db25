"""Ratings from counts: nothing seen says nothing, and one day says little."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.policy import defaults
from freight.fleet.ratings import Counts, rating

RULES = defaults().fleet.ratings


def test_a_newcomer_is_as_good_as_usual() -> None:
    seen = rating(Counts(), RULES)

    assert (seen.on_time_share, seen.decline_share, seen.deviations_per_trip) == (None, None, None)
    # 0.5 of 0.8, 0.3 of 0.8, 0.2 of 0.9
    assert seen.score == pytest.approx(0.82)


def test_what_was_seen_counts_more_the_more_there_is() -> None:
    bad_day = rating(Counts(trips=1, promised=1, on_time=0), RULES)
    bad_year = rating(Counts(trips=200, promised=200, on_time=0), RULES)

    assert bad_day.on_time_share == bad_year.on_time_share == 0.0
    assert bad_day.score > 0.78
    assert bad_year.score < 0.5


def test_worked_by_hand() -> None:
    counts = Counts(trips=40, promised=30, on_time=28, offers=50, declines=5, deviations=12)

    seen = rating(counts, RULES)

    on_time, declined, deviating = (28 + 8) / 40, (5 + 2) / 60, (12 + 2) / 50
    assert seen.score == pytest.approx(
        0.5 * on_time + 0.3 * (1 - declined) + 0.2 * (1 - deviating / 2)
    )
    assert seen.on_time_share == pytest.approx(28 / 30)
    assert seen.decline_share == 0.1


COUNTS = st.tuples(*(st.integers(0, 500) for _ in range(4))).map(
    lambda n: Counts(
        trips=n[0] + n[1],
        promised=n[0],
        on_time=n[0] // 2,
        offers=n[2],
        declines=n[2] // 3,
        deviations=n[3],
    )
)


@given(COUNTS)
@settings(max_examples=50)
def test_a_score_is_a_share_and_more_faults_never_raise_it(counts: Counts) -> None:
    score = rating(counts, RULES).score

    assert 0.0 <= score <= 1.0
    assert rating(replace(counts, deviations=counts.deviations + 5), RULES).score <= score
    assert (
        rating(replace(counts, offers=counts.offers + 1, declines=counts.declines + 1), RULES).score
        <= score
    )
