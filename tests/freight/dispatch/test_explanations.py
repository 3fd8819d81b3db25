"""What is recorded of a decision comes back as it was, in few bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.dispatch.explanations import Explanation, decode, encode, tabled
from freight.dispatch.matching import plan
from freight.dispatch.reasons import Part, Reason, reasons_in
from freight.dispatch.weighing import EXCLUDED, PARTS
from tests.freight.dispatch.given import NOW_MS, leg, rules, truck

numbers = st.integers(-(2**40), 2**40)


@st.composite
def explanations(draw: st.DrawFn) -> Explanation:
    keys = sorted(draw(st.sets(st.integers(1, 2**62), max_size=12)))
    masks = st.sampled_from([0, 0, 1, 3, 1 << (len(Reason) - 1)])
    mask = np.array([draw(masks) for _ in keys], dtype=np.int64)
    cost = [draw(numbers) if each == 0 else EXCLUDED for each in mask.tolist()]
    able = np.flatnonzero(mask == 0).tolist()
    best = [each for each in able if draw(st.booleans())]
    scores = [[draw(numbers) for _ in range(PARTS + 2)] for _ in best]
    return Explanation(
        now_ms=NOW_MS,
        rings=draw(st.integers(1, 50)),
        h3_resolution=5,
        keys=np.array(keys, dtype=np.int64),
        mask=mask,
        cost=np.array(cost, dtype=np.int64),
        best=np.array(best, dtype=np.int64),
        scores=np.array(scores, dtype=np.int64).reshape(len(best), PARTS + 2),
    )


@settings(max_examples=150, deadline=None)
@given(explanations())
def test_what_is_recorded_comes_back(explained: Explanation) -> None:
    back = decode(encode(explained, tabled(explained.mask)))

    assert (back.now_ms, back.rings, back.h3_resolution) == (NOW_MS, explained.rings, 5)
    for name in ("keys", "mask", "cost", "best", "scores"):
        np.testing.assert_array_equal(getattr(back, name), getattr(explained, name))
    assert list(back.verdicts()) == list(explained.verdicts())


def test_bytes_of_another_format_are_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="unknown format, 78"):
        decode(b"\x78\x01")


def test_candidates_come_first_and_the_cheapest_of_them_at_the_front() -> None:
    fleet = [
        truck(1, (18.6, 73.86)),
        truck(2),
        truck(3, promised=True),
        truck(4, (18.7, 73.86)),
    ]
    few = {"candidates_first": 1, "explained_in_parts": 2}
    found = plan([leg()], fleet, rules(matching=few), NOW_MS).explanation("B1/L1")
    told = list(found.verdicts())

    assert [each.truck_key for each in told] == [2, 1, 4, 3]
    assert [each.parts is not None for each in told] == [True, True, False, False]
    assert [each.cost_minor is not None for each in told] == [True, True, True, False]
    assert told[-1].reasons == (Reason.PROMISED,)


def test_a_thousand_excluded_trucks_take_a_byte_or_two_each() -> None:
    fleet = [truck(n, promised=n % 3 == 0, online=n % 7 > 0) for n in range(3, 3003, 3)]
    recorded = plan([leg()], fleet, rules(), NOW_MS).recorded["B1/L1"]

    assert len(recorded) < 1_000


def test_every_rule_has_its_own_bit_and_words() -> None:
    assert reasons_in(sum(reason.bit for reason in Reason)) == tuple(Reason)
    assert [reason.value for reason in Reason] == list(range(len(Reason)))
    assert [part.value for part in Part] == list(range(PARTS))
    assert all(reason.says for reason in Reason)
