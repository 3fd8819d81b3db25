"""What follows from how a truck drives for its e-way bill: nothing, a task, or a request.

Level-based: the same situation gives the same steps, whose tasks carry their causes in their ids;
so whoever looks twice, or again after a crash, does nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from freight.eway.codes import PartBReason
from freight.eway.payloads import Extension, PartB
from freight.eway.rules import AutopilotRules, EwayRules
from freight.eway.state import (
    ON_THE_PORTAL,
    Bill,
    ChangeVehicle,
    Extend,
    Status,
    Wish,
)
from freight.eway.validity import MINUTE_MS, extension_window, is_capped
from freight.tasks import Task, TaskState, task_id

EXTEND, PART_B, RENEW = "eway.extend", "eway.part_b", "eway.renew"


@dataclass(frozen=True, slots=True)
class Here:
    """Where the truck is, as the portal wants to hear it."""

    place: str
    pin: int
    state: int


@dataclass(frozen=True, slots=True)
class Situation:
    bill: Bill
    is_over: bool = False  # delivered, cancelled: nobody drives with it any more
    arrival_ms: int | None = None  # at its last stop; None: nobody knows
    remaining_km: int | None = None
    has_truck: bool = False
    vehicle: str | None = None  # of the truck that has the leg now
    swap_reason: str | None = None
    here: Here | None = None
    tasks: dict[str, Task] = field(default_factory=dict)  # of this bill


@dataclass(frozen=True, slots=True)
class Ask:
    wish: Wish
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """That it expires so soon."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Expire:
    pass


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Open:
    task: Task


@dataclass(frozen=True, slots=True)
class Settle:
    task: str
    state: TaskState
    note: str


@dataclass(frozen=True, slots=True)
class Escalate:
    task: str


Step: TypeAlias = Ask | Tell | Expire | Close | Open | Settle | Escalate


def steps(seen: Situation, rules: EwayRules, now_ms: int) -> list[Step]:
    if seen.bill.status not in ON_THE_PORTAL:
        return list(_lapse(seen, "the bill holds no more"))
    if seen.is_over:
        return [Close(), *_lapse(seen, "nobody drives with it any more")]
    found = [
        *outdated(seen.bill, seen.tasks),
        *_vehicle(seen, rules.autopilot, now_ms),
        *_expiry(seen, rules.autopilot, now_ms),
        *_extension(seen, rules, now_ms),
    ]
    return _one_wish(found, is_busy=seen.bill.pending is not None)


def _one_wish(found: list[Step], *, is_busy: bool) -> list[Step]:
    """The portal is asked one thing at a time; the next one follows from the next look."""
    kept: list[Step] = []
    for step in found:
        if isinstance(step, Ask):
            if is_busy:
                continue
            is_busy = True
        kept.append(step)
    return kept


def _lapse(seen: Situation, why: str) -> Iterator[Step]:
    for task in seen.tasks.values():
        if task.state is TaskState.OPEN:
            yield Settle(task.id, TaskState.LAPSED, why)


def outdated(bill: Bill, tasks: dict[str, Task]) -> Iterator[Settle]:
    """Open tasks whose matter the portal has settled."""
    current = {extend_id(bill), renew_id(bill)}
    for task in tasks.values():
        if task.state is not TaskState.OPEN:
            continue
        if task.kind in {EXTEND, RENEW} and task.id not in current:
            yield Settle(task.id, TaskState.DONE, "its validity was extended")
        if task.kind == PART_B and task.facts.get("vehicle") == bill.vehicle is not None:
            yield Settle(task.id, TaskState.DONE, "the portal knows its vehicle")


def extend_id(bill: Bill) -> str:
    return task_id(EXTEND, bill.id, bill.valid_until_ms)


def renew_id(bill: Bill) -> str:
    return task_id(RENEW, bill.id, bill.valid_until_ms)


# ------------------------------------------------------------------------------- its vehicle


def _vehicle(seen: Situation, rules: AutopilotRules, now_ms: int) -> Iterator[Step]:
    bill = seen.bill
    if bill.status is Status.EXPIRED or not seen.has_truck:
        return
    if seen.vehicle is not None and seen.vehicle == bill.vehicle:
        return
    wanted = _part_b(seen, rules)
    refused = bill.refused is not None and isinstance(bill.refused.wish, ChangeVehicle)
    if wanted is not None and rules.changes_vehicle and not refused:
        yield Ask(ChangeVehicle(wanted), "another truck has the leg")
        return
    id_ = task_id(PART_B, bill.id, bill.vehicle, seen.vehicle)
    if id_ not in seen.tasks:
        missing = [name for name in ("vehicle", "here") if getattr(seen, name) is None]
        facts = {"vehicle": seen.vehicle, "vehicle_before": bill.vehicle, "missing": missing}
        yield Open(_task(seen, id_, PART_B, _titled(seen), now_ms, facts))


def _titled(seen: Situation) -> str:
    known = seen.vehicle or "the truck that has the leg, whose registration is not known"
    return f"Tell the portal of {known} (Part B of {seen.bill.number})"


def _part_b(seen: Situation, rules: AutopilotRules) -> PartB | None:
    if seen.vehicle is None or seen.here is None:
        return None
    reason = _reason(seen, rules)
    return PartB(
        vehicle=seen.vehicle,
        place=seen.here.place,
        state=seen.here.state,
        reason=reason,
        remark=reason.name.replace("_", " ").capitalize(),
        vehicle_type=seen.bill.transport.vehicle_type,
        doc_number=seen.bill.transport.doc_number,
        doc_day=seen.bill.transport.doc_day,
    )


