"""A tenant's chart of accounts: what each is called, and what it may be used for."""

from __future__ import annotations

import dataclasses

from freight.ledger.accounts import CONTROL, KIND_OF, MONEY, Kind
from freight.ledger.rules import LedgerRules


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    id: str
    number: str
    name: str
    kind: Kind | None  # None: it has left the chart, and what it was is not known any more

    @property
    def is_control(self) -> bool:
        """Somebody's: each posting names the party."""
        return self.id in CONTROL

    @property
    def is_money(self) -> bool:
        return self.id in MONEY


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    accounts: dict[str, Account]  # by number

    @classmethod
    def of(cls, rules: LedgerRules) -> Chart:
        rows = sorted(rules.accounts().items(), key=lambda item: item[1].number)
        return cls(
            {
                name: Account(name, row.number, row.name, KIND_OF.get(name, row.kind))
                for name, row in rows
            }
        )

    def get(self, account: str) -> Account:
        """Also of one that was posted to and has left the chart."""
        return self.accounts.get(account) or Account(account, "", account, None)

    def place(self, account: str) -> tuple[str, str]:
        """To sort by: what has no number any more comes last."""
        return self.get(account).number or "~", account
