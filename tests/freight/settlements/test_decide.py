"""What may be done with a settlement when, and what follows."""

from __future__ import annotations

import pytest

from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements.commands import Outcome
from freight.settlements.state import (
    AdvanceMethod,
    AdvanceStatus,
    Head,
    Kind,
    Line,
    Source,
    Status,
)
from tests.freight.settlements.written import FREIGHT, NOW_MS, READY_MS, RULES, TDS, Told, added

STRICT = RULES.model_copy(update={"two_persons_above_minor": 1_000_000})
PROPOSE = c.Propose(None, (TDS,))
BALANCE_MINOR = 3_920_000


def approved(by: str = "user:bea") -> c.Approve:
    return c.Approve(by, (TDS,))


def refused(told: Told, command: c.Command, now_ms: int = NOW_MS) -> str:
    with pytest.raises(Refusal) as refusal:
        told.tell(command, now_ms=now_ms)
    return refusal.value.code


def paying(outcome: Outcome, payout: str = "P1") -> c.EndPaying:
    return c.EndPaying(payout=payout, outcome=outcome, utr="U1", reason="so it is")


def test_from_open_to_paid() -> None:
    told = Told()
    names = told.tell(PROPOSE, approved(), c.StartPaying("P1", BALANCE_MINOR), paying(Outcome.PAID))
    assert names == ["Proposed", "ApprovalGiven", "Approved", "PayingStarted", "Paid"]
    assert told.state.status is Status.PAID
    assert (told.state.balance_minor, told.state.utr) == (BALANCE_MINOR, "U1")


def test_what_was_done_follows_not_again() -> None:
    told = Told()
    told.tell(PROPOSE)
    assert told.tell(PROPOSE) == []
    told.tell(approved())
    assert told.tell(approved()) == []
    told.tell(c.StartPaying("P1", BALANCE_MINOR))
    assert told.tell(c.StartPaying("P1", BALANCE_MINOR)) == []
    told.tell(paying(Outcome.PAID))
    assert told.tell(paying(Outcome.PAID), paying(Outcome.FAILED)) == []


def test_above_the_limit_two_different_persons_approve() -> None:
    told = Told(rules=STRICT)
    told.tell(PROPOSE)
    assert told.tell(approved("user:bea")) == ["ApprovalGiven"]
    assert told.tell(approved("user:bea")) == []
    assert told.state.status is Status.PROPOSED
    assert told.tell(approved("user:cai")) == ["ApprovalGiven", "Approved"]


def test_whoever_changed_it_last_does_not_approve_it() -> None:
    told = Told()
    told.tell(added(Head.TOLL, 50_000, by="user:ann"), PROPOSE)
    assert refused(told, approved("user:ann")) == "own_change"
    told.tell(approved("user:bea"))


def test_a_change_takes_proposal_and_approvals_back() -> None:
    told = Told(rules=STRICT)
    told.tell(PROPOSE, approved("user:bea"), added(Head.FEE, -10_000))
    assert (told.state.status, told.state.approvals) == (Status.OPEN, ())
    assert told.state.line(TDS.id) is None
    told.tell(PROPOSE, approved("user:cai"))
    assert told.state.status is Status.PROPOSED


def test_another_tax_by_now_is_proposed_anew() -> None:
    told = Told()
    told.tell(PROPOSE)
    assert refused(told, c.Approve("user:bea", ())) == "tax_changed"
    told.tell(c.Propose(None, ()), c.Approve("user:bea", ()))
    assert told.state.balance_minor == FREIGHT.amount_minor


@pytest.mark.parametrize(
    ("head", "amount_minor", "evidence", "code"),
    [
        (Head.FREIGHT, -1, (), "wrong_sign"),
        (Head.TOLL, 0, (), "wrong_sign"),
        (Head.FEE, 100, (), "wrong_sign"),
        (Head.SHORTAGE, 100, ("documents/d",), "wrong_sign"),
        (Head.SHORTAGE, -100, (), "evidence_missing"),
        (Head.DAMAGE, -100, (), "evidence_missing"),
        (Head.LATE, -100, (), "evidence_missing"),
        (Head.TDS, -100, (), "not_by_hand"),
        (Head.ADVANCE, -100, (), "not_by_hand"),
        (Head.IGST, -100, (), "not_by_hand"),
    ],
)
def test_lines_that_nobody_may_write(
    head: Head, amount_minor: int, evidence: tuple[str, ...], code: str
) -> None:
    told = Told()
    assert refused(told, added(head, amount_minor, evidence=evidence)) == code


