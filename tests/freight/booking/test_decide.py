"""A booking from its creation to its truck."""

from __future__ import annotations

from freight.booking import commands as asked
from tests.freight.booking.story import DESK, MINUTE, Story, create


def test_a_booking_is_created_confirmed_and_assigned() -> None:
    story = Story()

    story.does(create())
    story.at(MINUTE).does(asked.Confirm(by=DESK))
    story.at(2 * MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", driver="ravi"))

    assert story.status == "assigned"
    assert story.now.version == 3
    carriage = story.now.legs[0].carriage
    assert carriage is not None
    assert (carriage.truck, carriage.driver, carriage.from_ms) == ("T1", "ravi", 2 * MINUTE)
    assert story.now.confirmed_ms == MINUTE


def test_the_same_command_again_changes_nothing() -> None:
    story = Story()
    story.does(create(key="k1"))

    assert story.does(create(key="k1")) == []
    assert story.refused(create(key="k2")) == "exists"
    assert story.does(asked.Confirm(by=DESK, key="k3"))
    assert story.does(asked.Confirm(by=DESK, key="k3")) == []
