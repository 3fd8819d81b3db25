"""What a line is, why it differs, and what confirming it posts."""

from __future__ import annotations

from datetime import date

import pytest

from config.policy import defaults
from freight.ledger.accounts import Role
from freight.ledger.entries import BadEntryError, Entry
from freight.reconciling.matching import (
    BankLine,
    Cause,
    Finding,
    Item,
    Known,
    LineKind,
    Ours,
    Settled,
    Status,
    match_bank,
    match_item,
)
from freight.reconciling.postings import confirmed
from freight.reconciling.rules import Holds
from freight.refusal import Refusal

RULES = defaults().reconciling
DAY = date(2026, 11, 5)
KNOWN = {
    "pay_1": Known("payments/p1", 5_000_000),
    "rfnd_1": Known("payments/p1", -200_000),
}
# 50,000.00 paid, 2,000.00 given back, 1,180.00 fee with 180.00 GST in it.
SETTLED = Settled("setl_1", "AXISN12345678901", DAY, 5_000_000, 200_000, 0, 118_000, 18_000)
NET_MINOR = 4_682_000
OURS = Ours(
    settled=[SETTLED],
    by_utr={
        "UTRPAYOUT": Known("payouts/po-1", -3_920_000),
        "UTRIN": Known("payments/p2", 1_000_000),
    },
)


def item(kind: LineKind, entity: str, amount_minor: int, **changes: object) -> Item:
    fields = {"fee_minor": 0, "is_settled": True, **changes}
    return Item(kind=kind, entity=entity, amount_minor=amount_minor, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (item(LineKind.PAYMENT, "pay_1", 5_000_000, fee_minor=118_000), None),
        (item(LineKind.PAYMENT, "pay_1", 5_000_000, fee_minor=180_001), Cause.FEE_DIFFERS),
        (item(LineKind.PAYMENT, "pay_1", 5_000_050), Cause.ROUNDING),
        (item(LineKind.PAYMENT, "pay_1", 4_000_000), Cause.AMOUNT_DIFFERS),
        (item(LineKind.PAYMENT, "pay_9", 5_000_000), Cause.UNKNOWN_PAYMENT),
        (item(LineKind.PAYMENT, "pay_1", 5_000_000, is_settled=False), Cause.NOT_YET_SETTLED),
        (item(LineKind.PAYMENT, "pay_1", 5_000_000, is_repeated=True), Cause.DUPLICATE),
        (item(LineKind.REFUND, "rfnd_1", -200_000), None),
        (item(LineKind.REFUND, "rfnd_9", -200_000), Cause.UNKNOWN_REFUND),
        (item(LineKind.OTHER, "adj_1", -100), Cause.AMOUNT_DIFFERS),
    ],
)
def test_items_of_a_provider(line: Item, cause: Cause | None) -> None:
    found = match_item(line, KNOWN, RULES)
    assert found.cause == cause
    assert found.status == (Status.MATCHED if cause is None else Status.OPEN)


def at_bank(amount_minor: int, utr: str | None, narration: str = "", **changes: object) -> BankLine:
    fields = {"day": DAY, **changes}
    return BankLine(amount_minor=amount_minor, utr=utr, narration=narration, **fields)  # type: ignore[arg-type]


UTR = SETTLED.utr