def test_lines_by_hand_come_and_go() -> None:
    told = Told()
    shortage = added(Head.SHORTAGE, -200_000, evidence=("bookings/B1/proofs/1",))
    told.tell(shortage, added(Head.ADJUSTMENT, -5))
    assert told.tell(shortage) == []
    assert told.state.balance_minor == 4_000_000 - 200_000 - 5
    assert refused(told, added(Head.SHORTAGE, -1, evidence=("x",))) == "line_id_taken"
    told.tell(c.RemoveLine(id="hand/shortage", by="user:ann", reason="found"))
    assert told.state.balance_minor == 4_000_000 - 5
    remove = c.RemoveLine(id=FREIGHT.id, by="user:ann", reason="why not")
    assert refused(told, remove) == "not_by_hand"
    assert refused(told, c.RemoveLine(id="none", by="a", reason="b")) == "unknown_line"


def test_at_the_limit_of_lines() -> None:
    told = Told(rules=RULES.model_copy(update={"lines_max": 2}))
    told.tell(added(Head.TOLL, 1, id="a"))
    assert refused(told, added(Head.TOLL, 1, id="b")) == "too_many_lines"


def test_what_is_not_delivered_or_known_is_not_proposed() -> None:
    early = Told()
    early.tell(c.Derive(c.Due(lines=(FREIGHT,), ready_ms=None)))
    assert refused(early, PROPOSE) == "not_ready"
    held = Told(rules=RULES.model_copy(update={"hold_hours": 24}))
    assert refused(held, PROPOSE) == "on_hold"
    held.tell(c.Propose(None, ()), now_ms=READY_MS + 24 * 3_600_000)
    asked = Told()
    asked.tell(c.Derive(c.Due(lines=(), questions=("freight_unknown",), ready_ms=READY_MS)))
    assert refused(asked, PROPOSE) == "open_questions"
    asked.tell(added(Head.FREIGHT, 3_000_000), PROPOSE)
    assert asked.state.status is Status.PROPOSED


def test_deriving_again_replaces_what_was_derived_only() -> None:
    told = Told()
    told.tell(added(Head.TOLL, 50_000))
    due = c.Due(lines=(FREIGHT,), ready_ms=READY_MS)
    assert told.tell(c.Derive(due)) == []
    waiting = Line(
        id="detention/L1/S1/1", head=Head.DETENTION, amount_minor=60_000, source=Source.BOOKING
    )
    told.tell(c.Derive(c.Due(lines=(FREIGHT, waiting), ready_ms=READY_MS)))
    assert told.state.balance_minor == 4_110_000


def test_nothing_changes_any_more_once_it_is_approved() -> None:
    told = Told()
    told.tell(PROPOSE, approved())
    assert refused(told, added(Head.TOLL, 1)) == "settlement_approved"
    assert refused(told, c.Derive(c.Due(lines=()))) == "settlement_approved"
    assert refused(told, PROPOSE) == "settlement_approved"


def test_an_approval_is_taken_back_before_anything_is_paid() -> None:
    told = Told()
    told.tell(PROPOSE, approved(), c.Reopen("user:cai", "wrong lorry receipt"))
    assert told.state.status is Status.OPEN
    assert not told.state.is_in_books
    told.tell(PROPOSE)
    assert refused(told, approved("user:cai")) == "own_change"
    told.tell(approved("user:bea"), c.StartPaying("P1", BALANCE_MINOR))
    assert refused(told, c.Reopen("user:cai", "late")) == "settlement_paying"


def test_nothing_left_to_pay_is_paid_at_once() -> None:
    told = Told()
    gone = added(Head.DAMAGE, -3_920_000, evidence=("documents/d",))
    told.tell(gone, PROPOSE, approved())
    assert (told.state.status, told.state.payouts) == (Status.PAID, ())


