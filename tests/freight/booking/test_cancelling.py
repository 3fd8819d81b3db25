"""Who cancels at which stage, what it costs, and what becomes of the load."""

from __future__ import annotations

import pytest

from freight.booking import commands as asked
from freight.booking.cancelling import price_of_leg
from freight.booking.events import CarrierWithdrew, LegCancelled
from freight.booking.rules import FeeRule, Stage
from freight.booking.state import ChargeHead, Quoted, Side
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    Story,
    create,
    entered,
    exited,
    moved,
    rules,
)

FEES = {
    Stage.CONFIRMED: FeeRule(free_minutes=30, fixed_minor=50_000),
    Stage.ASSIGNED: FeeRule(free_minutes=10, share_bp=500, fixed_minor=100),
    Stage.EN_ROUTE: FeeRule(share_bp=1000),
    Stage.AT_PICKUP: FeeRule(share_bp=1000, fixed_minor=450_000),
    Stage.LOADED: FeeRule(refused=True),
}


def begun(**changed: object) -> Story:
    usual = rules().cancelling
    fees = {Side.SHIPPER: FEES, Side.CARRIER: FEES}
    cancelling = usual.model_copy(update={"fees": fees, **changed})
    story = Story(rules(cancelling=cancelling))
    story.does(create(price=Quoted("Q1", 4_000_001, "digest", "INR")))
    return story


def confirmed(**changed: object) -> Story:
    story = begun(**changed)
    story.does(asked.Confirm(by=DESK))
    return story


def assigned(**changed: object) -> Story:
    story = confirmed(**changed)
    story.does(asked.Assign(by=DESK, leg="L1", truck="T1", carrier="c1"))
    return story


def owed(story: Story) -> list[tuple[str, str, int]]:
    charges = story.now.charges.values()
    return [(c.head.value, c.payer.value, c.amount_minor) for c in charges]


def by(side: Side, leg: str | None = None) -> asked.Cancel:
    return asked.Cancel(by=DESK, side=side, leg=leg, reason="no goods")


def test_until_it_is_confirmed_cancelling_is_free() -> None:
    story = begun().at(900 * HOUR)
    story.does(by(Side.SHIPPER))

    assert (story.status, owed(story)) == ("cancelled", [])


@pytest.mark.parametrize(
    ("minutes", "charges"),
    [(0, []), (29, []), (30, [("cancellation", "shipper", 50_000)])],
)
def test_after_confirming_some_minutes_are_free(
    minutes: int, charges: list[tuple[str, str, int]]
) -> None:
    story = confirmed()
    story.at(minutes * MINUTE).does(by(Side.SHIPPER))

    assert owed(story) == charges


def test_with_a_truck_a_share_of_the_price_is_due() -> None:
    story = assigned()
    story.at(10 * MINUTE).does(by(Side.SHIPPER))

    assert owed(story) == [("cancellation", "shipper", 200_000)]  # 5 % of 4 000 001, rounded


def test_on_the_way_and_at_the_pickup_it_costs_more() -> None:
    story = assigned()
    story.hears(moved(5 * MINUTE, 18.0, 73.0))
    story.does(by(Side.SHIPPER))
    assert owed(story) == [("cancellation", "shipper", 400_000)]

    story = assigned()
    story.hears(entered("plant", HOUR))
    story.does(by(Side.SHIPPER))
    assert owed(story) == [("cancellation", "shipper", 450_000)]  # the fixed amount is larger


def test_a_loaded_truck_is_not_cancelled_or_is_paid_to_return() -> None:
    story = assigned()
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    assert story.refused(by(Side.SHIPPER)) == "loaded"

    returning = FEES | {Stage.LOADED: FeeRule(share_bp=6000)}
    story = assigned(fees={Side.SHIPPER: returning})
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    story.does(by(Side.SHIPPER))

    assert story.status == "cancelled"
    assert owed(story) == [("return", "shipper", 2_400_001)]
    assert next(iter(story.now.charges.values())).head is ChargeHead.RETURN