@pytest.mark.parametrize(
    ("line", "kind", "cause"),
    [
        (at_bank(NET_MINOR, UTR), LineKind.SETTLEMENT, None),
        (at_bank(NET_MINOR - 40, UTR), LineKind.SETTLEMENT, Cause.ROUNDING),
        (at_bank(NET_MINOR - 200_000, UTR), LineKind.SETTLEMENT, Cause.REFUND_NETTED),
        (at_bank(NET_MINOR + 200_000, UTR), LineKind.SETTLEMENT, Cause.REFUND_NETTED),
        (at_bank(NET_MINOR + 118_000, UTR), LineKind.SETTLEMENT, Cause.FEE_DIFFERS),
        (at_bank(NET_MINOR - 18_000, UTR), LineKind.SETTLEMENT, Cause.FEE_DIFFERS),
        (at_bank(NET_MINOR - 777_777, UTR), LineKind.SETTLEMENT, Cause.AMOUNT_DIFFERS),
        (at_bank(NET_MINOR, UTR, is_repeated=True), LineKind.OTHER, Cause.DUPLICATE),
        (at_bank(NET_MINOR, None), LineKind.SETTLEMENT, Cause.TIMING),
        (at_bank(NET_MINOR, None, day=date(2026, 11, 9)), LineKind.OTHER, Cause.UNKNOWN_UTR),
        (at_bank(-3_920_000, "UTRPAYOUT"), LineKind.PAYOUT, None),
        (at_bank(-3_920_001, "UTRPAYOUT"), LineKind.PAYOUT, Cause.ROUNDING),
        (at_bank(-4_920_000, "UTRPAYOUT"), LineKind.PAYOUT, Cause.AMOUNT_DIFFERS),
        (at_bank(1_000_000, "UTRIN"), LineKind.PAYMENT, None),
        (at_bank(-9_000_000, None, "to RazorpayX top-up"), LineKind.TRANSFER, None),
        (at_bank(9_000_000, None, "RAZORPAYX"), LineKind.OTHER, Cause.UNKNOWN_UTR),
        (at_bank(55_500, "999999999999"), LineKind.OTHER, Cause.UNKNOWN_UTR),
    ],
)
def test_lines_of_a_bank(line: BankLine, kind: LineKind, cause: Cause | None) -> None:
    found = match_bank(line, OURS, Holds.BANK, RULES)
    assert (found.kind, found.cause) == (kind, cause)
    assert found.status == (Status.MATCHED if cause is None else Status.OPEN)


def posted(line: BankLine, account: str | None = None) -> dict[str, int] | None:
    found = match_bank(line, OURS, Holds.BANK, RULES)
    return sums_of(entry_of(line, found, account))


def entry_of(line: BankLine, found: Finding, account: str | None) -> Entry | None:
    return confirmed(
        "l1",
        1,
        kind=found.kind,
        amount_minor=line.amount_minor,
        holds=Holds.BANK,
        settled=SETTLED if found.kind is LineKind.SETTLEMENT else None,
        cause=found.cause,
        expected_minor=found.expected_minor,
        account=account,
    )


def sums_of(made: Entry | None) -> dict[str, int] | None:
    return None if made is None else {each.account: each.amount_minor for each in made.postings}


def test_a_settlement_that_comes_to_the_bank() -> None:
    assert posted(at_bank(NET_MINOR, UTR)) == {
        Role.BANK: NET_MINOR,
        Role.PROVIDER_FEES: 100_000,
        Role.INPUT_GST: 18_000,
        Role.PROVIDER_CLEARING: -4_800_000,
    }


def test_what_is_off_goes_where_its_cause_says() -> None:
    off = posted(at_bank(NET_MINOR - 40, UTR))
    assert off is not None
    assert off[Role.ROUND_OFF] == 40
    with pytest.raises(Refusal) as needed:
        posted(at_bank(NET_MINOR - 777_777, UTR))
    assert needed.value.code == "account_needed"
    told = posted(at_bank(NET_MINOR - 777_777, UTR), Role.UNALLOCATED)
    assert told is not None
    assert told[Role.UNALLOCATED] == 777_777


def test_the_books_have_payouts_and_transfers_already() -> None:
    assert posted(at_bank(-3_920_000, "UTRPAYOUT")) is None
    assert posted(at_bank(1_000_000, "UTRIN")) is None


def test_money_between_our_own_accounts() -> None:
    assert posted(at_bank(-9_000_000, None, "RAZORPAYX")) == {
        Role.BANK: -9_000_000,
        Role.PAYOUT_ACCOUNT: 9_000_000,
    }


def test_what_nobody_knows_is_booked_where_a_person_says() -> None:
    line = at_bank(55_500, "999999999999")
    with pytest.raises(Refusal):
        posted(line)
    assert posted(line, Role.UNALLOCATED) == {Role.BANK: 55_500, Role.UNALLOCATED: -55_500}
    with pytest.raises(BadEntryError):
        posted(line, Role.RECEIVABLES)
