"""Payments as tests tell them: commands in, state and entries out."""

from __future__ import annotations

from collections.abc import Iterable

from config.policy import defaults
from freight.ledger.entries import Entry
from freight.payments import commands as asked
from freight.payments.commands import Command
from freight.payments.decide import decide
from freight.payments.evolve import replayed
from freight.payments.postings import new_entries
from freight.payments.seen import RefundState, SeenPayment, SeenRefund, SeenState
from freight.payments.state import Method, Payment

RULES = defaults().payments
NOW_MS = 1_790_000_000_000
AMOUNT = 100_000
WHO = "user:u1"


class Story:
    """One payment from its demand on; what was posted is kept as the books keep it: by id."""

    def __init__(self, **changes: object) -> None:
        self.payment: Payment | None = None
        self.posted: dict[str, Entry] = {}
        self.now_ms = NOW_MS
        wanted = {
            "id": "pay-1",
            "by": WHO,
            "method": Method.UPI,
            "amount_minor": AMOUNT,
            "booking": "bk-1",
            "shipper": "s1",
            **changes,
        }
        self.take(asked.Demand(**wanted))  # type: ignore[arg-type]

    @property
    def now(self) -> Payment:
        assert self.payment is not None
        return self.payment

    def take(self, command: Command) -> Payment:
        before = self.payment
        after = replayed(decide(before, command, RULES, self.now_ms), before)
        assert after is not None
        for entry in new_entries(before, after):
            assert entry.id not in self.posted, "posted twice"
            self.posted[entry.id] = entry
        self.payment = after
        return after

    def saw(self, *seen: SeenPayment | SeenRefund) -> Payment:
        for one in seen:
            self.take(asked.Observe(one, "webhook"))
        return self.now

    def refund(self, amount_minor: int | None = None, name: str = "rf-12345678") -> Payment:
        return self.take(asked.Refund(id=name, amount_minor=amount_minor, by=WHO))

    def balances(self) -> dict[str, int]:
        return balances_of(self.posted.values())


def balances_of(entries: Iterable[Entry]) -> dict[str, int]:
    """By account; what comes to nothing is left out."""
    sums: dict[str, int] = {}
    for entry in entries:
        for posting in entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount_minor
    return {account: total for account, total in sums.items() if total}


def attempt(
    state: SeenState,
    name: str = "pay_A",
    *,
    amount_minor: int = AMOUNT,
    refunded_minor: int = 0,
    at: int = 0,
) -> SeenPayment:
    return SeenPayment(
        id=name,
        order="order_1",
        amount_minor=amount_minor,
        state=state,
        created_ms=NOW_MS + at,
        refunded_minor=refunded_minor,
        failure="bank says no" if state is SeenState.FAILED else None,
        fee_minor=236 if state is SeenState.CAPTURED else None,
    )


def giving_back(
    state: RefundState,
    *,
    receipt: str | None,
    name: str = "rfnd_1",
    of: str = "pay_A",
    amount_minor: int = AMOUNT,
) -> SeenRefund:
    return SeenRefund(
        id=name,
        payment=of,
        amount_minor=amount_minor,
        state=state,
        created_ms=NOW_MS + 10,
        receipt=receipt,
    )
