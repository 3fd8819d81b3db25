"""A leg's truck that is out of reach is told, and loses the leg when the pickup is at risk."""

from __future__ import annotations

import pytest

from freight.booking import commands as asked
from freight.booking.announced import announcements
from freight.booking.events import TruckHeard, TruckSilent, Unassigned
from freight.booking.evolve import replayed
from freight.booking.silence import relieved_from_ms
from freight.booking.state import Actor, ActorKind, Status
from freight.load import StopKind, Window
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    Story,
    entered,
    exited,
    load,
    rules,
    stop,
)

TRUCK = Actor(ActorKind.TRUCK, "T1")
SYSTEM = Actor(ActorKind.SYSTEM, "silence")
RELIEVE = asked.Relieve(by=SYSTEM, leg="L1", reason="out of reach")


def listening(silent_ms: int | None, truck: str = "T1") -> asked.Listen:
    return asked.Listen(by=TRUCK, leg="L1", truck=truck, silent_ms=silent_ms)


def story(**silence: object) -> Story:
    usual = {"offered_again": True, "patience_minutes": 60, "before_pickup_minutes": 240}
    made = rules()
    return Story(
        made.model_copy(update={"silence": made.silence.model_copy(update=usual | silence)})
    )


def due_ms(told: Story) -> int | None:
    return relieved_from_ms(told.now, told.leg(), told.rules.silence)


def test_it_is_told_once_and_taken_back_once() -> None:
    told = story().assigned().at(HOUR)
    first = told.does(listening(30 * MINUTE))
    again = told.does(listening(30 * MINUTE))
    other = told.does(listening(None, truck="T9"))
    heard = told.does(listening(None))

    assert [type(event) for event in (*first, *again, *other, *heard)] == [TruckSilent, TruckHeard]
    assert told.leg().silent_ms is None
    assert told.status == "assigned"
    assert replayed(told.log) == told.now


def test_the_world_is_told_since_when() -> None:
    told = story().assigned().at(HOUR)
    before = told.now
    events = told.does(listening(30 * MINUTE))

    ((kind, at_ms, data),) = announcements(before, events, told.now)

    assert (kind, at_ms) == ("booking.truck_silent", HOUR)
    assert (data["truck"], data["silent_since_ms"]) == ("T1", 30 * MINUTE)


@pytest.mark.parametrize(
    ("ends_ms", "expected_ms"),
    [
        (None, 90 * MINUTE),  # as soon as can be: only patience counts
        (2 * HOUR, 90 * MINUTE),  # at risk already
        (10 * HOUR, 6 * HOUR),  # time enough for another truck until then
    ],
)
def test_a_truck_keeps_its_leg_until_the_pickup_is_at_risk(
    ends_ms: int | None, expected_ms: int
) -> None:
    told = story().assigned().at(HOUR)
    told.does(asked.Amend(by=DESK, windows={"S1": Window(None, ends_ms)}))
    told.does(listening(30 * MINUTE))

    assert due_ms(told) == expected_ms
    assert told.at(expected_ms - 1).does(RELIEVE) == []
    (lost,) = told.at(expected_ms).does(RELIEVE)
    assert isinstance(lost, Unassigned)
    assert (lost.cause.kind, lost.cause.about, lost.cause.reason) == (
        "rule",
        "silence",
        "out of reach",
    )
    assert (told.status, told.leg().silent_ms) == ("dispatching", None)
    assert told.leg().carriages[-1].void


def test_one_that_is_heard_again_keeps_it() -> None:
    told = story().assigned().at(HOUR)
    told.does(listening(30 * MINUTE))
    told.does(listening(None))

    assert told.at(9 * HOUR).does(RELIEVE) == []


def test_one_that_has_come_to_the_pickup_keeps_it() -> None:
    """It may be loaded in a shed."""
    told = story().assigned()
    told.hears(entered("plant", HOUR))
    told.at(2 * HOUR).does(listening(HOUR))

    assert told.status == "at_pickup"
    assert told.leg().silent_ms == HOUR
    assert told.at(9 * HOUR).does(RELIEVE) == []


def test_a_tenant_may_leave_it_to_people() -> None:
    told = story(offered_again=False).assigned().at(HOUR)
    told.does(listening(30 * MINUTE))

    assert due_ms(told) is None
    assert told.at(9 * HOUR).does(RELIEVE) == []


def test_another_truck_is_not_thought_silent() -> None:
    swapped, delivered = (story().assigned() for _ in range(2))
    for told in (swapped, delivered):
        told.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
        told.at(3 * HOUR).does(listening(2 * HOUR))
        assert told.leg().silent_ms == 2 * HOUR
    swapped.does(asked.Swap(by=DESK, leg="L1", truck="T2"))
    delivered.proves("S2", reason="said so")

    assert [told.leg().silent_ms for told in (swapped, delivered)] == [None, None]
    assert delivered.status == "delivered"


def test_each_leg_is_for_itself() -> None:
    half = load(stop(1, StopKind.PICKUP, 20_000, "plant"), stop(2, StopKind.DROP, 20_000, "site"))
    told = story().assigned(load=half, legs_kg=(12_000, 8_000)).at(HOUR)
    told.does(listening(30 * MINUTE))
    told.at(9 * HOUR).does(RELIEVE)

    assert [leg.status for leg in told.now.legs] == [Status.DISPATCHING, Status.ASSIGNED]
