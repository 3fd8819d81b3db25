"""What a carrier is owed for a leg, or for all of a period: line by line, and how it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    APPROVED = "approved"  # it stands in the books
    PAYING = "paying"  # a payout is under way
    PAID = "paid"
    DISPUTED = "disputed"
    REVERSED = "reversed"  # the bank gave the money back after it had been paid
    TAKEN = "taken"  # its lines are a period's settlement's now


class Kind(StrEnum):
    LEG = "leg"
    CYCLE = "cycle"


class Head(StrEnum):
    # What the carrier earned.
    FREIGHT = "freight"
    DETENTION = "detention"
    CANCELLATION = "cancellation"
    RETURN = "return"
    TOLL = "toll"
    ADJUSTMENT = "adjustment"
    # What it has had already.
    ADVANCE = "advance"
    DIESEL = "diesel"
    # What we charge it for.
    FEE = "fee"
    PLATFORM_FEE = "platform_fee"
    CGST = "cgst"
    SGST = "sgst"
    UTGST = "utgst"
    IGST = "igst"
    # What it answers for.
    SHORTAGE = "shortage"
    DAMAGE = "damage"
    LATE = "late"
    PENALTY = "penalty"
    TDS = "tds"
    BROUGHT_FORWARD = "brought_forward"  # from another settlement, or to one


EARNED = frozenset(
    {
        *(Head.FREIGHT, Head.DETENTION, Head.CANCELLATION, Head.RETURN),
        *(Head.TOLL, Head.ADJUSTMENT),
    }
)
HAD = frozenset({Head.ADVANCE, Head.DIESEL})
CHARGED_TAX = frozenset({Head.CGST, Head.SGST, Head.UTGST, Head.IGST})
ANSWERED_FOR = frozenset({Head.SHORTAGE, Head.DAMAGE, Head.LATE, Head.PENALTY})
EITHER_WAY = frozenset({Head.ADJUSTMENT, Head.BROUGHT_FORWARD})
# What a person may write; the others follow from the booking, from payouts or from the law.
BY_HAND = frozenset({*EARNED, Head.FEE, *ANSWERED_FOR})


class Source(StrEnum):
    BOOKING = "booking"  # derived from it, and again whenever it changes
    HAND = "hand"
    ADVANCE = "advance"
    PROPOSAL = "proposal"  # tax and fees: found anew at each proposal
    CARRIED = "carried"  # from another settlement


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Above zero: due to the carrier; below: taken off."""

    id: str
    head: Head
    amount_minor: int
    source: Source
    memo: str = ""
    booking: str | None = None
    leg: str | None = None
    by: str | None = None  # the person who wrote it
    reason: str | None = None
    evidence: tuple[str, ...] = ()  # documents, proofs, charges that show it
    of: str | None = None  # the leg's settlement that a period's line comes from
    # Of a tax: what it was reckoned from, and by which row of the law.
    base_minor: int | None = None
    rate_bp: int | None = None
    code: str | None = None


class AdvanceMethod(StrEnum):
    PAYOUT = "payout"
    CASH = "cash"
    FUEL_CARD = "fuel_card"


class AdvanceStatus(StrEnum):
    ASKED = "asked"  # it waits for a second person
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    method: AdvanceMethod
    amount_minor: int
    asked_by: str
    status: AdvanceStatus
    memo: str = ""
    approved_by: str | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    version: int  # how many events made it
    kind: Kind
    carrier: str
    status: Status
    opened_ms: int
    lines: tuple[Line, ...] = ()
    # Of a leg.
    booking: str | None = None
    leg: str | None = None
    part: int = 1  # the first, second ... truck that had the leg
    supplement: int = 0  # what was learned after the one before had been approved
    truck: str | None = None
    # Of a period.
    cycle: str | None = None  # "2026-W47", "2026-11-1", "2026-11"
    members: tuple[str, ...] = ()
    ready_ms: int | None = None  # delivered, or otherwise over
    questions: tuple[str, ...] = ()  # what a person must say before it can be proposed
    advances: tuple[Advance, ...] = ()
    changed_by: str | None = None  # the last person who changed what is to be paid
    proposed_ms: int | None = None
    approvals: tuple[str, ...] = ()
    approved_ms: int | None = None
    approved_version: int | None = None  # names its entry in the ledger
    payouts: tuple[str, ...] = ()  # the last is the one that counts
    paid_ms: int | None = None
    utr: str | None = None
    disputed_from: Status | None = None
    dispute: str | None = None
    taken_into: str | None = None

    @property
    def balance_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def gross_minor(self) -> int:
        return self.sum_of(EARNED)

    def sum_of(self, heads: frozenset[Head]) -> int:
        return sum(line.amount_minor for line in self.lines if line.head in heads)

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.id == line_id), None)

    def advance(self, advance_id: str) -> Advance | None:
        return next((each for each in self.advances if each.id == advance_id), None)

    @property
    def is_in_books(self) -> bool:
        """Approved once and not taken back."""
        return self.approved_version is not None
