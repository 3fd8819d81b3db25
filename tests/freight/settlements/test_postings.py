"""A worked settlement to the paisa, and that the books always say the same as its lines."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.ledger.accounts import Role
from freight.ledger.entries import Entry
from freight.settlements import commands as c
from freight.settlements.commands import Outcome
from freight.settlements.postings import approved, given_by_hand, reopened
from freight.settlements.reckoning import credited_minor, fee_bp, fee_minor, reckoned
from freight.settlements.state import AdvanceMethod, Head, Line, Source, Status
from freight.tax.supply import LineTax
from freight.tax.tds import Payee, Year, deduct
from tests.freight.settlements.written import FREIGHT, RULES, Told, added

DAY = date(2026, 11, 21)
FIVE_PERCENT = RULES.model_copy(
    update={
        "platform_fee_bp": type(RULES.platform_fee_bp).model_validate(
            [{"valid_from": "2025-09-22", "value": 500}]
        )
    }
)
COMPANY = Payee("carriers/C1", "AAACG2115R")


def derived(head: Head, amount_minor: int) -> Line:
    name = f"{head}/L1"
    return Line(id=name, head=head, amount_minor=amount_minor, source=Source.BOOKING, booking="B1")


def sums_of(entry: Entry | None) -> dict[str, int]:
    assert entry is not None
    sums: dict[str, int] = {}
    for posting in entry.postings:
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount_minor
    return sums


def worked() -> Told:
    """40,000.00 freight, 400.00 waiting, 1,250.00 toll; 20,000.00 advance, 5,000.00 diesel;
    1,800.00 short; fee of 5 % with IGST; TDS of 2 % of freight and waiting."""
    told = Told(
        FREIGHT,
        derived(Head.DETENTION, 40_000),
        derived(Head.TOLL, 125_000),
        derived(Head.SHORTAGE, -180_000),
        rules=FIVE_PERCENT,
    )
    for name, method, amount_minor in (
        ("po-a", AdvanceMethod.PAYOUT, 2_000_000),
        ("adv-d", AdvanceMethod.FUEL_CARD, 500_000),
    ):
        told.tell(c.AskAdvance(id=name, method=method, amount_minor=amount_minor, by="user:ann"))
    told.tell(c.EndAdvance("po-a", Outcome.PAID))
    fee = fee_minor(told.state, FIVE_PERCENT, DAY)
    assert fee == 200_000
    credited = credited_minor(told.state)
    assert credited == 4_040_000
    tds = deduct(defaults().tax.tds, COMPANY, Year(), credited, DAY)
    lines = reckoned(fee, fee_bp(FIVE_PERCENT, DAY), LineTax(igst_minor=36_000), tds)
    told.tell(c.Propose(None, lines), c.Approve("user:bea", lines))
    return told


def test_a_worked_settlement_to_the_paisa() -> None:
    told = worked()
    assert told.state.status is Status.APPROVED
    assert {line.head: line.amount_minor for line in told.state.lines} == {
        Head.FREIGHT: 4_000_000,
        Head.DETENTION: 40_000,
        Head.TOLL: 125_000,
        Head.SHORTAGE: -180_000,
        Head.ADVANCE: -2_000_000,
        Head.DIESEL: -500_000,
        Head.PLATFORM_FEE: -200_000,
        Head.IGST: -36_000,
        Head.TDS: -80_800,
    }
    assert told.state.balance_minor == 1_168_200
    assert sums_of(approved(told.state, 1)) == {
        Role.CARRIAGE_COST: 4_125_000,
        Role.DETENTION_COST: 40_000,
        Role.RECOVERIES: -180_000,
        Role.CARRIER_ADVANCES: -2_500_000,
        Role.PLATFORM_FEE_INCOME: -200_000,
        Role.OUTPUT_IGST: -36_000,
        Role.TDS_PAYABLE: -80_800,
        Role.CARRIER_PAYABLES: -1_168_200,
    }


def test_the_line_of_tax_says_how_it_was_reckoned() -> None:
    line = worked().state.line("reckoned/tds")
    assert line is not None
    assert (line.base_minor, line.rate_bp, line.code) == (4_040_000, 200, "1024")


def test_taken_back_nothing_is_left() -> None:
    told = worked()
    state = told.state
    entry, back = approved(state, 1), reopened(state, 2, state.version + 1)
    assert entry is not None
    assert back is not None
    assert sums_of(back) == {name: -minor for name, minor in sums_of(entry).items()}
    assert entry.id != back.id


def test_diesel_by_card_waits_for_its_bill() -> None:
    state = worked().state
    diesel = state.advance("adv-d")
    assert diesel is not None
    assert sums_of(given_by_hand(state, diesel, 1)) == {
        Role.CARRIER_ADVANCES: 500_000,
        Role.UNALLOCATED: -500_000,
    }


def test_what_is_carried_over_moves_nothing() -> None:
    told = Told(derived(Head.PENALTY, -100))
    told.tell(c.CarryOver(other="set-2", amount_minor=100, by="user:ann"))
    told.tell(c.Propose(None, ()), c.Approve("user:bea", ()))
    assert sums_of(approved(told.state, 1)) == {
        Role.RECOVERIES: -100,
        Role.CARRIER_PAYABLES: 100,
    }


LINES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([Head.FREIGHT, Head.DETENTION, Head.TOLL, Head.RETURN]),
            st.integers(1, 10**9),
        ),
        st.tuples(
            st.sampled_from([Head.SHORTAGE, Head.DAMAGE, Head.LATE, Head.FEE]),
            st.integers(-(10**7), -1),
        ),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(0, 10**6))
def test_the_balance_is_the_sum_of_lines_and_what_the_books_owe(
    lines: list[tuple[Head, int]], tds_minor: int
) -> None:
    told = Told()
    for index, (head, amount_minor) in enumerate(lines):
        told.tell(added(head, amount_minor, id=f"h{index}", evidence=("documents/d",)))
    tax = (derived(Head.TDS, -tds_minor),) if tds_minor else ()
    told.tell(c.Propose(None, tax))
    state = told.state
    balance = 4_000_000 + sum(minor for _, minor in lines) - tds_minor
    assert state.balance_minor == balance == sum(line.amount_minor for line in state.lines)
    assert sums_of(approved(state, 1)).get(Role.CARRIER_PAYABLES, 0) == -balance


@pytest.mark.parametrize("amount_minor", [0, -100])
def test_what_nothing_was_earned_by_bears_no_tax(amount_minor: int) -> None:
    told = Told(derived(Head.ADJUSTMENT, amount_minor))
    assert credited_minor(told.state) == 0
