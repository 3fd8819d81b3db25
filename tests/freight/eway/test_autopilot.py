"""The autopilot: an extension's task is there inside its window, and never outside of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from freight.eway import events as told
from freight.eway.autopilot import (
    EXTEND,
    PART_B,
    RENEW,
    Ask,
    Close,
    Escalate,
    Expire,
    Here,
    Open,
    Settle,
    Situation,
    Step,
    Tell,
    extend_id,
    steps,
)
from freight.eway.codes import PartBReason
from freight.eway.evolve import evolve
from freight.eway.state import Bill, ChangeVehicle, Extend, Pending, Refusal, Status
from freight.tasks import Task, TaskState, escalated, settled
from tests.freight.eway.given import HOUR_MS, RULES, UNTIL_MS, active, autopilot

FROM_MS, TO_MS = UNTIL_MS - 8 * HOUR_MS, UNTIL_MS + 8 * HOUR_MS
MINUTE_MS = 60_000
NEVER = UNTIL_MS + 300 * HOUR_MS
HERE = Here("Dhule", 424001, 27)


def seen(bill: Bill | None = None, **changes: Any) -> Situation:
    known = {
        "arrival_ms": NEVER,
        "remaining_km": 300,
        "has_truck": True,
        "vehicle": "GJ07DL9009",
        "here": HERE,
    }
    return Situation(bill or active(), **{**known, **changes})


def opened(found: list[Step]) -> list[Task]:
    return [step.task for step in found if isinstance(step, Open)]


def wishes(found: list[Step]) -> list[object]:
    return [step.wish for step in found if isinstance(step, Ask)]


class Watch:
    """Looks again and again, and keeps what came of it, as the engine does."""

    def __init__(self, bill: Bill) -> None:
        self.bill = bill
        self.tasks: dict[str, Task] = {}
        self.opened_at: list[int] = []

    def look(self, now_ms: int, arrival_ms: int | None) -> None:
        at = seen(self.bill, arrival_ms=arrival_ms, tasks=dict(self.tasks))
        for step in steps(at, RULES, now_ms):
            match step:
                case Open(task):
                    self.tasks[task.id] = task
                    self.opened_at.append(now_ms)
                case Settle(id_, state, note):
                    self.tasks[id_] = settled(self.tasks[id_], state, "autopilot", now_ms, note)
                case Escalate(id_):
                    self.tasks[id_] = escalated(self.tasks[id_], now_ms)
                case Tell(minutes):
                    event = told.Expiring(
                        at_ms=now_ms,
                        by="autopilot",
                        valid_until_ms=UNTIL_MS,
                        minutes=minutes,
                        arrival_ms=arrival_ms,
                    )
                    self.bill = evolve(self.bill, event)
                case Expire():
                    expired = told.Expired(at_ms=now_ms, by="x", valid_until_ms=UNTIL_MS)
                    self.bill = evolve(self.bill, expired)

    @property
    def is_open(self) -> bool:
        return any(t.kind == EXTEND and t.state is TaskState.OPEN for t in self.tasks.values())


ARRIVALS = st.one_of(st.none(), st.integers(UNTIL_MS - 20 * HOUR_MS, UNTIL_MS + 40 * HOUR_MS))
LOOKS = st.lists(st.tuples(st.integers(0, 90), ARRIVALS), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(LOOKS)
def test_the_task_is_open_iff_the_window_is(looks: list[tuple[int, int | None]]) -> None:
    """For any arrivals: from the first look inside at which it is late, until the window closes."""
    watch, now_ms, was_late = Watch(active()), UNTIL_MS - 30 * HOUR_MS, False
    for minutes, arrival_ms in looks:
        now_ms += minutes * MINUTE_MS
        watch.look(now_ms, arrival_ms)
        is_inside = FROM_MS <= now_ms <= TO_MS
        late = arrival_ms is None or max(arrival_ms, now_ms) + HOUR_MS > UNTIL_MS
        was_late = was_late or (is_inside and late)
        assert watch.is_open == (is_inside and was_late)
    assert all(FROM_MS <= at <= TO_MS for at in watch.opened_at)
    assert len(watch.opened_at) <= 1


@pytest.mark.parametrize(
    ("now_ms", "count"),
    [(FROM_MS - 1, 0), (FROM_MS, 1), (UNTIL_MS, 1), (TO_MS, 1), (TO_MS + 1, 0)],
)
def test_to_the_millisecond(now_ms: int, count: int) -> None:
    found = opened(steps(seen(), RULES, now_ms))

    assert [task.kind for task in found] == [EXTEND] * count


def test_a_truck_that_arrives_in_time_needs_no_task() -> None:
    in_time = UNTIL_MS - HOUR_MS
    assert opened(steps(seen(arrival_ms=in_time), RULES, FROM_MS)) == []
    assert len(opened(steps(seen(arrival_ms=in_time + 1), RULES, FROM_MS))) == 1


def test_the_task_says_what_the_portal_wants_to_hear() -> None:
    (task,) = opened(steps(seen(), RULES, FROM_MS))
    (blind,) = opened(steps(seen(here=None, remaining_km=None), RULES, FROM_MS))

    assert (task.from_ms, task.to_ms) == (FROM_MS, TO_MS)
    assert (task.facts["place"], task.facts["pin"], task.facts["remaining_km"]) == (
        "Dhule",
        424001,
        300,
    )
    assert task.facts["missing"] == []
    assert blind.facts["missing"] == ["remaining_km", "here"]
    assert blind.id == task.id == extend_id(active())


def test_it_is_escalated_once_before_the_window_closes() -> None:
    (task,) = opened(steps(seen(), RULES, FROM_MS))
    closing_ms = TO_MS - 2 * HOUR_MS
    tasks = {task.id: task}
    expired = active(status=Status.EXPIRED)

    assert Escalate(task.id) not in steps(seen(expired, tasks=tasks), RULES, closing_ms - 1)
    assert Escalate(task.id) in steps(seen(expired, tasks=tasks), RULES, closing_ms)
    told_once = {task.id: escalated(task, closing_ms)}
    assert Escalate(task.id) not in steps(seen(expired, tasks=told_once), RULES, closing_ms)


def test_a_dismissed_task_is_not_opened_again() -> None:
    (task,) = opened(steps(seen(), RULES, FROM_MS))
    gone = {task.id: settled(task, TaskState.DISMISSED, "users/a", FROM_MS)}

    assert opened(steps(seen(tasks=gone), RULES, UNTIL_MS)) == []


def test_it_extends_by_itself_where_that_is_allowed() -> None:
    rules = autopilot(extends=True)
    (wish,) = wishes(steps(seen(), rules, FROM_MS))

    assert isinstance(wish, Extend)
    extension = wish.extension
    assert (extension.place, extension.pin, extension.state) == ("Dhule", 424001, 27)
    assert (extension.remaining_km, int(extension.reason)) == (300, 99)
    assert wishes(steps(seen(), rules, FROM_MS - 1)) == []
    assert wishes(steps(seen(), rules, TO_MS + 1)) == []


def test_what_it_does_not_know_a_person_must() -> None:
    rules = autopilot(extends=True)
    found = steps(seen(here=None), rules, FROM_MS)

    assert wishes(found) == []
    assert [task.facts["missing"] for task in opened(found)] == [["here"]]


def test_what_the_portal_refused_a_person_must_see() -> None:
    rules = autopilot(extends=True)
    (wish,) = wishes(steps(seen(), rules, FROM_MS))
    assert isinstance(wish, Extend)
    refused = active(refused=Refusal(wish, "382", "not the current transporter", FROM_MS))
    (task,) = opened(steps(seen(refused), rules, FROM_MS))

    assert task.facts["refused"]["code"] == "382"


def test_a_silent_portal_becomes_a_task_before_it_is_too_late() -> None:
    rules = autopilot(extends=True)
    (wish,) = wishes(steps(seen(), rules, FROM_MS))
    assert isinstance(wish, Extend)
    waiting = active(pending=Pending(wish, FROM_MS, "autopilot"), status=Status.EXPIRED)

    assert steps(seen(waiting), rules, UNTIL_MS + 1) == []
    assert len(opened(steps(seen(waiting), rules, TO_MS - 2 * HOUR_MS))) == 1


def test_an_extension_settles_its_task() -> None:
    (task,) = opened(steps(seen(), RULES, FROM_MS))
    longer = active(valid_until_ms=UNTIL_MS + 24 * HOUR_MS)
    found = steps(seen(longer, tasks={task.id: task}), RULES, UNTIL_MS)

    assert [s.state for s in found if isinstance(s, Settle)] == [TaskState.DONE]


def test_at_the_cap_a_new_bill_is_the_task() -> None:
    old = active(generated_ms=UNTIL_MS - 400 * 24 * HOUR_MS)

    assert [task.kind for task in opened(steps(seen(old), RULES, FROM_MS))] == [RENEW]
    assert wishes(steps(seen(old), autopilot(extends=True), FROM_MS)) == []


def test_another_truck_is_told_to_the_portal() -> None:
    swapped = seen(vehicle="MH12AB1234", swap_reason="Engine seized")
    (wish,) = wishes(steps(swapped, RULES, FROM_MS - HOUR_MS))

    assert isinstance(wish, ChangeVehicle)
    part_b = wish.part_b
    assert (part_b.vehicle, part_b.place, part_b.state) == ("MH12AB1234", "Dhule", 27)
    assert part_b.reason is PartBReason.BREAK_DOWN


@pytest.mark.parametrize(
    ("why", "before", "reason"),
    [
        (None, "GJ07DL9009", PartBReason.TRANS_SHIPMENT),
        ("went home", "GJ07DL9009", PartBReason.TRANS_SHIPMENT),
        ("a puncture", "GJ07DL9009", PartBReason.BREAK_DOWN),
        (None, None, PartBReason.FIRST_TIME),
    ],
)
def test_why_another_truck(why: str | None, before: str | None, reason: PartBReason) -> None:
    status = Status.ACTIVE if before else Status.PART_A
    bill = active(vehicle=before, status=status)
    (wish,) = wishes(
        steps(seen(bill, vehicle="MH12AB1234", swap_reason=why), RULES, FROM_MS - HOUR_MS)
    )

    assert isinstance(wish, ChangeVehicle)
    assert wish.part_b.reason is reason


@pytest.mark.parametrize(
    ("changes", "rules", "missing"),
    [
        ({"vehicle": "MH12AB1234"}, autopilot(changes_vehicle=False), []),
        ({"vehicle": "MH12AB1234", "here": None}, RULES, ["here"]),
        ({"vehicle": None}, RULES, ["vehicle"]),
    ],
)
def test_or_a_person_is_to_tell_it(changes: Any, rules: Any, missing: list[str]) -> None:
    (task,) = opened(steps(seen(**changes), rules, FROM_MS - HOUR_MS))

    assert (task.kind, task.facts["missing"]) == (PART_B, missing)
    again = steps(seen(**changes, tasks={task.id: task}), rules, FROM_MS - HOUR_MS)
    assert opened(again) == []


def test_one_thing_at_a_time_is_asked() -> None:
    both = seen(vehicle="MH12AB1234")
    busy = replace(active(), pending=Pending(Extend(_extension()), FROM_MS, "users/a"))

    assert len(wishes(steps(both, autopilot(extends=True), FROM_MS))) == 1
    assert wishes(steps(seen(busy, vehicle="MH12AB1234"), RULES, FROM_MS)) == []


def _extension() -> Any:
    (wish,) = wishes(steps(seen(), autopilot(extends=True), FROM_MS))
    assert isinstance(wish, Extend)
    return wish.extension


def test_expiry_is_told_at_each_notice_once() -> None:
    watch = Watch(active())
    notices: list[int] = []
    for hours in range(-30, 0):
        before = watch.bill.told_minutes
        watch.look(UNTIL_MS + hours * HOUR_MS, NEVER)
        if watch.bill.told_minutes != before:
            notices.append(hours)

    assert notices == [-24, -8, -2]
    assert Tell(1440) not in steps(seen(arrival_ms=FROM_MS), RULES, UNTIL_MS - 24 * HOUR_MS)


def test_after_its_end_it_is_expired() -> None:
    assert Expire() in steps(seen(), RULES, UNTIL_MS + 1)
    assert Expire() not in steps(seen(), RULES, UNTIL_MS)


def test_once_delivered_nothing_is_left_to_do() -> None:
    (task,) = opened(steps(seen(), RULES, FROM_MS))
    found = steps(seen(is_over=True, tasks={task.id: task}), RULES, UNTIL_MS)

    assert found[0] == Close()
    assert [s.state for s in found if isinstance(s, Settle)] == [TaskState.LAPSED]
    closed = active(status=Status.CLOSED)
    assert steps(seen(closed, is_over=True), RULES, UNTIL_MS) == []
