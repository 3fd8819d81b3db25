"""What follows from a command about a settlement, or why it cannot be done as things stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements import events as e
from freight.settlements.advancing import (
    approve_advance,
    ask_advance,
    end_advance,
    restart_advance,
)
from freight.settlements.approving import approve, propose, reopen
from freight.settlements.deciding import Asked, must_be_changeable, must_have_room
from freight.settlements.paying import end_paying, start_paying
from freight.settlements.rules import SettlementRules
from freight.settlements.state import (
    ANSWERED_FOR,
    BY_HAND,
    EITHER_WAY,
    Head,
    Kind,
    Line,
    Settlement,
    Source,
    Status,
)

DISPUTABLE = frozenset(
    {Status.OPEN, Status.PROPOSED, Status.APPROVED, Status.PAID, Status.REVERSED}
)
TAKEN_OFF = frozenset({Head.FEE, *ANSWERED_FOR})


def decide(
    state: Settlement | None, command: c.Command, rules: SettlementRules, now_ms: int
) -> list[e.Event]:
    """What was done already follows not again."""
    if isinstance(command, c.Open):
        return _open(state, command, now_ms)
    if state is None:
        raise Refusal("unknown_settlement", "there is no such settlement")
    return _DECIDERS[type(command)](Asked(state, rules, now_ms), command)


def _open(state: Settlement | None, command: c.Open, now_ms: int) -> list[e.Event]:
    if state is not None:
        if state.carrier != command.carrier:
            raise Refusal("settlement_id_taken", f"{command.id} is {state.carrier}'s")
        return []
    due = command.due
    return [
        e.Opened(
            id=command.id,
            kind=command.kind,
            carrier=command.carrier,
            lines=due.lines,
            at_ms=now_ms,
            booking=command.booking,
            leg=command.leg,
            part=command.part,
            supplement=command.supplement,
            truck=command.truck,
            cycle=command.cycle,
            questions=due.questions,
            ready_ms=due.ready_ms,
        )
    ]


def _derive(ask: Asked, due: c.Due) -> list[e.Event]:
    state = ask.state
    known = tuple(line for line in state.lines if line.source is Source.BOOKING)
    if (known, state.questions, state.ready_ms) == (due.lines, due.questions, due.ready_ms):
        return []
    must_be_changeable(state)
    return [
        e.Derived(lines=due.lines, questions=due.questions, ready_ms=due.ready_ms, at_ms=ask.now_ms)
    ]


def _add(ask: Asked, command: c.AddLine) -> list[e.Event]:
    head, amount_minor = command.head, command.amount_minor
    line = Line(
        id=command.id,
        head=head,
        amount_minor=amount_minor,
        source=Source.HAND,
        booking=command.booking or ask.state.booking,
        leg=command.leg or ask.state.leg,
        by=command.by,
        reason=command.reason,
        evidence=command.evidence,
    )
    known = ask.state.line(command.id)
    if known is not None:
        if known != line:
            raise Refusal("line_id_taken", f"{command.id} is another line")
        return []
    must_be_changeable(ask.state)
    must_have_room(ask)
    if head not in BY_HAND:
        raise Refusal("not_by_hand", f"nobody writes {head} by hand")
    if amount_minor == 0 or (head not in EITHER_WAY and (amount_minor < 0) != (head in TAKEN_OFF)):
        raise Refusal("wrong_sign", f"{head} cannot be {amount_minor} paise")
    if head in ANSWERED_FOR and not command.evidence:
        raise Refusal("evidence_missing", f"{head} needs what shows it")
    return [e.LineAdded(line, ask.now_ms)]


def _remove(ask: Asked, command: c.RemoveLine) -> list[e.Event]:
    line = ask.state.line(command.id)
    if line is None:
        raise Refusal("unknown_line", f"there is no line {command.id}")
    must_be_changeable(ask.state)
    if line.source is not Source.HAND:
        raise Refusal("not_by_hand", f"{command.id} was not written by hand: adjust it instead")
    return [e.LineRemoved(command.id, command.by, command.reason, ask.now_ms)]


def _dispute(ask: Asked, command: c.Dispute) -> list[e.Event]:
    state, reason = ask.state, command.reason
    if state.status is Status.DISPUTED:
        if state.dispute == reason:
            return []
        raise Refusal("disputed", "it is disputed already")
    if state.status not in DISPUTABLE:
        raise Refusal(f"settlement_{state.status}", f"it is {state.status}")
    return [e.Disputed(command.by, reason, ask.now_ms)]


def _resolve(ask: Asked, command: c.Resolve) -> list[e.Event]:
    if ask.state.status is not Status.DISPUTED:
        return []
    return [e.Resolved(command.by, command.reason, ask.now_ms)]


def _take_into(ask: Asked, cycle: str) -> list[e.Event]:
    state = ask.state
    if state.taken_into == cycle:
        return []
    if state.kind is not Kind.LEG or state.status is not Status.OPEN:
        raise Refusal(f"settlement_{state.status}", f"a {state.status} {state.kind} stays alone")
    ask.must_be_ready()
    return [e.TakenInto(cycle, ask.now_ms)]


def _adopt(ask: Asked, command: c.Adopt) -> list[e.Event]:
    state, member, lines = ask.state, command.member, command.lines
    if member in state.members:
        return []
    must_be_changeable(state)
    if state.kind is not Kind.CYCLE:
        raise Refusal("not_a_cycle", "only a period's settlement takes others")
    if len(state.members) >= ask.rules.members_max:
        raise Refusal("too_many_members", f"it has {len(state.members)} legs already")
    must_have_room(ask, len(lines))
    return [e.Adopted(member, lines, ask.now_ms)]


def _carry_over(ask: Asked, command: c.CarryOver) -> list[e.Event]:
    """Between two settlements of one carrier nothing moves in the books."""
    name = f"brought_forward/{command.other}"
    line = Line(
        id=name,
        head=Head.BROUGHT_FORWARD,
        amount_minor=command.amount_minor,
        source=Source.CARRIED,
        by=command.by,
        evidence=(f"settlements/{command.other}",),
    )
    if ask.state.line(name) is not None:
        raise Refusal("carried_over", f"{name} stands there already")
    must_be_changeable(ask.state)
    must_have_room(ask)
    return [e.LineAdded(line, ask.now_ms)]


# The command is of the type it is found by.
_DECIDERS: dict[type, Callable[[Asked, Any], list[e.Event]]] = {
    c.Derive: lambda ask, command: _derive(ask, command.due),
    c.AddLine: _add,
    c.RemoveLine: _remove,
    c.AskAdvance: ask_advance,
    c.ApproveAdvance: approve_advance,
    c.RestartAdvance: restart_advance,
    c.EndAdvance: end_advance,
    c.Propose: propose,
    c.Approve: approve,
    c.Reopen: reopen,
    c.Dispute: _dispute,
    c.Resolve: _resolve,
    c.StartPaying: start_paying,
    c.EndPaying: end_paying,
    c.TakeInto: lambda ask, command: _take_into(ask, command.cycle),
    c.Adopt: _adopt,
    c.CarryOver: _carry_over,
}
