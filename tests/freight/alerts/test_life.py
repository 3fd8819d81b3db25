"""How an alert lives: pending, raised, acknowledged, escalated, resolved, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from freight.alerts import commands as c
from freight.alerts.announced import announcements
from freight.alerts.commands import Heard
from freight.alerts.evolve import replayed
from freight.alerts.state import Judgement, Resolution
from freight.events import TruckEvent
from freight.refusal import Refusal
from tests.freight.alerts.telling import (
    T0,
    Told,
    corrected,
    fact,
    learned,
    moved,
    retracted,
    rules_with,
    stopped,
)

HOUR = 3600
STOP_S = 5400
STOP = "long_stoppage"


@pytest.mark.parametrize(
    ("facts", "until_s", "states"),
    [
        ([stopped(0)], STOP_S - 1, ["pending"]),
        ([stopped(0)], STOP_S, ["raised"]),
        ([stopped(0, halt="fuel")], HOUR, ["raised"]),
        ([stopped(0, halt="place")], 10 * HOUR, []),
        ([stopped(0), moved(STOP_S - 60)], 2 * STOP_S, ["lapsed"]),
        ([stopped(0), moved(STOP_S + 60)], STOP_S + 900, ["raised"]),
        ([stopped(0), moved(STOP_S + 60)], STOP_S + 1000, ["resolved"]),
        # It shuffles on: still the same alert.
        ([stopped(0), moved(STOP_S + 60), stopped(STOP_S + 400)], 3 * STOP_S, ["raised"]),
        # Another stop within the cool-down is told only when it lasts beyond it.
        (
            [stopped(0), moved(STOP_S + 60), stopped(STOP_S + 1200)],
            2 * STOP_S + 1199,
            ["resolved", "pending"],
        ),
        (
            [stopped(0), moved(STOP_S + 60), stopped(STOP_S + 1200)],
            2 * STOP_S + 1200,
            ["resolved", "raised"],
        ),
    ],
)
def test_a_long_stoppage(facts: list[TruckEvent], until_s: float, states: list[str]) -> None:
    told = Told()
    for each in sorted(facts, key=lambda one: one.time_ms):
        at_s = (each.time_ms - T0) / 1000 + 1
        told.wait(at_s).tell(at_s, each)
    assert told.wait(until_s).states(STOP) == states


def test_what_was_over_before_it_was_learned_is_not_raised() -> None:
    told = Told().tell(4 * HOUR, stopped(0), moved(2 * HOUR))
    assert told.states(STOP) == ["lapsed"]


def test_what_lapses_does_not_end_the_cool_down() -> None:
    """Who speeds again and again within it is told of once."""
    fast: dict[str, Any] = {"lat": 20.0, "lon": 77.0, "limit_kmh": 80.0, "speed_kmh_max": 95.0}
    told = Told()
    for at_s in (0, 600, 1200, 1800):
        told.wait(at_s).tell(at_s + 31, fact("truck.overspeed.started", at_s, **fast))
        end = fact("truck.overspeed.ended", at_s + 200, **fast)
        told.wait(at_s + 200).tell(at_s + 200, end)
    assert told.wait(3000).states("overspeed") == ["resolved", "lapsed", "lapsed", "lapsed"]


def test_what_may_be_told_late_is_raised_and_over_at_once() -> None:
    fast: dict[str, Any] = {"lat": 20.0, "lon": 77.0, "limit_kmh": 80.0, "speed_kmh_max": 95.0}
    facts = fact("truck.overspeed.started", 0, **fast), fact("truck.overspeed.ended", 120, **fast)
    assert Told().tell(600, *facts).states("overspeed") == ["resolved"]
    assert Told().tell(2000, *facts).states("overspeed") == ["lapsed"]


@pytest.mark.parametrize(
    ("ended", "turn", "states"),
    [
        (False, "retract begin", ["retracted"]),
        (True, "retract begin", ["retracted"]),
        (True, "retract end", ["raised"]),
        (False, "place", ["retracted"]),
        (False, "back", ["raised"]),
    ],
)
def test_late_truth(ended: bool, turn: str, states: list[str]) -> None:
    begin, end = stopped(0), moved(2 * HOUR)
    told = Told().tell(1, begin).wait(STOP_S)
    if ended:
        told.tell(2 * HOUR, end).wait(2 * HOUR + 900)
        assert told.states(STOP) == ["resolved"]
    now_s = 3.0 * HOUR
    match turn:
        case "retract begin":
            told.tell(now_s, retracted(begin, now_s))
        case "retract end":
            told.tell(now_s, retracted(end, now_s))
        case "place":
            told.tell(now_s, corrected(begin, now_s, halt="place"))
        case _:
            told.tell(now_s, retracted(begin, now_s))
            told.tell(now_s + 1, corrected(begin, now_s + 1, distance_km=51.0))
    assert told.states(STOP) == states


def test_an_end_that_was_another_one_leaves_it_over_and_the_next_cause_raises_again() -> None:
    """As a late fix tells it: what never was goes first."""
    area: dict[str, Any] = {"fence": "F1", "fence_kind": "no_entry", "lat": 20.0, "lon": 77.0}
    into, out = "truck.fence.no_entry_violated", "truck.fence.exited"
    end = fact(out, 240, **area)
    told = Told().tell(1, fact(into, 0, **area)).tell(241, end).wait(700)
    assert told.states("no_entry") == ["resolved"]
    told.tell(780, retracted(end, 780), fact(out, 180, **area))
    assert told.wait(HOUR).states("no_entry") == ["resolved"]
    told.tell(5 * HOUR, fact(into, 5 * HOUR - 1, **area))
    assert told.states("no_entry") == ["resolved", "raised"]


def test_what_comes_back_beside_an_open_one_becomes_part_of_it() -> None:
    end, again = moved(1400), stopped(1500, halt="fuel")
    told = Told().tell(1, stopped(0, halt="fuel")).tell(1401, end).tell(1501, again)
    assert told.states("long_stoppage") == ["lapsed", "pending"]
    told.tell(1600, retracted(end, 1600))
    first, second = told.of("long_stoppage")
    assert (first.state, second.state) == ("lapsed", "pending")
    assert [one.handed_to for one in first.causes] == [second.id]
    assert len(second.on) == 2
    told.tell(1700, retracted(again, 1700)).wait(9000)
    first, second = told.of("long_stoppage")
    assert (first.state, second.state, len(second.on)) == ("lapsed", "raised", 1)


def test_a_cause_that_is_none_lapses_silently() -> None:
    begin = stopped(0)
    told = Told().tell(1, begin).tell(60, retracted(begin, 60))
    assert told.states(STOP) == ["lapsed"]
    told = Told().tell(1, begin).tell(60, corrected(begin, 60, halt="place"))
    assert told.states(STOP) == ["lapsed"]
    told = Told().tell(1, stopped(0, halt="place")).tell(60, corrected(begin, 60))
    assert told.wait(STOP_S).states(STOP) == ["raised"]


def test_people_act() -> None:
    told = Told().tell(1, stopped(0)).wait(STOP_S)
    alert = told.of(STOP)[0]

    def do(command: Any, at_s: float) -> None:
        told.book.do(alert.id, command, told.rules, T0 + round(at_s * 1000))

    do(c.Assign(by="users/a", to="users/b"), STOP_S + 1)
    do(c.Comment(by="users/a", text="calling the driver"), STOP_S + 2)
    do(c.Acknowledge(by="users/b"), STOP_S + 3)
    do(c.Acknowledge(by="users/a"), STOP_S + 4)
    do(c.Judge(by="users/b", judged=Judgement.TRUE), STOP_S + 5)
    do(c.Resolve(by="users/b", note="tyre changed"), STOP_S + 6)
    now = told.of(STOP)[0]
    assert (now.state, now.resolution, now.note) == ("resolved", Resolution.MANUAL, "tyre changed")
    assert (now.acknowledged_by, now.assigned_to, now.comments) == ("users/b", "users/b", 1)
    assert now.judged is Judgement.TRUE
    with pytest.raises(Refusal) as refusal:
        do(c.Acknowledge(by="users/a"), STOP_S + 7)
    assert refusal.value.code == "alert_over"
    # It goes on standing, and nobody is told again.
    assert told.wait(5 * HOUR).states(STOP) == ["resolved"]


def test_nobody_sees_what_is_pending() -> None:
    told = Told().tell(1, stopped(0))
    for command in (c.Acknowledge(by="a"), c.Resolve(by="a"), c.Comment(by="a", text="?")):
        with pytest.raises(Refusal) as refusal:
            told.book.do(told.of(STOP)[0].id, command, told.rules, T0)
        assert refusal.value.code == "unknown_alert"


def test_escalation_level_after_level() -> None:
    told = Told().tell(1, stopped(0)).wait(STOP_S + 1799)
    assert told.of(STOP)[0].level == 0
    assert told.wait(STOP_S + 1800).of(STOP)[0].level == 1
    assert told.wait(STOP_S + 5399).of(STOP)[0].level == 1
    assert told.wait(STOP_S + 5400).of(STOP)[0].level == 2
    assert told.wait(30 * HOUR).of(STOP)[0].level == 2


def test_whoever_comes_back_late_escalates_one_level_at_a_time() -> None:
    told = Told().tell(1, stopped(0)).wait(STOP_S)
    told.book.tick(told.book.due(T0 + 24 * HOUR * 1000), told.rules, T0 + 24 * HOUR * 1000)
    assert told.of(STOP)[0].level == 1
    assert told.wait(25 * HOUR - 1).of(STOP)[0].level == 1
    assert told.wait(25 * HOUR).of(STOP)[0].level == 2


def test_acknowledged_or_silenced_it_does_not_escalate() -> None:
    told = Told().tell(1, stopped(0)).wait(STOP_S)
    name = told.of(STOP)[0].id
    until_ms = T0 + (STOP_S + 2 * HOUR) * 1000
    snooze = c.Snooze(by="a", until_ms=until_ms)
    told.book.do(name, snooze, told.rules, T0 + STOP_S * 1000)
    assert told.wait(STOP_S + 2 * HOUR - 1).of(STOP)[0].level == 0
    now = told.wait(STOP_S + 2 * HOUR).of(STOP)[0]
    assert (now.level, now.snoozed_until_ms) == (1, None)
    told.book.do(name, c.Acknowledge(by="a"), told.rules, until_ms)
    assert told.wait(30 * HOUR).of(STOP)[0].level == 1


@pytest.mark.parametrize(("after_s", "code"), [(-1, "in_the_past"), (86_401, "too_long")])
def test_silence_has_its_limits(after_s: int, code: str) -> None:
    told = Told().tell(1, stopped(0)).wait(STOP_S)
    now_ms = T0 + STOP_S * 1000
    snooze = c.Snooze(by="a", until_ms=now_ms + after_s * 1000)
    with pytest.raises(Refusal) as refusal:
        told.book.do(told.of(STOP)[0].id, snooze, told.rules, now_ms)
    assert refusal.value.code == code


def test_at_the_limit_of_causes_the_oldest_that_are_over_are_only_counted() -> None:
    rules = rules_with(overspeed={"trigger_s": 0, "clear_s": 86_400})
    rules = rules.model_copy(update={"causes_max": 3})
    told = Told(rules)
    fast: dict[str, Any] = {"lat": 20.0, "lon": 77.0, "limit_kmh": 80.0, "speed_kmh_max": 95.0}
    for nr in range(6):
        told.tell(nr * 100 + 40, fact("truck.overspeed.started", nr * 100, **fast))
        told.tell(nr * 100 + 60, fact("truck.overspeed.ended", nr * 100 + 60, **fast))
    (alert,) = told.of("overspeed")
    assert (alert.count, len(alert.causes)) == (6, 3)
    assert alert.evidence.from_ms == T0 + 300_000


def test_blind_we_hold_back_what_our_own_blindness_may_have_caused() -> None:
    silent = fact("truck.tracking.interrupted", 0, lat=20.0, lon=77.0, last_ms=T0, allowed_s=900)
    told = Told().tell(1, silent).wait(899)
    told.book.tick(told.book.due(T0 + 900_000), told.rules, T0 + 900_000, is_blind=True)
    assert told.states("tracking_interrupted") == ["pending"]
    assert told.wait(1799).states("tracking_interrupted") == ["pending"]
    assert told.wait(1800).states("tracking_interrupted") == ["raised"]


def at_once(ts_ms: int) -> Heard:
    return Heard(ts_ms, ts_ms + 1000)


@pytest.mark.parametrize(
    ("heard_s", "states"),
    [
        (None, ["raised", "raised"]),
        (STOP_S - 300, ["raised", "raised"]),
        (STOP_S - 700, ["pending", "raised"]),  # once: a device may sleep or be off
    ],
)
def test_a_silent_truck_may_have_left(heard_s: float | None, states: list[str]) -> None:
    told = Told().tell(1, stopped(0))
    heard = {} if heard_s is None else {"T1": at_once(T0 + round(heard_s * 1000))}
    found = []
    for at_s in (STOP_S, STOP_S + 900):
        now_ms = T0 + at_s * 1000
        told.book.tick(told.book.due(now_ms), told.rules, now_ms, heard=heard)
        found += told.states(STOP)
    assert found == states
    gone = Told().tell(1, stopped(0))
    now_ms = T0 + STOP_S * 1000
    gone.book.tick(gone.book.due(now_ms), gone.rules, now_ms, heard={"T1": at_once(T0)})
    assert gone.tell(STOP_S + 60, moved(STOP_S - 500)).states(STOP) == ["lapsed"]


def test_what_a_device_has_kept_may_end_what_seems_to_last() -> None:
    """A day of fixes comes a day late; the truck had stood half as long as would be too long."""
    day_s = 24 * HOUR
    told = Told()

    def heard(ts_s: float, at_s: float) -> list[str]:
        now_ms = T0 + round(at_s * 1000)
        newest = {"T1": Heard(T0 + round(ts_s * 1000), now_ms)}
        told.book.tick(told.book.due(now_ms), told.rules, now_ms, heard=newest)
        return told.states(STOP)

    touched = told.book.note(
        told.signals(*learned(day_s, stopped(0))), told.rules, T0 + day_s * 1000
    )
    assert touched
    assert heard(300, day_s) == ["pending"]
    assert heard(2000, day_s + 30) == ["pending"]
    told.tell(day_s + 45, moved(STOP_S / 2))
    assert told.states(STOP) == ["lapsed"]

    again = learned(day_s + 60, stopped(10_000))
    told.book.note(told.signals(*again), told.rules, T0 + (day_s + 60) * 1000)
    assert heard(10_300, day_s + 60) == ["lapsed", "pending"]
    assert heard(10_000 + STOP_S, day_s + 90) == ["lapsed", "raised"]


def test_a_clock_that_is_slow_for_ever_fills_no_log() -> None:
    slow_ms = 2 * HOUR * 1000
    told = Told()
    told.book.note(told.signals(*learned(2 * HOUR, stopped(0))), told.rules, T0 + slow_ms)
    now_ms = T0 + slow_ms
    while told.states(STOP) == ["pending"]:
        newest = {"T1": Heard(now_ms - slow_ms, now_ms)}
        told.book.tick(told.book.due(now_ms), told.rules, now_ms, heard=newest)
        now_ms = max(now_ms + 1000, told.of(STOP)[0].due_ms or 0)
    (alert,) = told.of(STOP)
    assert alert.raised_ms is not None
    assert alert.raised_ms - slow_ms - T0 >= STOP_S * 1000
    kinds = [type(event).__name__ for event in told.book.taken[alert.id].events]
    assert kinds.count("Held") < 80


def test_who_kept_fixes_and_says_no_more_is_not_waited_for_for_ever() -> None:
    told = Told()
    told.book.note(told.signals(*learned(HOUR, off_route(0))), told.rules, T0 + HOUR * 1000)
    found = []
    for at_s in (HOUR, HOUR + 30, HOUR + 61):
        now_ms = T0 + round(at_s * 1000)
        newest = {"T1": Heard(T0 + 60_000, T0 + round(HOUR * 1000))}
        told.book.tick(told.book.due(now_ms), told.rules, now_ms, heard=newest)
        found += told.states("route_deviation")
    assert found == ["pending", "pending", "raised"]


def test_an_emergency_is_raised_at_once_and_stays() -> None:
    data: dict[str, Any] = {"alarm": "panic", "source": "device", "lat": 20.0, "lon": 77.0}
    told = Told().tell(1, fact("truck.alarm.raised", 0, **data))
    assert told.states("panic") == ["raised"]
    assert told.states("tampering") == []
    assert told.wait(1801).of("panic")[0].level == 3


def pressed(at_s: float) -> TruckEvent:
    data: dict[str, Any] = {"alarm": "panic", "source": "device", "lat": 20.0, "lon": 77.0}
    return fact("truck.alarm.raised", at_s, **data)


def test_an_emergency_that_comes_again_after_it_was_seen_is_raised_anew() -> None:
    told = Told().tell(1, pressed(0))
    seen = c.Acknowledge(by="user:asha")
    told.book.do(told.of("panic")[0].id, seen, told.rules, T0 + 60_000)
    told.tell(90, pressed(80), pressed(89))
    assert (told.states("panic"), told.of("panic")[0].count) == (["acknowledged"], 3)
    told.tell(300, pressed(299))
    (alert,) = told.of("panic")
    assert (alert.state, alert.level, alert.acknowledged_by) == ("raised", 0, None)
    assert told.wait(599).of("panic")[0].level == 0
    assert told.wait(600).of("panic")[0].level == 1
    kinds = [kind for kind, _, _ in announcements(None, told.book.taken[alert.id].events)]
    assert kinds.count("alert.renewed") == 1


def test_what_happened_before_it_was_seen_and_comes_late_is_counted() -> None:
    told = Told().tell(1, pressed(0))
    seen = c.Acknowledge(by="user:asha")
    told.book.do(told.of("panic")[0].id, seen, told.rules, T0 + 600_000)
    told.tell(4000, pressed(300))
    assert (told.states("panic"), told.of("panic")[0].count) == (["acknowledged"], 2)


def test_a_rest_that_is_too_short_ends_no_driving() -> None:
    over = fact("truck.continuous_driving.exceeded", 0, since_ms=T0 - 18_000_000, driving_s=18_000)
    told = Told().tell(1, over)
    told.tell(600, stopped(600)).wait(2300).tell(2300, moved(2290)).wait(5000)
    assert told.states("continuous_driving") == ["raised"]
    told.tell(6000, stopped(6000)).wait(7800)
    assert told.states("continuous_driving") == ["resolved"]


def off_route(at_s: float) -> TruckEvent:
    place = {"lat": 1, "lon": 2}
    return fact("truck.route.deviated", at_s, journey="J1", off_m=900.0, position=place)


def test_with_its_booking_it_is_over() -> None:
    told = Told().tell(1, off_route(0)).wait(300)
    assert told.states("route_deviation") == ["raised"]
    told.tell(900, fact("booking.cancelled", 900, subject="bookings/B2", booking="B2")).wait(2000)
    assert told.states("route_deviation") == ["raised"]
    told.tell(2000, fact("booking.cancelled", 2000, subject="bookings/B1", booking="B1")).wait(2200)
    assert told.states("route_deviation") == ["resolved"]


def test_the_log_gives_the_state_again_and_the_world_is_told_of_what_was_shown() -> None:
    begin = stopped(0)
    told = Told().tell(1, begin).wait(2 * HOUR).tell(2 * HOUR, retracted(begin, 2 * HOUR))
    taken = next(one for one in told.book.news() if one.after.kind == STOP)
    again = replayed(taken.events)
    assert again is not None
    assert again == taken.after
    kinds = [kind for kind, _, _ in announcements(None, taken.events)]
    assert kinds == ["alert.raised", "alert.escalated", "alert.resolved"]
    assert announcements(None, taken.events)[-1][2]["resolution"] == "corrected"
