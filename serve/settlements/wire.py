"""Carriers' settlements as the API takes and gives them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from freight.cloudevents import rfc3339
from freight.settlements.approving import needed_approvals
from freight.settlements.rules import SettlementRules
from freight.settlements.state import (
    Advance,
    AdvanceMethod,
    AdvanceStatus,
    Head,
    Kind,
    Line,
    Settlement,
    Source,
    Status,
)
from freight.settlements.statement import Section, Statement
from serve.bookings.wire import Money, MoneyIn
from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.journeys.wire import Moment

EVIDENCE_MAX = 20  # fixed: part of the published API


class NewLine(Strict):
    """Above zero what is due to the carrier, below what is taken off."""

    head: Head
    amount: MoneyIn
    reason: LongText
    evidence: Annotated[list[LongText], Field(max_length=EVIDENCE_MAX)] = Field(
        default=[], description="what shows it: documents, proofs; deductions need some"
    )
    booking: ObjectId | None = Field(default=None, description="default: the settlement's")
    leg: ObjectId | None = None


class Reasoned(Strict):
    reason: LongText


class NewAdvance(Strict):
    amount: MoneyIn
    method: AdvanceMethod = AdvanceMethod.PAYOUT
    memo: ShortText | None = Field(default=None, description="such as the number of a fuel slip")


class CarryingOver(Strict):
    to: ObjectId = Field(description="another settlement of the same carrier")


class CycleRun(Strict):
    """Legs that were ready before are gathered into settlements of their periods."""

    carrier: ObjectId | None = Field(default=None, description="default: all that have periods")
    until: Moment | None = Field(
        default=None, description="of the period that it lies in; default: the one before now's"
    )


class CycleRunOut(BaseModel):
    settlements: list[str]


class LineOut(BaseModel):
    id: str
    head: Head
    amount: Money
    source: Source
    memo: str
    booking: str | None
    leg: str | None
    by: str | None
    reason: str | None
    evidence: list[str]
    settlement: str | None = Field(description="of the leg, in a period's settlement")
    base: Money | None
    rate_bp: int | None
    code: str | None

    @classmethod
    def of(cls, line: Line) -> LineOut:
        return cls(
            id=line.id,
            head=line.head,
            amount=Money.of(line.amount_minor),
            source=line.source,
            memo=line.memo,
            booking=line.booking,
            leg=line.leg,
            by=line.by,
            reason=line.reason,
            evidence=list(line.evidence),
            settlement=line.of,
            base=None if line.base_minor is None else Money.of(line.base_minor),
            rate_bp=line.rate_bp,
            code=line.code,
        )


class AdvanceOut(BaseModel):
    id: str
    method: AdvanceMethod
    amount: Money
    status: AdvanceStatus
    memo: str
    asked_by: str
    approved_by: str | None

    @classmethod
    def of(cls, advance: Advance) -> AdvanceOut:
        return cls(
            id=advance.id,
            method=advance.method,
            amount=Money.of(advance.amount_minor),
            status=advance.status,
            memo=advance.memo,
            asked_by=advance.asked_by,
            approved_by=advance.approved_by,
        )


class SettlementOut(BaseModel):
    id: str
    version: int
    kind: Kind
    carrier: str
    status: Status
    booking: str | None
    leg: str | None
    part: int
    supplement: int
    truck: str | None
    cycle: str | None
    members: list[str]
    taken_into: str | None
    gross: Money
    balance: Money
    lines: list[LineOut]
    advances: list[AdvanceOut]
    questions: list[str] = Field(description="what a person must say first")
    changed_by: str | None
    approvals: list[str]
    approvals_needed: int
    payouts: list[str]
    utr: str | None
    dispute: str | None
    opened_at: str
    ready_at: str | None
    proposed_at: str | None
    approved_at: str | None
    paid_at: str | None

    @classmethod
    def of(cls, state: Settlement, rules: SettlementRules) -> SettlementOut:
        return cls(
            id=state.id,
            version=state.version,
            kind=state.kind,
            carrier=state.carrier,
            status=state.status,
            booking=state.booking,
            leg=state.leg,
            part=state.part,
            supplement=state.supplement,
            truck=state.truck,
            cycle=state.cycle,
            members=list(state.members),
            taken_into=state.taken_into,
            gross=Money.of(state.gross_minor),
            balance=Money.of(state.balance_minor),
            lines=[LineOut.of(line) for line in state.lines],
            advances=[AdvanceOut.of(advance) for advance in state.advances],
            questions=list(state.questions),
            changed_by=state.changed_by,
            approvals=list(state.approvals),
            approvals_needed=needed_approvals(state, rules.two_persons_above_minor),
            payouts=list(state.payouts),
            utr=state.utr,
            dispute=state.dispute,
            opened_at=rfc3339(state.opened_ms),
            ready_at=time_of(state.ready_ms),
            proposed_at=time_of(state.proposed_ms),
            approved_at=time_of(state.approved_ms),
            paid_at=time_of(state.paid_ms),
        )


class StepOut(BaseModel):
    version: int
    at: str
    type: str
    event: dict[str, Any]


class SectionOut(BaseModel):
    name: str
    total: Money
    lines: list[LineOut]

    @classmethod
    def of(cls, section: Section) -> SectionOut:
        lines = [LineOut.of(line) for line in section.lines]
        return cls(name=section.name, total=Money.of(section.total_minor), lines=lines)


class StatementOut(BaseModel):
    settlement: str
    carrier: str
    booking: str | None
    leg: str | None
    truck: str | None
    cycle: str | None
    status: Status
    gross: Money
    balance: Money
    sections: list[SectionOut]
    approved_at: str | None
    paid_at: str | None
    utr: str | None

    @classmethod
    def of(cls, of: Statement) -> StatementOut:
        return cls(
            settlement=of.settlement,
            carrier=of.carrier,
            booking=of.booking,
            leg=of.leg,
            truck=of.truck,
            cycle=of.cycle,
            status=of.status,
            gross=Money.of(of.gross_minor),
            balance=Money.of(of.balance_minor),
            sections=[SectionOut.of(section) for section in of.sections],
            approved_at=time_of(of.approved_ms),
            paid_at=time_of(of.paid_ms),
            utr=of.utr,
        )


def time_of(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
