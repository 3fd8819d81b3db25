"""From a list of lines to a sum that two persons, if need be, have looked at."""

from __future__ import annotations

from freight.refusal import Refusal
from freight.settlements import events as e
from freight.settlements.commands import Approve, Propose, Reopen
from freight.settlements.deciding import Asked
from freight.settlements.state import Line, Settlement, Source, Status

TWO_PERSONS = 2


def propose(ask: Asked, command: Propose) -> list[e.Event]:
    state, reckoned = ask.state, command.reckoned
    if state.status not in (Status.OPEN, Status.PROPOSED):
        raise Refusal(f"settlement_{state.status}", f"it is {state.status}")
    ask.must_be_ready()
    if state.status is Status.PROPOSED and _reckoned(state) == reckoned:
        return []
    return [e.Proposed(by=command.by, reckoned=reckoned, at_ms=ask.now_ms)]


def approve(ask: Asked, command: Approve) -> list[e.Event]:
    state, by = ask.state, command.by
    if by in state.approvals:
        return []
    if state.status is not Status.PROPOSED:
        raise Refusal(f"settlement_{state.status}", f"it is {state.status}")
    if by == state.changed_by:
        raise Refusal("own_change", "whoever changed it last does not approve it")
    if _reckoned(state) != command.reckoned:
        raise Refusal("tax_changed", "tax and fees are others by now: propose it again")
    if state.balance_minor < 0:
        raise Refusal("owes_us", "the carrier owes us: carry it over to another settlement")
    given = e.ApprovalGiven(by, ask.now_ms)
    needed = needed_approvals(state, ask.rules.two_persons_above_minor)
    if len(state.approvals) + 1 < needed:
        return [given]
    told: list[e.Event] = [given, e.Approved(ask.now_ms)]
    if state.balance_minor == 0:
        told.append(e.Paid(payout=None, utr=None, at_ms=ask.now_ms))
    return told


def needed_approvals(state: Settlement, two_persons_above_minor: int) -> int:
    return TWO_PERSONS if state.balance_minor > two_persons_above_minor else 1


def reopen(ask: Asked, command: Reopen) -> list[e.Event]:
    if ask.state.status not in (Status.APPROVED, Status.REVERSED):
        raise Refusal(f"settlement_{ask.state.status}", f"it is {ask.state.status}")
    return [e.Reopened(command.by, command.reason, ask.now_ms)]


def _reckoned(state: Settlement) -> tuple[Line, ...]:
    return tuple(line for line in state.lines if line.source is Source.PROPOSAL)
