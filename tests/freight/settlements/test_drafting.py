"""What a leg owes its carriers: shares, waiting, tolls, penalties, and what is learned later."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from freight.booking.state import (
    Adjustment,
    Charge,
    ChargeHead,
    Side,
)
from freight.booking.state import Status as LegStatus
from freight.settlements.commands import Due
from freight.settlements.deciding import FREIGHT_UNKNOWN
from freight.settlements.drafting import parts, remaining
from freight.settlements.state import Head, Line, Source
from tests.freight.settlements.legs import PRICES, Story, carried, toll, waiting
from tests.freight.settlements.written import RULES, Told, advance_by_payout


def test_one_truck_has_all_of_it() -> None:
    story = Story((carried(),), (waiting("S1", 40_000),), (toll(125_000),))
    owed = {Head.FREIGHT: 4_000_000, Head.DETENTION: 40_000, Head.TOLL: 125_000}
    assert story.owed() == [("C1", owed)]
    (part,) = parts(story.booking, story.leg, PRICES, RULES)
    assert (part.due.ready_ms, part.due.questions) == (800, ())


def test_own_trucks_are_owed_nothing() -> None:
    assert Story((carried(carrier=None),)).owed() == []


@pytest.mark.parametrize("offer", [None, "O9"])
def test_a_price_that_nobody_knows_is_asked_for(offer: str | None) -> None:
    story = Story((carried(offer=offer),))
    (part,) = parts(story.booking, story.leg, PRICES, RULES)
    assert part.due == Due(lines=(), questions=(FREIGHT_UNKNOWN,), ready_ms=800)


def test_after_a_handover_each_has_its_way() -> None:
    first = carried(to_ms=500, driven_m=30_000)
    second = carried("C2", "O2", truck="T2", from_ms=500, driven_m=10_000)
    story = Story((first, second), (waiting("S1", 100), waiting("S2", 200)))
    assert story.owed() == [
        ("C1", {Head.FREIGHT: 3_000_000, Head.DETENTION: 100}),
        ("C2", {Head.FREIGHT: 750_000, Head.DETENTION: 200}),
    ]


def test_ways_that_are_not_known_are_asked_for() -> None:
    story = Story((carried(to_ms=500, driven_m=30_000), carried("C2", "O2", from_ms=500)))
    found = parts(story.booking, story.leg, PRICES, RULES)
    assert [part.due.questions for part in found] == [(FREIGHT_UNKNOWN,)] * 2


def test_who_gave_the_leg_back_is_paid_for_its_waiting_only() -> None:
    back = carried(to_ms=500, void=True)
    story = Story((back, carried("C2", "O2")), (waiting("S1", 100), waiting("S1", 300, 2)))
    assert story.owed() == [
        ("C1", {Head.DETENTION: 100}),
        ("C2", {Head.FREIGHT: 3_000_000, Head.DETENTION: 300}),
    ]


def test_a_carrier_that_cancels_owes_what_is_charged() -> None:
    charge = Charge("c1", ChargeHead.CANCELLATION, "L1", None, Side.CARRIER, 200_000)
    story = Story((carried(to_ms=5, void=True),), (charge,), status=LegStatus.CANCELLED)
    assert story.owed() == [("C1", {Head.PENALTY: -200_000})]


def test_a_shipper_that_cancels_pays_the_carrier_its_share() -> None:
    charge = Charge("c1", ChargeHead.CANCELLATION, "L1", None, Side.SHIPPER, 200_001)
    story = Story((carried(to_ms=5),), (charge,), status=LegStatus.CANCELLED)
    assert story.owed() == [("C1", {Head.CANCELLATION: 100_001})]


def test_tolls_of_a_booking_are_shared_by_weight_to_the_paisa() -> None:
    other = replace(Story((carried(),)).leg, id="L2", weight_kg=10_000)
    story = Story((carried(),), (), (toll(100, leg=None),), others=(other,))
    assert story.owed()[0][1][Head.TOLL] == 67
    shares = parts(story.booking, other, PRICES, RULES)[0].due.lines
    assert [line.amount_minor for line in shares if line.head is Head.TOLL] == [33]


def test_heads_that_are_not_the_carriers_are_not_passed_on() -> None:
    assert story_heads(toll(5, head="weight_difference")) == {Head.FREIGHT}
    assert story_heads(toll(-5)) == {Head.FREIGHT, Head.ADJUSTMENT}


def story_heads(adjustment: Adjustment) -> set[str]:
    return set(Story((carried(),), (), (adjustment,)).owed()[0][1])


def test_what_was_found_out_is_the_last_carriers() -> None:
    short = Line(id="shortage/1", head=Head.SHORTAGE, amount_minor=-180_000, source=Source.BOOKING)
    first = carried(to_ms=500, driven_m=1)
    story = Story((first, carried("C2", "O2", driven_m=1)))
    assert [Head.SHORTAGE in owed for _, owed in story.owed((short,))] == [False, True]


# -------------------------------------------------------------------------------- supplements


def test_what_is_learned_after_the_approval_is_a_difference() -> None:
    told = Told()
    late = Line(id="d", head=Head.DETENTION, amount_minor=60_000, source=Source.BOOKING)
    due = Due(lines=(*told.state.lines, late), ready_ms=1)
    assert remaining(due, [told.state]).lines == (late,)
    less = replace(told.state.lines[0], amount_minor=3_900_000)
    (line,) = remaining(Due(lines=(less,), ready_ms=1), [told.state]).lines
    assert (line.head, line.amount_minor) == (Head.ADJUSTMENT, -100_000)
    (gone,) = remaining(Due(lines=(), ready_ms=1), [told.state]).lines
    assert gone.amount_minor == -4_000_000
    assert remaining(Due(lines=told.state.lines, ready_ms=1), [told.state]).lines == ()


def test_an_advance_that_came_back_late_is_owed_again() -> None:
    told = advance_by_payout(1_000_000, came_back=True)
    due = Due(lines=tuple(told.state.lines[:1]), ready_ms=1)
    (line,) = remaining(due, [told.state]).lines
    assert (line.head, line.amount_minor) == (Head.ADVANCE, 1_000_000)
