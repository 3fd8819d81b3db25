"""Entries: what cancels out is one, everything else is refused."""

from __future__ import annotations

import pytest

from freight.ledger.accounts import CONTROL, KIND_OF, MONEY, Kind, Role
from freight.ledger.entries import (
    BadEntryError,
    Cause,
    Entry,
    Posting,
    digest,
    entry,
    reversal,
    substance,
)

CAUSE = Cause("payment", "payments/p1")
BOTH = (Posting("cash", 500), Posting("freight_income", -500, "shippers/tata", "B1"))


def made(*postings: Posting, id: str = "e1", at_ms: int = 1, cause: Cause = CAUSE) -> Entry:  # noqa: A002 - its name everywhere
    return entry(id, at_ms, cause, "Paid", postings)


def test_what_cancels_out_is_an_entry() -> None:
    assert made(*BOTH).postings == BOTH


def test_postings_of_nothing_are_left_out() -> None:
    assert made(*BOTH, Posting("round_off", 0)).postings == BOTH


@pytest.mark.parametrize(
    ("postings", "code"),
    [
        ((Posting("cash", 500), Posting("freight_income", -499)), "unbalanced"),
        ((Posting("cash", 500),), "unbalanced"),
        ((), "empty"),
        ((Posting("cash", 0), Posting("bank", 0)), "empty"),
        ((Posting("Cash!", 5), Posting("bank", -5)), "not_an_account"),
        ((Posting("cash", 10**16), Posting("bank", -(10**16))), "too_much"),
        ((Posting("receivables", 5), Posting("bank", -5)), "no_party"),
        ((Posting("receivables", 5, "tata"), Posting("bank", -5)), "not_a_party"),
        ((Posting("cash", 1), Posting("bank", -1)) * 501, "too_long"),
    ],
)
def test_everything_else_is_refused(postings: tuple[Posting, ...], code: str) -> None:
    with pytest.raises(BadEntryError) as refused:
        made(*postings)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"id": ""}, "not_an_entry"),
        ({"at_ms": -1}, "not_an_entry"),
        ({"cause": Cause("", "x")}, "no_cause"),
        ({"cause": Cause("x", "")}, "no_cause"),
    ],
)
def test_an_entry_says_what_it_is_and_why(given: dict[str, object], code: str) -> None:
    with pytest.raises(BadEntryError) as refused:
        made(*BOTH, **given)  # type: ignore[arg-type]

    assert refused.value.code == code


def test_a_reversal_gives_back_every_posting() -> None:
    why = Cause("reversal", "entries/e1")

    back = reversal(made(*BOTH), "e2", 2, why)

    assert (back.id, back.at_ms, back.cause) == ("e2", 2, why)
    assert back.postings == (
        Posting("cash", -500),
        Posting("freight_income", 500, "shippers/tata", "B1"),
    )


def test_the_digest_is_over_everything_and_the_substance_over_money_and_cause() -> None:
    one, later = made(*BOTH), made(*BOTH, at_ms=2)

    assert digest(one) != digest(later)
    assert digest(one) == digest(made(*BOTH))
    assert substance(one) == substance(later)
    assert substance(one) != substance(made(*BOTH, cause=Cause("refund", "payments/p1")))


def test_every_role_has_its_kind_and_control_accounts_are_of_the_balance_sheet() -> None:
    assert set(KIND_OF) == set(Role)
    assert {KIND_OF[role] for role in CONTROL} == {Kind.ASSET, Kind.LIABILITY}
    assert {KIND_OF[role] for role in MONEY} == {Kind.ASSET}
