"""The books as a tenant may set them: its chart of accounts, and how old a debt is called what."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from freight.ledger.accounts import ACCOUNT, KIND_OF, Kind
from freight.rules import Rules, Who, key

Number = Annotated[str, Field(pattern=r"^[0-9]{1,12}$")]
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
AccountKey = Annotated[str, Field(pattern=f"^{ACCOUNT.pattern}$")]
Days = Annotated[int, Field(gt=0, le=3650)]


class AccountRow(Rules):
    number: Number
    name: Name
    # Only for accounts that the product does not post to: of those it does, it knows.
    kind: Kind | None = None


class LedgerRules(Rules):
    chart: dict[AccountKey, AccountRow] = key(
        "Number and name of every account; kind for those that only people post to.",
        who=Who.TENANT,
        live=True,
    )
    own_accounts: dict[AccountKey, AccountRow] = key(
        "More accounts, or other numbers and names for some of the chart.",
        who=Who.TENANT,
        live=True,
    )
    ageing_days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=12)] = key(
        "Where the columns of the ageing end, in days; the last column has no end.",
        who=Who.TENANT,
        live=True,
    )
    manual_lines_max: Annotated[int, Field(ge=2, le=1000)] = key(
        "Postings of one entry that a person writes.", who=Who.OPERATOR, live=True
    )
    report_rows_max: Annotated[int, Field(gt=0)] = key(
        "Rows of one report or file; who wants more asks for a shorter time.",
        who=Who.OPERATOR,
        live=True,
    )
    periods_max: Annotated[int, Field(gt=0)] = key(
        "Months or days that one report of revenue compares.", who=Who.OPERATOR, live=True
    )
    sums_entries_at_once: Annotated[int, Field(gt=0)] = key(
        "Entries that are taken into the sums, and sealed, in one transaction.",
        who=Who.INSTALLATION,
        live=True,
    )
    proof_entries_at_once: Annotated[int, Field(gt=0)] = key(
        "Entries that one request for proof reads at most; the next goes on from there.",
        who=Who.OPERATOR,
        live=True,
    )

    def accounts(self) -> dict[str, AccountRow]:
        return {**self.chart, **self.own_accounts}

    @model_validator(mode="after")
    def _a_whole_chart(self) -> LedgerRules:
        accounts = self.accounts()
        lacking = sorted(set(KIND_OF) - set(accounts))
        if lacking:
            raise ValueError(f"the chart lacks {', '.join(lacking)}")
        for name, row in accounts.items():
            if name not in KIND_OF and row.kind is None:
                raise ValueError(f"say of which kind {name} is")
            if name in KIND_OF and row.kind not in {None, KIND_OF[name]}:
                raise ValueError(f"{name} is an account of {KIND_OF[name]}")
        numbers = [row.number for row in accounts.values()]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"two accounts have the number {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _ascending(self) -> LedgerRules:
        if any(earlier >= later for earlier, later in pairwise(self.ageing_days)):
            raise ValueError("ageing_days must grow")
        return self
