"""What is said between gateway and bookings' actors arrives as it was."""

from __future__ import annotations

import msgspec
import pytest

from actors import booking_wire
from actors.booking_wire import Asked
from actors.booking_writing import TenantName
from actors.bookings import Answer, Refused, Taken
from freight.booking import commands as asked
from freight.booking.commands import Command
from tests.freight.booking.story import DESK, Story, create, entered

TENANT = TenantName(7, "acme")


@pytest.mark.parametrize(
    "command",
    [
        create(),
        asked.Confirm(by=DESK),
        asked.Assign(by=DESK, leg="L1", truck="T1", carrier="c1", from_ms=1),
    ],
)
@pytest.mark.parametrize("expected", [None, 3])
def test_a_question(command: Command, expected: int | None) -> None:
    question = Asked(TENANT, "B1", command, expected)
    assert booking_wire.read_asked(booking_wire.written(question)) == question


def test_an_answer() -> None:
    story = Story().assigned()
    story.hears(entered("S1", 3_600_000))
    answers: list[Answer] = [Taken(story.now, tuple(story.log)), Refused("no", "never")]
    for answer in answers:
        assert booking_wire.read_answer(booking_wire.written(answer)) == answer


def test_anything_else_is_no_question() -> None:
    with pytest.raises(msgspec.ValidationError):
        booking_wire.read_asked(booking_wire.written(Refused("no", "never")))
