"""A settlement as its carrier reads it: what was earned, what is taken off, what is paid."""

from __future__ import annotations

import msgspec

from freight.settlements.state import (
    ANSWERED_FOR,
    CHARGED_TAX,
    EARNED,
    HAD,
    Head,
    Line,
    Settlement,
    Status,
)

_SECTIONS: tuple[tuple[str, frozenset[Head]], ...] = (
    ("earned", EARNED),
    ("had", HAD),
    ("charged", frozenset({Head.FEE, Head.PLATFORM_FEE, *CHARGED_TAX})),
    ("answered_for", ANSWERED_FOR),
    ("tax", frozenset({Head.TDS})),
    ("carried", frozenset({Head.BROUGHT_FORWARD})),
)


class Section(msgspec.Struct, frozen=True):
    name: str
    lines: tuple[Line, ...]
    total_minor: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    settlement: str
    carrier: str
    booking: str | None
    leg: str | None
    truck: str | None
    cycle: str | None
    status: Status
    sections: tuple[Section, ...]  # without those that have no line
    gross_minor: int
    balance_minor: int
    approved_ms: int | None
    paid_ms: int | None
    utr: str | None


def statement_of(state: Settlement) -> Statement:
    """Its sections together are the balance, whatever lines there are."""
    sections: list[Section] = []
    for name, heads in _SECTIONS:
        lines = tuple(line for line in state.lines if line.head in heads)
        if lines:
            total_minor = sum(line.amount_minor for line in lines)
            sections.append(Section(name, lines, total_minor))
    return Statement(
        settlement=state.id,
        carrier=state.carrier,
        booking=state.booking,
        leg=state.leg,
        truck=state.truck,
        cycle=state.cycle,
        status=state.status,
        sections=tuple(sections),
        gross_minor=state.gross_minor,
        balance_minor=state.balance_minor,
        approved_ms=state.approved_ms,
        paid_ms=state.paid_ms,
        utr=state.utr,
    )
