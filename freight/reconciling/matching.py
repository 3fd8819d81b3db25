"""Whether a line of a statement is what the books say, and if not, what the likely cause is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

import msgspec

from freight.pricing.amounts import WHOLE_BP
from freight.reconciling.rules import Holds, ReconcilingRules


class Status(StrEnum):
    OPEN = "open"  # a person must say what it is
    MATCHED = "matched"
    CONFIRMED = "confirmed"  # it stands in the books
    IGNORED = "ignored"


class Cause(StrEnum):
    """Why a line differs, as far as it can be guessed."""

    FEE_DIFFERS = "fee_differs"
    NOT_YET_SETTLED = "not_yet_settled"
    DUPLICATE = "duplicate"
    UNKNOWN_UTR = "unknown_utr"
    UNKNOWN_PAYMENT = "unknown_payment"
    UNKNOWN_REFUND = "unknown_refund"
    REFUND_NETTED = "refund_netted"
    ROUNDING = "rounding"
    TIMING = "timing"
    AMOUNT_DIFFERS = "amount_differs"


class LineKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    SETTLEMENT = "settlement"  # of a provider, as the bank shows it
    PAYOUT = "payout"
    TRANSFER = "transfer"  # between our own accounts
    OTHER = "other"


class Known(msgspec.Struct, frozen=True):
    """Something of ours."""

    about: str  # payments/x, payouts/x
    amount_minor: int


class Settled(msgspec.Struct, frozen=True):
    """A provider's settlement, added up from its items."""

    id: str
    utr: str | None
    day: date
    payments_minor: int
    refunds_minor: int
    other_minor: int
    fee_minor: int  # the tax on it included
    tax_minor: int

    @property
    def cleared_minor(self) -> int:
        """What it takes off the money that lies with the provider."""
        return self.payments_minor - self.refunds_minor + self.other_minor

    @property
    def net_minor(self) -> int:
        return self.cleared_minor - self.fee_minor


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a provider's settlement report."""

    kind: LineKind
    entity: str
    amount_minor: int  # above zero: for us
    fee_minor: int
    is_settled: bool
    is_repeated: bool = False  # it was in another settlement already


class BankLine(msgspec.Struct, frozen=True, kw_only=True):
    day: date
    amount_minor: int
    utr: str | None
    narration: str
    is_repeated: bool = False  # the same UTR and amount stood there before


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    status: Status
    kind: LineKind
    about: str | None = None
    expected_minor: int | None = None
    cause: Cause | None = None


def match_item(item: Item, known: Mapping[str, Known], rules: ReconcilingRules) -> Finding:
    """`known`: our payments and refunds by the provider's ids."""
    found = known.get(item.entity)
    expected = None if found is None else found.amount_minor
    cause: Cause | None = None
    if not item.is_settled:
        cause = Cause.NOT_YET_SETTLED
    elif item.is_repeated:
        cause = Cause.DUPLICATE
    elif item.kind is LineKind.OTHER:
        cause = Cause.AMOUNT_DIFFERS  # an adjustment of the provider's, which nobody expects
    elif expected is None:
        refund = item.kind is LineKind.REFUND
        cause = Cause.UNKNOWN_REFUND if refund else Cause.UNKNOWN_PAYMENT
    elif expected != item.amount_minor:
        cause = _difference(item.amount_minor - expected, rules)
    elif _is_dear(item, rules):
        cause = Cause.FEE_DIFFERS
    return Finding(
        status=Status.MATCHED if cause is None else Status.OPEN,
        kind=item.kind,
        about=None if found is None else found.about,
        expected_minor=expected,
        cause=cause,
    )


def _is_dear(item: Item, rules: ReconcilingRules) -> bool:
    return item.fee_minor * WHOLE_BP > abs(item.amount_minor) * rules.fee_bp_max


def _difference(off_minor: int, rules: ReconcilingRules) -> Cause:
    if abs(off_minor) <= rules.rounding_minor_max:
        return Cause.ROUNDING
    return Cause.AMOUNT_DIFFERS


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank's lines may be."""

    settled: Sequence[Settled] = ()
    booked: frozenset[str] = frozenset()  # those of them that other lines have brought
    by_utr: Mapping[str, Known] = {}  # payouts out, transfers of shippers in


def match_bank(line: BankLine, ours: Ours, holds: Holds, rules: ReconcilingRules) -> Finding:
    """By its UTR; without one that is known, by amount and day, which is a guess."""
    if line.is_repeated:
        return Finding(status=Status.OPEN, kind=LineKind.OTHER, cause=Cause.DUPLICATE)
    of_utr = [each for each in ours.settled if each.utr is not None and each.utr == line.utr]
    if of_utr and line.amount_minor > 0:
        return _settlement(line, of_utr[0], rules)
    known = None if line.utr is None else ours.by_utr.get(line.utr)
    if known is not None:
        return _known(line, known, rules)
    narration = line.narration.upper()
    if any(word.upper() in narration for word in rules.top_up_words):
        is_ours = (line.amount_minor > 0) == (holds is Holds.PAYOUT_ACCOUNT)
        if is_ours:
            return Finding(status=Status.MATCHED, kind=LineKind.TRANSFER)
    waited_for = [each for each in ours.settled if each.id not in ours.booked]
    near = [each for each in waited_for if _is_near(line, each, rules)]
    if len(near) == 1:
        return Finding(
            status=Status.OPEN,
            kind=LineKind.SETTLEMENT,
            about=f"provider-settlements/{near[0].id}",
            expected_minor=near[0].net_minor,
            cause=Cause.TIMING,
        )
    return Finding(status=Status.OPEN, kind=LineKind.OTHER, cause=Cause.UNKNOWN_UTR)


def _is_near(line: BankLine, settled: Settled, rules: ReconcilingRules) -> bool:
    days = abs((line.day - settled.day).days)
    return line.amount_minor == settled.net_minor and days <= rules.timing_days_max


def _settlement(line: BankLine, settled: Settled, rules: ReconcilingRules) -> Finding:
    off_minor = line.amount_minor - settled.net_minor
    cause: Cause | None = None
    if off_minor:
        cause = _difference(off_minor, rules)
        if cause is Cause.AMOUNT_DIFFERS:
            cause = _explained(off_minor, settled)
    return Finding(
        status=Status.MATCHED if cause is None else Status.OPEN,
        kind=LineKind.SETTLEMENT,
        about=f"provider-settlements/{settled.id}",
        expected_minor=settled.net_minor,
        cause=cause,
    )


def _explained(off_minor: int, settled: Settled) -> Cause:
    """Taken off twice or not at all: the refunds, or the fees."""
    if settled.refunds_minor and abs(off_minor) == settled.refunds_minor:
        return Cause.REFUND_NETTED
    fees = {settled.fee_minor, settled.tax_minor, settled.fee_minor - settled.tax_minor}
    return Cause.FEE_DIFFERS if abs(off_minor) in fees else Cause.AMOUNT_DIFFERS


def _known(line: BankLine, known: Known, rules: ReconcilingRules) -> Finding:
    off_minor = line.amount_minor - known.amount_minor
    cause = None if not off_minor else _difference(off_minor, rules)
    is_payout = known.about.startswith("payouts/")
    return Finding(
        status=Status.MATCHED if cause is None else Status.OPEN,
        kind=LineKind.PAYOUT if is_payout else LineKind.PAYMENT,
        about=known.about,
        expected_minor=known.amount_minor,
        cause=cause,
    )