def test_the_operator_pays_nothing() -> None:
    story = assigned()
    story.at(5 * HOUR).does(by(Side.OPERATOR))

    assert (story.status, owed(story)) == ("cancelled", [])


def test_a_carrier_that_cancels_gives_the_leg_back_and_pays() -> None:
    story = assigned()
    told = story.at(HOUR).does(by(Side.CARRIER, "L1"))

    assert isinstance(told[0], CarrierWithdrew)
    assert story.status == "dispatching"
    assert story.leg().carriage is None
    assert owed(story) == [("cancellation", "carrier", 200_000)]

    story.does(asked.Assign(by=DESK, leg="L1", truck="T2"))
    story.at(3 * HOUR).does(by(Side.CARRIER, "L1"))
    assert len(owed(story)) == 2  # the second carrier pays for itself


def test_a_carrier_may_end_it_where_the_tenant_says_so() -> None:
    story = assigned(carrier_withdraws=False)
    told = story.at(HOUR).does(by(Side.CARRIER, "L1"))

    assert isinstance(told[0], LegCancelled)
    assert story.status == "cancelled"


def test_a_shipper_whose_load_nobody_took_pays_nothing() -> None:
    story = confirmed()
    story.does(asked.StartDispatch(by=DESK))
    story.at(9 * HOUR).does(asked.Fail(by=DESK, leg="L1", reason="exhausted"))
    story.does(by(Side.SHIPPER))

    assert owed(story) == []


def test_one_leg_of_two_is_cancelled_for_its_share() -> None:
    story = Story(begun().rules)
    story.does(create(price=Quoted("Q1", 1_000_000, "d", "INR"), legs_kg=(12_000, 8_000)))
    story.does(asked.Confirm(by=DESK))
    for number in (1, 2):
        story.does(asked.Assign(by=DESK, leg=f"L{number}", truck=f"T{number}"))

    story.at(HOUR).does(by(Side.SHIPPER, "L2"))

    assert story.status == "assigned"
    assert story.now.needs_quote  # less is carried than was quoted
    assert owed(story) == [("cancellation", "shipper", 20_000)]  # 5 % of 8/20


def test_if_one_leg_cannot_be_cancelled_none_is() -> None:
    story = Story(begun().rules)
    story.does(create(legs_kg=(12_000, 8_000)))
    story.does(asked.Confirm(by=DESK))
    for number in (1, 2):
        story.does(asked.Assign(by=DESK, leg=f"L{number}", truck=f"T{number}"))
    story.hears(entered("plant", HOUR, "T2"), exited("plant", 2 * HOUR, "T2"))
    version = story.now.version

    assert story.refused(by(Side.SHIPPER)) == "loaded"
    assert story.now.version == version


@pytest.mark.parametrize("total", [0, 1, 2, 99, 100, 1_000_003])
def test_the_prices_of_all_legs_make_up_the_whole(total: int) -> None:
    story = Story()
    story.does(create(price=Quoted("Q", total, "d", "INR"), legs_kg=(7_000, 6_000, 7_000)))

    prices = [price_of_leg(story.now, leg) for leg in story.now.legs]

    assert sum(prices) == total
    assert min(prices) >= 0


def test_a_truck_that_arrives_after_the_cancellation_moves_nothing() -> None:
    story = assigned()
    story.does(by(Side.SHIPPER))

    assert story.hears(entered("plant", HOUR)) == []
    assert story.status == "cancelled"


def test_a_shipper_who_cancels_pays_for_the_waiting_too() -> None:
    story = assigned()
    story.hears(entered("plant", HOUR))
    story.at(6 * HOUR).does(by(Side.SHIPPER))  # four hours are free, 200.00 each hour begun

    assert owed(story) == [("detention", "shipper", 20_000), ("cancellation", "shipper", 450_000)]
