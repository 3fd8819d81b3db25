"""Credit: what a shipper may owe and for how long, and how old what it owes has grown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from freight.payments.rules import CreditRules, CreditTerms
from freight.refusal import Refusal

DAY_MS = 86_400_000


class Owed(msgspec.Struct, frozen=True):
    """What is left to pay of an invoice."""

    invoice: str
    amount_minor: int
    due_ms: int


class Bucket(msgspec.Struct, frozen=True):
    """Overdue for more than so many days, and for at most so many; None: however long."""

    beyond_days: int
    up_to_days: int | None
    amount_minor: int


class Ageing(msgspec.Struct, frozen=True):
    at_ms: int
    not_due_minor: int
    buckets: tuple[Bucket, ...]
    oldest_days: int  # overdue; 0: nothing is

    @property
    def total_minor(self) -> int:
        return self.not_due_minor + sum(one.amount_minor for one in self.buckets)


def ageing(owed: Iterable[Owed], at_ms: int, bucket_days: Sequence[int]) -> Ageing:
    """The day after it was due an invoice is overdue for one day."""
    edges = sorted(bucket_days)
    sums = [0] * (len(edges) + 1)
    not_due_minor, oldest_days = 0, 0
    for one in owed:
        days = overdue_days(one, at_ms)
        if not days:
            not_due_minor += one.amount_minor
            continue
        place = sum(days > edge for edge in edges)
        sums[place] += one.amount_minor
        oldest_days = max(oldest_days, days)
    ends: list[int | None] = [*edges, None]
    buckets = tuple(
        Bucket(beyond, end, total)
        for beyond, end, total in zip([0, *edges], ends, sums, strict=True)
    )
    return Ageing(at_ms, not_due_minor, buckets, oldest_days)


def overdue_days(one: Owed, at_ms: int) -> int:
    """Days begun since it was due."""
    return max(0, -(-(at_ms - one.due_ms) // DAY_MS))


def terms_of(rules: CreditRules, shipper: str) -> CreditTerms:
    return rules.of_shipper.get(shipper, rules.usual)


def refuse_beyond(  # noqa: PLR0917 - who owes what, and wants how much more
    rules: CreditRules,
    shipper: str,
    owed: Sequence[Owed],
    committed_minor: int,
    wanted_minor: int,
    at_ms: int,
) -> None:
    """Whether so much more may be booked on credit, beside what is owed and what is booked on
    credit and not invoiced yet."""
    if not rules.is_checked:
        return
    terms = terms_of(rules, shipper)
    found = ageing(owed, at_ms, rules.bucket_days)
    if found.oldest_days > terms.overdue_days_max:
        says = f"an invoice of {shipper} is overdue for {found.oldest_days} days"
        raise Refusal("credit_overdue", says)
    used_minor = found.total_minor + committed_minor
    if used_minor + wanted_minor > terms.limit_minor:
        left_minor = max(0, terms.limit_minor - used_minor)
        says = f"{left_minor} of {terms.limit_minor} paise of credit are left to {shipper}"
        raise Refusal("credit_limit", says)
