"""Alarms of devices and devices that were unplugged: each stream with its story beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from freight.fixes import Alarm
from tests.freight.tracking.journey import T0, Journey, around_with, rules_with, tell

# By the defaults: told again after ten quiet minutes; unplugged below 6 V, plugged in from 9 V.
STORIES: list[tuple[str, Journey, list[Any]]] = [
    (
        "the driver presses the button once",
        Journey().drive(5, 50).wait(10).fix(50, alarm=Alarm.PANIC).drive(5, 50),
        [("panic", "device", 310)],
    ),
    (
        "the button sticks for half an hour: one alarm",
        Journey().drive(5, 50).stand(30, alarm=Alarm.PANIC).stand(60),
        [("panic", "device", 310)],
    ),
    (
        "tampered with twice, a quarter of an hour apart: two alarms",
        Journey().stand(5).stand(1, alarm=Alarm.TAMPER).stand(15).stand(1, alarm=Alarm.TAMPER),
        [("tamper", "device", 310), ("tamper", "device", 1270)],
    ),
    (
        "two alarms at once do not hide each other",
        Journey()
        .stand(5)
        .stand(1, alarm=Alarm.TOW)
        .stand(1, alarm=Alarm.CRASH)
        .stand(1, alarm=Alarm.TOW),
        [("tow", "device", 310), ("crash", "device", 370)],
    ),
    (
        "unplugged: from 24 V to nothing, wavering, and back",
        Journey()
        .stand(5, external_v=24.6)
        .stand(5, external_v=0.2)
        .stand(5, external_v=7.0)
        .stand(5, external_v=5.0)
        .stand(15, external_v=24.0),
        [("power_cut", "voltage", 310)],
    ),
    (
        "unplugged, plugged in, and unplugged again an hour later",
        Journey().stand(5, external_v=0.0).stand(60, external_v=24.0).stand(5, external_v=0.0),
        [("power_cut", "voltage", 10), ("power_cut", "voltage", 3910)],
    ),
    (
        "the device says so itself a minute before its voltage does: one alarm",
        Journey()
        .stand(5, external_v=24.0)
        .stand(1, alarm=Alarm.POWER_CUT, external_v=24.0)
        .stand(5, external_v=0.0),
        [("power_cut", "device", 310)],
    ),
    (
        "a device that says nothing of its supply is not unplugged",
        Journey().stand(60),
        [],
    ),
]


@pytest.mark.parametrize(
    ("journey", "alarms"), [s[1:] for s in STORIES], ids=[s[0][:40] for s in STORIES]
)
def test_story(journey: Journey, alarms: list[Any]) -> None:
    told = tell(journey)

    events = [e for e in told.truck.facts.events if e.type == "truck.alarm.raised"]
    found = [(e.data["alarm"], e.data["source"], (e.time_ms - T0) // 1000) for e in events]
    assert found == alarms
    assert len({e.id for e in events}) == len(events)


def test_a_call_for_help_is_heard_though_the_receiver_has_lost_its_way() -> None:
    journey = Journey().stand(5).wait(10).fix(alarm=Alarm.PANIC, accuracy_m=5000.0)

    (data,) = tell(journey).event("truck.alarm.raised")

    assert (data["lat"], data["lon"], data["place_ms"]) == (20.0, 77.0, T0 + 300_000)


def test_the_first_word_of_a_device_may_be_an_alarm() -> None:
    lost = tell(Journey().fix(alarm=Alarm.CRASH, accuracy_m=5000.0)).event("truck.alarm.raised")
    found = tell(Journey().fix(alarm=Alarm.CRASH)).event("truck.alarm.raised")

    assert lost == [{"alarm": "crash", "source": "device"}]
    assert found[0]["place_ms"] == T0


def test_trigger_and_clear_voltage_do_not_cross() -> None:
    with pytest.raises(ValidationError):
        rules_with(alarms={"unplugged_v": 9})


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from([0.2, 3.0, 20.0]),
            st.sampled_from([0.0, 60.0]),
            st.sampled_from([24.0, 8.0, 2.0]),
            st.sampled_from([None, None, *Alarm]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_skipping_quiet_fixes_changes_nothing(parts: list[Any]) -> None:
    journey = Journey()
    for minutes, kmh, volts, alarm in parts:
        journey.drive(minutes, kmh, external_v=volts).wait(10).fix(
            kmh, alarm=alarm, external_v=volts
        )

    tell(journey, around_with())