def _reason(seen: Situation, rules: AutopilotRules) -> PartBReason:
    if seen.bill.vehicle is None:
        return PartBReason.FIRST_TIME
    said = (seen.swap_reason or "").lower()
    if any(word in said for word in rules.break_down_words):
        return PartBReason.BREAK_DOWN
    return rules.swapped_for


# ---------------------------------------------------------------------------------- its end


def _is_late(seen: Situation, rules: AutopilotRules, now_ms: int) -> bool:
    """Whether it will end before its truck arrives; who knows nothing expects the worst."""
    until_ms = seen.bill.valid_until_ms
    if until_ms is None:
        return False
    if seen.arrival_ms is None:
        return True
    return max(seen.arrival_ms, now_ms) + rules.margin_minutes * MINUTE_MS > until_ms


def _expiry(seen: Situation, rules: AutopilotRules, now_ms: int) -> Iterator[Step]:
    bill, until_ms = seen.bill, seen.bill.valid_until_ms
    if bill.status is not Status.ACTIVE or until_ms is None:
        return
    if now_ms > until_ms:
        yield Expire()
        return
    due = [each for each in rules.expiring_minutes if now_ms >= until_ms - each * MINUTE_MS]
    if due and _is_late(seen, rules, now_ms):
        nearest = min(due)
        if bill.told_minutes is None or nearest < bill.told_minutes:
            yield Tell(nearest)


def _extension(seen: Situation, rules: EwayRules, now_ms: int) -> Iterator[Step]:
    bill, until_ms = seen.bill, seen.bill.valid_until_ms
    if until_ms is None or bill.generated_ms is None:
        return
    window = extension_window(until_ms, rules.law)
    capped = is_capped(until_ms, bill.generated_ms, now_ms, rules.law)
    id_ = renew_id(bill) if capped else extend_id(bill)
    task = seen.tasks.get(id_)
    is_open = task is not None and task.state is TaskState.OPEN
    if now_ms > window.to_ms:
        if is_open:
            yield Settle(id_, TaskState.LAPSED, "it can no longer be extended")
        return
    if now_ms < window.from_ms:
        return
    closing_ms = window.to_ms - rules.autopilot.escalate_minutes * MINUTE_MS
    if task is None and _is_late(seen, rules.autopilot, now_ms):
        asked = bill.pending is not None and isinstance(bill.pending.wish, Extend)
        wish = None if capped or asked else _by_itself(seen, rules.autopilot)
        if wish is not None:
            yield Ask(wish, "it ends before its truck arrives")
        elif not asked or now_ms >= closing_ms:
            # Also where the portal does not answer, and time runs out.
            yield Open(_to_extend(seen, id_, now_ms, rules, capped=capped))
    if is_open and task is not None and task.escalated_ms is None and now_ms >= closing_ms:
        yield Escalate(id_)


def _by_itself(seen: Situation, rules: AutopilotRules) -> Extend | None:
    bill = seen.bill
    refused = bill.refused is not None and isinstance(bill.refused.wish, Extend)
    if not rules.extends or refused or seen.here is None or seen.remaining_km is None:
        return None
    return Extend(
        Extension(
            place=seen.here.place,
            pin=seen.here.pin,
            state=seen.here.state,
            remaining_km=min(max(seen.remaining_km, 1), bill.transport.distance_km),
            reason=rules.extends_for,
            remark=rules.extends_saying,
            vehicle=bill.vehicle,
            mode=bill.transport.mode,
            doc_number=bill.transport.doc_number,
            doc_day=bill.transport.doc_day,
        )
    )


def _to_extend(seen: Situation, id_: str, now_ms: int, rules: EwayRules, *, capped: bool) -> Task:
    bill = seen.bill
    until_ms = bill.valid_until_ms or now_ms
    window = extension_window(until_ms, rules.law)
    here = seen.here
    facts: dict[str, Any] = {
        "valid_until_ms": until_ms,
        "arrival_ms": seen.arrival_ms,
        "remaining_km": seen.remaining_km,
        "place": None if here is None else here.place,
        "pin": None if here is None else here.pin,
        "state": None if here is None else here.state,
        "missing": [name for name in ("remaining_km", "here") if getattr(seen, name) is None],
    }
    if bill.refused is not None and isinstance(bill.refused.wish, Extend):
        facts["refused"] = {"code": bill.refused.code, "detail": bill.refused.detail}
    kind = RENEW if capped else EXTEND
    title = (
        f"Generate a new e-way bill: {bill.number} cannot be extended any further"
        if capped
        else f"Extend e-way bill {bill.number}: it ends before the truck arrives"
    )
    return _task(seen, id_, kind, title, now_ms, facts, (window.from_ms, window.to_ms))


def _task(  # noqa: PLR0917 - what a task says
    seen: Situation,
    id_: str,
    kind: str,
    title: str,
    now_ms: int,
    facts: dict[str, Any],
    window: tuple[int, int] | None = None,
) -> Task:
    bill = seen.bill
    from_ms, to_ms = window or (now_ms, bill.valid_until_ms)
    return Task(
        id=id_,
        kind=kind,
        subject=f"eway-bills/{bill.id}",
        title=title,
        opened_ms=now_ms,
        booking=bill.booking,
        leg=bill.leg,
        from_ms=from_ms,
        to_ms=to_ms,
        facts=facts,
    )
