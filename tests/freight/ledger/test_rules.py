"""A chart of accounts: whole, unambiguous, and a tenant's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.policy import defaults
from freight.ledger.accounts import Kind, Role
from freight.ledger.chart import Chart
from freight.ledger.rules import LedgerRules

AS_DELIVERED = defaults().ledger


def rules(**changes: Any) -> LedgerRules:
    return LedgerRules.model_validate(AS_DELIVERED.model_dump() | changes)


def test_every_role_is_in_the_chart_that_is_delivered() -> None:
    chart = Chart.of(AS_DELIVERED)

    assert set(Role) <= set(chart.accounts)
    assert list(chart.accounts)[:2] == ["bank", "cash"]
    assert chart.get("carrier_payables").name == "Sundry Creditors - Transporters"
    assert chart.get("carrier_payables").is_control
    assert chart.get("capital").kind is Kind.EQUITY


def test_a_tenant_adds_and_renames_accounts() -> None:
    own = {
        "bank": {"number": "1011", "name": "HDFC Current Account"},
        "godown_rent": {"number": "5100", "name": "Godown Rent", "kind": "expense"},
    }

    chart = Chart.of(rules(own_accounts=own))

    assert chart.get("bank").name == "HDFC Current Account"
    assert chart.get("bank").kind is Kind.ASSET
    assert chart.get("godown_rent").kind is Kind.EXPENSE


def test_an_account_that_left_the_chart_is_still_shown() -> None:
    gone = Chart.of(AS_DELIVERED).get("godown_rent")

    assert (gone.id, gone.name, gone.kind) == ("godown_rent", "godown_rent", None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chart": {}}, "the chart lacks bank, cancellation_income"),
        ({"own_accounts": {"rent": {"number": "9", "name": "Rent"}}}, "of which kind rent is"),
        (
            {"own_accounts": {"bank": {"number": "1", "name": "B", "kind": "income"}}},
            "bank is an account of asset",
        ),
        (
            {"own_accounts": {"bank": {"number": "1020", "name": "B"}}},
            "two accounts have the number 1020",
        ),
        ({"ageing_days": (30, 30)}, "ageing_days must grow"),
    ],
)
def test_a_chart_that_would_mislead_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        rules(**changes)
