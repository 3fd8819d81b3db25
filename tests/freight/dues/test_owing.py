"""What a booking owes: the parts share its price to the paisa, and are due when they should be."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.booking import commands as asked
from freight.booking.state import Charge, ChargeHead, Quoted, Side, Term, TermKind
from freight.dues.owing import DAY_MS, Due, dues_of
from freight.dues.rules import DuesRules, Moment
from tests.freight.booking.story import DESK, HOUR, Story, create, entered, exited, moved, rules

ADVANCE = Term(TermKind.ADVANCE, 8_000)
BALANCE = Term(TermKind.BALANCE, 2_000)
MINUTE = 60_000


def dues_rules(**changed: Any) -> DuesRules:
    return defaults().dues.model_copy(update=changed)


def priced(*terms: Term, total_minor: int = 4_000_001) -> Story:
    story = Story(rules())
    story.does(create(price=Quoted("Q1", total_minor, "digest", "INR"), terms=terms))
    story.does(asked.Confirm(by=DESK))
    return story


def driven(story: Story, *, until: str) -> Story:
    story.at(MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", carrier="c1"))
    story.hears(moved(5 * MINUTE, 18.4, 73.8), entered("plant", HOUR))
    if until == "at_pickup":
        return story
    story.hears(exited("plant", 2 * HOUR), entered("site", 4 * HOUR))
    story.at(5 * HOUR).proves("S2", at_ms=5 * HOUR)
    return story


def told(dues: tuple[Due, ...]) -> list[tuple[str, int, int | None, str]]:
    return [(due.id, due.amount_minor, due.due_ms, due.state.value) for due in dues]


def of(
    story: Story, final_minor: int | None = None, received_minor: int = 0, **changed: Any
) -> list[tuple[str, int, int | None, str]]:
    return told(dues_of(story.now, final_minor, dues_rules(**changed), received_minor))


def test_nothing_is_owed_before_it_is_confirmed() -> None:
    story = Story(rules())
    story.does(create(price=Quoted("Q1", 4_000_001, "digest", "INR"), terms=(ADVANCE, BALANCE)))

    assert of(story) == []


def test_advance_at_once_and_the_balance_when_it_is_delivered() -> None:
    story = priced(ADVANCE, BALANCE)

    assert of(story) == [
        ("advance-1", 3_200_001, 0, "open"),
        ("balance-1", 800_000, None, "awaited"),
    ]
    assert of(driven(story, until="delivered"), received_minor=3_200_001) == [
        ("advance-1", 3_200_001, 0, "paid"),
        ("balance-1", 800_000, 5 * HOUR, "open"),
    ]


def test_the_advance_may_wait_for_the_goods_to_be_aboard() -> None:
    story = driven(priced(ADVANCE, BALANCE), until="at_pickup")
    assert of(story, advance_at=Moment.LOADED)[0] == ("advance-1", 3_200_001, None, "awaited")

    story.hears(exited("plant", 2 * HOUR))

    assert of(story, advance_at=Moment.LOADED)[0] == ("advance-1", 3_200_001, 2 * HOUR, "open")


@pytest.mark.parametrize(
    ("term", "due_ms"),
    [
        (Term(TermKind.BALANCE, 10_000), 5 * HOUR + 7 * DAY_MS),
        (Term(TermKind.CREDIT, 10_000, 45), 5 * HOUR + 45 * DAY_MS),
        (Term(TermKind.CREDIT, 10_000, 0), 5 * HOUR),
        (Term(TermKind.COD, 10_000), 5 * HOUR),
    ],
)
def test_when_what_follows_the_delivery_is_due(term: Term, due_ms: int) -> None:
    story = driven(priced(term), until="delivered")

    ((_, amount_minor, due, state),) = of(story, balance_days=7)

    assert (amount_minor, due, state) == (4_000_001, due_ms, "open")


def test_what_it_comes_to_beside_the_price_is_the_last_parts() -> None:
    story = driven(priced(ADVANCE, BALANCE), until="delivered")

    assert [amount for _, amount, _, _ in of(story, 4_150_000)] == [3_200_001, 949_999]
    assert [amount for _, amount, _, _ in of(story, 3_900_000)] == [3_200_001, 699_999]
    assert [amount for _, amount, _, _ in of(story, 3_000_000)] == [3_000_000, 0]


def test_charges_are_owed_before_they_are_invoiced() -> None:
    story = priced(BALANCE, ADVANCE)
    charge = Charge("d1", ChargeHead.DETENTION, "L1", "S2", Side.SHIPPER, 20_000)
    to_carrier = Charge("d2", ChargeHead.CANCELLATION, "L1", None, Side.CARRIER, 5_000)
    story.booking = _with(story, charge, to_carrier)

    assert sum(amount for _, amount, _, _ in of(story)) == 4_000_001 + 20_000


def test_a_cancelled_booking_owes_what_cancelling_costs() -> None:
    story = priced(ADVANCE, BALANCE).at(40 * MINUTE)
    story.does(asked.Cancel(by=DESK, side=Side.SHIPPER, reason="no goods"))

    assert of(story, received_minor=3_200_001) == [
        ("advance-1", 0, 0, "paid"),
        ("balance-1", 50_000, 0, "paid"),
    ]


def _with(story: Story, *charges: Charge) -> Any:
    return msgspec.structs.replace(story.now, charges={one.id: one for one in charges})


@given(
    total_minor=st.integers(1, 10**12),
    shares=st.lists(st.integers(0, 10_000), min_size=1, max_size=4),
    final_minor=st.none() | st.integers(0, 2 * 10**12),
    received_minor=st.integers(-100, 3 * 10**12),
)
@settings(max_examples=100, deadline=None)
def test_the_parts_are_the_whole(
    total_minor: int, shares: list[int], final_minor: int | None, received_minor: int
) -> None:
    cuts = sorted(share for share in shares[:-1])
    bounds = [0, *cuts, 10_000]
    parts = [b - a for a, b in itertools.pairwise(bounds) if b > a]
    kinds = [*TermKind] * 2
    days = {TermKind.CREDIT: 30}
    terms = tuple(
        Term(kind, part, days.get(kind)) for kind, part in zip(kinds, parts, strict=False)
    )
    story = priced(*terms, total_minor=total_minor)

    dues = dues_of(story.now, final_minor, dues_rules(), received_minor)

    whole = total_minor if final_minor is None else final_minor
    assert sum(due.amount_minor for due in dues) == whole
    assert all(0 <= due.paid_minor <= due.amount_minor for due in dues)
    assert sum(due.paid_minor for due in dues) == min(max(received_minor, 0), whole)
    assert len({due.id for due in dues}) == len(dues)