def test_a_debt_is_carried_over_not_paid() -> None:
    told = Told()
    told.tell(added(Head.DAMAGE, -4_000_000, evidence=("documents/d",)), PROPOSE)
    assert refused(told, approved()) == "owes_us"
    over = c.CarryOver(other="set-2", amount_minor=80_000, by="user:ann")
    told.tell(over)
    assert refused(told, over) == "carried_over"
    told.tell(PROPOSE, approved())
    assert (told.state.status, told.state.balance_minor) == (Status.PAID, 0)


# ------------------------------------------------------------------------------------ paying


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((Outcome.FAILED,), Status.APPROVED),
        ((Outcome.FAILED, Outcome.FAILED), Status.APPROVED),
        ((Outcome.PAID, Outcome.RETURNED), Status.REVERSED),
        ((Outcome.RETURNED,), Status.REVERSED),
        ((Outcome.FAILED, Outcome.PAID), Status.PAID),
        ((Outcome.PAID, Outcome.FAILED), Status.PAID),
        ((Outcome.RETURNED, Outcome.PAID), Status.REVERSED),
    ],
)
def test_whatever_becomes_of_a_payout(outcomes: tuple[Outcome, ...], status: Status) -> None:
    told = Told()
    told.tell(PROPOSE, approved(), c.StartPaying("P1", BALANCE_MINOR))
    told.tell(*(paying(outcome) for outcome in outcomes))
    assert told.state.status is status


def test_paid_anew_after_it_came_back() -> None:
    told = Told()
    told.tell(PROPOSE, approved(), c.StartPaying("P1", BALANCE_MINOR))
    told.tell(paying(Outcome.PAID), paying(Outcome.RETURNED))
    assert refused(told, c.StartPaying("P1", 1)) == "amount_differs"
    told.tell(c.StartPaying("P1", BALANCE_MINOR), paying(Outcome.FAILED))
    told.tell(c.StartPaying("P2", BALANCE_MINOR))
    assert told.state.payouts == ("P1", "P2")
    assert told.tell(paying(Outcome.PAID, "P1")) == []
    told.tell(paying(Outcome.PAID, "P2"))
    assert told.state.status is Status.PAID


def test_what_is_not_approved_is_not_paid() -> None:
    told = Told()
    assert refused(told, c.StartPaying("P1", BALANCE_MINOR)) == "settlement_open"
    told.tell(PROPOSE)
    assert refused(told, c.StartPaying("P1", BALANCE_MINOR)) == "settlement_proposed"


# ----------------------------------------------------------------------------------- disputes


def test_a_dispute_holds_it_until_it_is_resolved() -> None:
    told = Told()
    told.tell(PROPOSE, c.Dispute("user:carl", "the toll is missing"))
    assert refused(told, approved()) == "settlement_disputed"
    assert refused(told, c.Dispute("user:carl", "another")) == "disputed"
    told.tell(added(Head.TOLL, 50_000))
    assert [told.state.status] == [Status.DISPUTED]
    told.tell(c.Resolve("user:ann", "toll added"))
    assert told.state.status is Status.OPEN
    assert told.tell(c.Resolve("user:ann", "toll added")) == []


def test_news_of_the_bank_are_taken_while_it_is_disputed() -> None:
    told = Told()
    told.tell(PROPOSE, approved(), c.StartPaying("P1", BALANCE_MINOR))
    assert refused(told, c.Dispute("user:carl", "now")) == "settlement_paying"
    told.tell(paying(Outcome.PAID), c.Dispute("user:carl", "too little"))
    told.tell(paying(Outcome.RETURNED))
    assert [told.state.status] == [Status.DISPUTED]
    told.tell(c.Resolve("user:ann", "explained"))
    assert told.state.status is Status.REVERSED


# ----------------------------------------------------------------------------------- advances


def advance(amount_minor: int = 1_000_000, **changes: object) -> c.AskAdvance:
    fields = {"id": "po-a", "method": AdvanceMethod.PAYOUT, "by": "user:ann", **changes}
    return c.AskAdvance(amount_minor=amount_minor, **fields)  # type: ignore[arg-type]


