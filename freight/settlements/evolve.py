"""How a settlement stands after an event; it never fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from freight.settlements import events as e
from freight.settlements.state import (
    Advance,
    AdvanceStatus,
    Line,
    Settlement,
    Source,
    Status,
)

LOST = frozenset({AdvanceStatus.FAILED, AdvanceStatus.RETURNED})


def replayed(events: Iterable[e.Event], state: Settlement | None = None) -> Settlement | None:
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Settlement | None, event: e.Event) -> Settlement:
    if isinstance(event, e.Opened):
        return _opened(event)
    if state is None:
        raise ValueError("a settlement begins with its opening")
    return replace(_AFTER[type(event)](state, event), version=state.version + 1)


def _opened(event: e.Opened) -> Settlement:
    return Settlement(
        id=event.id,
        version=1,
        kind=event.kind,
        carrier=event.carrier,
        status=Status.OPEN,
        opened_ms=event.at_ms,
        lines=event.lines,
        booking=event.booking,
        leg=event.leg,
        part=event.part,
        supplement=event.supplement,
        truck=event.truck,
        cycle=event.cycle,
        questions=event.questions,
        ready_ms=event.ready_ms,
    )


def _derived(state: Settlement, event: e.Derived) -> Settlement:
    kept = tuple(line for line in state.lines if line.source is not Source.BOOKING)
    after = replace(state, questions=event.questions, ready_ms=event.ready_ms)
    return _changed(after, (*event.lines, *kept))


def _proposed(state: Settlement, event: e.Proposed) -> Settlement:
    lines = (*_lasting(state.lines), *event.reckoned)
    return replace(
        state, status=Status.PROPOSED, lines=lines, proposed_ms=event.at_ms, approvals=()
    )


def _approved(state: Settlement, event: e.Approved) -> Settlement:
    return replace(
        state,
        status=Status.APPROVED,
        approved_ms=event.at_ms,
        approved_version=state.version + 1,
    )


def _resolved(state: Settlement, _: e.Resolved) -> Settlement:
    """A proposal that was disputed is made again."""
    back = replace(state, status=state.disputed_from or Status.OPEN, disputed_from=None)
    return _changed(back, back.lines) if back.status is Status.PROPOSED else back


def _reopened(state: Settlement, event: e.Reopened) -> Settlement:
    after = replace(state, approved_ms=None, approved_version=None)
    return _changed(after, state.lines, event.by)


def _adopted(state: Settlement, event: e.Adopted) -> Settlement:
    members = (*state.members, event.member)
    return _changed(replace(state, members=members), (*state.lines, *event.lines))


def _now(state: Settlement, status: Status) -> Settlement:
    """While it is disputed, what happens decides what it will be afterwards."""
    if state.status is Status.DISPUTED:
        return replace(state, disputed_from=status)
    return replace(state, status=status)


def _changed(state: Settlement, lines: Iterable[Line], by: str | None = None) -> Settlement:
    """Whatever was proposed and half approved was another sum."""
    status = Status.DISPUTED if state.status is Status.DISPUTED else Status.OPEN
    changed_by = by or state.changed_by
    return replace(state, status=status, lines=_lasting(lines), approvals=(), changed_by=changed_by)


def _lasting(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.source is not Source.PROPOSAL)


def _without(state: Settlement, name: str) -> tuple[Line, ...]:
    return tuple(line for line in state.lines if line.id != name)


def _advance_started(state: Settlement, event: e.AdvanceStarted) -> Settlement:
    after = _put(state, event.id, event.status, event.by)
    return replace(after, lines=(*_without(after, event.line.id), event.line))


def _advance_ended(state: Settlement, event: e.AdvanceEnded) -> Settlement:
    after = _put(state, event.id, event.status, None)
    if event.status not in LOST or event.is_line_kept:
        return after
    return _changed(after, _without(after, line_of(event.id)))


def line_of(advance: str) -> str:
    return f"advance/{advance}"


def _put(state: Settlement, name: str, status: AdvanceStatus, by: str | None) -> Settlement:
    def changed(each: Advance) -> Advance:
        if each.id != name:
            return each
        return replace(each, status=status, approved_by=by or each.approved_by)

    return replace(state, advances=tuple(changed(each) for each in state.advances))


def _paying_started(state: Settlement, event: e.PayingStarted) -> Settlement:
    earlier = tuple(each for each in state.payouts if each != event.payout)
    return replace(state, status=Status.PAYING, payouts=(*earlier, event.payout))


_AFTER: dict[type, Callable[[Settlement, Any], Settlement]] = {
    e.Derived: _derived,
    e.LineAdded: lambda at, told: _changed(at, (*at.lines, told.line), told.line.by),
    e.LineRemoved: lambda at, told: _changed(at, _without(at, told.id), told.by),
    e.AdvanceAsked: lambda at, told: replace(at, advances=(*at.advances, told.advance)),
    e.AdvanceStarted: _advance_started,
    e.AdvanceEnded: _advance_ended,
    e.Proposed: _proposed,
    e.ApprovalGiven: lambda at, told: replace(at, approvals=(*at.approvals, told.by)),
    e.Approved: _approved,
    e.Disputed: lambda at, told: replace(
        at, status=Status.DISPUTED, disputed_from=at.status, dispute=told.reason
    ),
    e.Resolved: _resolved,
    e.Reopened: _reopened,
    e.PayingStarted: _paying_started,
    e.Paid: lambda at, told: _now(replace(at, paid_ms=told.at_ms, utr=told.utr), Status.PAID),
    e.PayingFailed: lambda at, _: _now(at, Status.APPROVED),
    e.PaymentReversed: lambda at, _: _now(replace(at, paid_ms=None, utr=None), Status.REVERSED),
    e.TakenInto: lambda at, told: replace(at, status=Status.TAKEN, taken_into=told.cycle),
    e.Adopted: _adopted,
}
