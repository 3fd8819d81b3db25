"""What the world outside and the people inside are told of a booking's steps."""

from __future__ import annotations

import msgspec

from freight.booking import commands as asked
from freight.booking.announced import Announcement, announcements
from freight.booking.evolve import evolve
from freight.booking.state import ActorKind, Booking, Side
from freight.booking.timeline import timeline
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    Story,
    create,
    entered,
    exited,
    moved,
    retracted,
    rules,
)


def whole() -> Story:
    story = Story()
    story.does(create(references={"po": "7"}))
    story.does(asked.Confirm(by=DESK))
    story.does(asked.StartDispatch(by=DESK))
    story.at(MINUTE).does(asked.Assign(by=DESK, leg="L1", truck="T1", driver="ravi"))
    story.hears(moved(5 * MINUTE, 18.4, 73.8), entered("plant", HOUR), exited("plant", 7 * HOUR))
    story.hears(entered("site", 8 * HOUR))
    story.proves("S2")
    story.at(9 * HOUR).does(asked.Close(by=DESK))
    return story


def test_every_status_of_the_contract_is_told_in_its_order() -> None:
    story = whole()
    told = announcements(None, story.log, story.now)

    assert [(kind, time_ms) for kind, time_ms, _ in told] == [
        ("booking.created", 0),
        ("booking.confirmed", 0),
        ("booking.dispatching", 0),
        ("booking.assigned", MINUTE),
        ("booking.en_route", 5 * MINUTE),
        ("booking.at_pickup", HOUR),
        ("booking.loaded", 7 * HOUR),
        ("booking.in_transit", 7 * HOUR),
        ("booking.detention_charged", 7 * HOUR),
        ("booking.at_drop", 8 * HOUR),
        ("booking.proof_recorded", 8 * HOUR),
        ("booking.delivered", 8 * HOUR),
        ("booking.closed", 9 * HOUR),
    ]
    data = told[5][2]
    assert (data["booking"], data["shipper"], data["references"]) == ("B1", "acc", {"po": "7"})
    assert (data["leg"], data["stop"], data["truck"], data["driver"]) == ("L1", "S1", "T1", "ravi")
    assert data["cause"]["kind"] == "truck"
    charged = told[8][2]["charge"]
    assert (charged["payer"], charged["amount_minor"]) == ("shipper", 40_000)
    assert msgspec.json.encode(told)


def test_announcing_in_parts_says_the_same_as_at_once() -> None:
    story = whole()
    at_once = announcements(None, story.log, story.now)

    booking: Booking | None = None
    parts: list[Announcement] = []
    for event in story.log:
        before = booking
        booking = evolve(before, event)
        parts += announcements(before, [event], booking)

    assert [(kind, time_ms) for kind, time_ms, _ in parts] == [
        (kind, time_ms) for kind, time_ms, _ in at_once
    ]


def test_several_legs_are_told_one_by_one() -> None:
    story = Story().assigned(legs_kg=(12_000, 8_000))
    before, length = story.now, len(story.log)
    story.hears(entered("plant", HOUR, "T2"))

    told = announcements(before, story.log[length:], story.now)

    assert [(kind, data["leg"]) for kind, _, data in told] == [
        *(("booking.leg.en_route", "L2"), ("booking.leg.at_pickup", "L2"))
    ]


def test_what_is_taken_back_is_told_too() -> None:
    story = Story().assigned()
    came = entered("plant", HOUR)
    story.hears(moved(5 * MINUTE, 18.4, 73.8), came)
    before, length = story.now, len(story.log)
    story.hears(retracted(came, 2 * HOUR))

    told = announcements(before, story.log[length:], story.now)

    assert [kind for kind, _, _ in told] == ["booking.milestone_retracted", "booking.en_route"]


def test_the_timeline_says_what_caused_each_step() -> None:
    story = whole()
    steps = timeline(story.log)

    assert [step.version for step in steps] == list(range(1, len(story.log) + 1))
    assert steps[0].before is None
    arrived = next(step for step in steps if step.details.get("milestone") == "arrived")
    assert (arrived.what, arrived.leg, arrived.stop) == ("reached", "L1", "S1")
    assert (arrived.at_ms, arrived.by.kind, arrived.cause.kind) == (HOUR, ActorKind.TRUCK, "truck")
    assert arrived.cause.about == str(entered("plant", HOUR).id)
    confirmed = steps[1]
    assert (confirmed.what, confirmed.cause.kind, confirmed.cause.about) == (
        *("confirmed", "command", "confirm"),
    )
    assert confirmed.status.value == "confirmed"


def test_a_fact_that_came_late_shows_when_it_was_known() -> None:
    story = Story().assigned()
    story.at(5 * HOUR).hears(entered("plant", HOUR))

    step = timeline(story.log)[-1]

    assert (step.at_ms, step.known_ms) == (HOUR, 5 * HOUR)


def test_a_story_that_is_too_long_can_only_be_ended() -> None:
    story = Story(rules(events_max=4)).assigned()
    assert story.now.version == 3
    story.hears(moved(5 * MINUTE, 18.4, 73.8))

    assert story.refused(asked.Amend(by=DESK, references={"po": "8"})) == "too_many_events"
    story.does(asked.Fail(by=DESK, leg="L1"))
    story.does(asked.Cancel(by=DESK, side=Side.OPERATOR))
    assert story.status == "cancelled"