def test_an_advance_is_taken_off_while_it_lasts() -> None:
    told = Told()
    assert told.tell(advance()) == ["AdvanceAsked", "AdvanceStarted"]
    assert told.state.balance_minor == 3_000_000
    assert refused(told, PROPOSE) == "advance_in_transit"
    told.tell(c.EndAdvance("po-a", Outcome.PAID), PROPOSE)
    assert told.state.balance_minor == 2_920_000


def test_an_advance_that_failed_was_none() -> None:
    told = Told()
    told.tell(advance(), c.EndAdvance("po-a", Outcome.FAILED))
    assert told.state.balance_minor == 4_000_000
    told.tell(c.RestartAdvance("po-a"))
    assert told.state.balance_minor == 3_000_000
    told.tell(c.EndAdvance("po-a", Outcome.PAID), c.EndAdvance("po-a", Outcome.RETURNED))
    assert told.state.balance_minor == 4_000_000


def test_an_advance_that_comes_back_after_the_approval_stays_in_the_books() -> None:
    told = Told()
    told.tell(advance(), c.EndAdvance("po-a", Outcome.PAID), PROPOSE, approved())
    told.tell(c.EndAdvance("po-a", Outcome.RETURNED))
    assert told.state.balance_minor == 2_920_000
    known = told.state.advance("po-a")
    assert known is not None
    assert known.status is AdvanceStatus.RETURNED


def test_a_large_advance_waits_for_a_second_person() -> None:
    told = Told(rules=STRICT)
    assert told.tell(advance(1_000_001)) == ["AdvanceAsked"]
    assert refused(told, PROPOSE) == "advance_in_transit"
    assert refused(told, c.ApproveAdvance("po-a", "user:ann")) == "second_person"
    assert told.tell(c.ApproveAdvance("po-a", "user:bea")) == ["AdvanceStarted"]
    assert told.tell(c.ApproveAdvance("po-a", "user:bea")) == []


def test_advances_end_at_a_share_of_what_was_earned() -> None:
    told = Told()
    told.tell(advance(3_000_000))
    assert refused(told, advance(600_001, id="po-b")) == "advance_too_large"
    told.tell(advance(600_000, id="po-b"))
    assert refused(told, advance(0, id="po-c")) == "wrong_sign"


def test_diesel_by_card_is_had_at_once() -> None:
    told = Told()
    told.tell(advance(500_000, id="adv-1", method=AdvanceMethod.FUEL_CARD))
    line = told.state.line("advance/adv-1")
    assert line is not None
    assert (line.head, line.amount_minor) == (Head.DIESEL, -500_000)
    told.tell(PROPOSE)


# ------------------------------------------------------------------------------------ periods


def test_a_period_takes_the_lines_of_its_legs() -> None:
    cycle = Told(kind=Kind.CYCLE, booking=None, leg=None, due=c.Due(lines=(), ready_ms=READY_MS))
    leg = Told()
    leg.tell(c.TakeInto("set-c"))
    assert leg.state.status is Status.TAKEN
    assert leg.tell(c.TakeInto("set-c")) == []
    assert refused(leg, c.TakeInto("set-d")) == "settlement_taken"
    assert refused(leg, PROPOSE) == "settlement_taken"
    adopted = c.Adopt("set-1", leg.state.lines)
    cycle.tell(adopted)
    assert cycle.tell(adopted) == []
    assert (cycle.state.balance_minor, cycle.state.members) == (4_000_000, ("set-1",))
    assert refused(leg, c.Adopt("set-x", ())) == "settlement_taken"


def test_at_the_limit_of_a_period() -> None:
    rules = RULES.model_copy(update={"members_max": 1})
    due = c.Due(lines=(), ready_ms=READY_MS)
    cycle = Told(kind=Kind.CYCLE, booking=None, leg=None, due=due, rules=rules)
    cycle.tell(c.Adopt("set-1", (FREIGHT,)))
    assert refused(cycle, c.Adopt("set-2", (FREIGHT,))) == "too_many_members"


def test_what_is_not_there_is_not_commanded() -> None:
    told = Told()
    told.found = None
    assert refused(told, PROPOSE) == "unknown_settlement"
