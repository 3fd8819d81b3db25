"""Advances: what a carrier is paid, or given as diesel, before its leg is delivered."""

from __future__ import annotations

from msgspec.structs import replace

from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements import events as e
from freight.settlements.commands import Outcome
from freight.settlements.deciding import Asked, must_have_room
from freight.settlements.evolve import LOST, line_of
from freight.settlements.state import (
    Advance,
    AdvanceMethod,
    AdvanceStatus,
    Head,
    Kind,
    Line,
    Source,
    Status,
)


def ask_advance(ask: Asked, command: c.AskAdvance) -> list[e.Event]:
    state = ask.state
    advance = Advance(
        id=command.id,
        method=command.method,
        amount_minor=command.amount_minor,
        asked_by=command.by,
        status=AdvanceStatus.ASKED,
        memo=command.memo,
    )
    known = state.advance(command.id)
    if known is not None:
        if replace(known, status=AdvanceStatus.ASKED, approved_by=None) != advance:
            raise Refusal("advance_id_taken", f"{command.id} is another advance")
        return []
    _must_take(ask, command.amount_minor)
    asked = e.AdvanceAsked(advance, ask.now_ms)
    if command.amount_minor > ask.rules.two_persons_above_minor:
        return [asked]
    return [asked, _started(ask, advance, command.by)]


def _must_take(ask: Asked, amount_minor: int) -> None:
    state = ask.state
    if state.kind is not Kind.LEG or state.status is not Status.OPEN:
        raise Refusal(f"settlement_{state.status}", "an advance is of an open leg")
    if amount_minor <= 0:
        raise Refusal("wrong_sign", "an advance is more than nothing")
    given = sum(each.amount_minor for each in state.advances if each.status not in LOST)
    most = rounded(state.gross_minor * ask.rules.advance.share_bp_max, WHOLE_BP)
    if given + amount_minor > most:
        raise Refusal("advance_too_large", f"{most - given} paise are left for advances")
    must_have_room(ask)


def approve_advance(ask: Asked, command: c.ApproveAdvance) -> list[e.Event]:
    advance, by = _known(ask, command.id), command.by
    if advance.status is not AdvanceStatus.ASKED:
        return []
    if ask.state.status is not Status.OPEN:
        raise Refusal(f"settlement_{ask.state.status}", "an advance is of an open leg")
    if advance.asked_by == by:
        raise Refusal("second_person", "a second person approves so large an advance")
    return [_started(ask, advance, by)]


def restart_advance(ask: Asked, command: c.RestartAdvance) -> list[e.Event]:
    advance = _known(ask, command.id)
    if advance.status not in LOST:
        return []
    _must_take(ask, advance.amount_minor)
    return [_started(ask, advance, advance.approved_by or advance.asked_by)]


def _started(ask: Asked, advance: Advance, by: str) -> e.AdvanceStarted:
    by_payout = advance.method is AdvanceMethod.PAYOUT
    is_diesel = advance.method is AdvanceMethod.FUEL_CARD
    line = Line(
        id=line_of(advance.id),
        head=Head.DIESEL if is_diesel else Head.ADVANCE,
        amount_minor=-advance.amount_minor,
        source=Source.ADVANCE,
        memo=advance.memo,
        booking=ask.state.booking,
        leg=ask.state.leg,
        evidence=(f"payouts/{advance.id}",) if by_payout else (),
    )
    status = AdvanceStatus.IN_TRANSIT if by_payout else AdvanceStatus.PAID
    return e.AdvanceStarted(id=advance.id, status=status, by=by, line=line, at_ms=ask.now_ms)


_ENDS = {
    Outcome.PAID: AdvanceStatus.PAID,
    Outcome.FAILED: AdvanceStatus.FAILED,
    Outcome.RETURNED: AdvanceStatus.RETURNED,
}


def end_advance(ask: Asked, command: c.EndAdvance) -> list[e.Event]:
    """What the bank says last is how it is; a line that the books have stays as it is there."""
    state, name = ask.state, command.id
    advance, status = _known(ask, name), _ENDS[command.outcome]
    if advance.status in (status, AdvanceStatus.ASKED):
        return []
    in_books = state.is_in_books or state.status is Status.TAKEN
    told: list[e.Event] = []
    if status is AdvanceStatus.PAID and advance.status in LOST and not in_books:
        told.append(_started(ask, advance, advance.approved_by or advance.asked_by))
    told.append(e.AdvanceEnded(id=name, status=status, is_line_kept=in_books, at_ms=ask.now_ms))
    return told


def _known(ask: Asked, name: str) -> Advance:
    advance = ask.state.advance(name)
    if advance is None:
        raise Refusal("unknown_advance", f"there is no advance {name}")
    return advance
