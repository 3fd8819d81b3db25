"""What may be owed, and how old it is."""

from __future__ import annotations

import pytest

from config.policy import defaults
from freight.payments.credit import DAY_MS, Ageing, Bucket, Owed, ageing, refuse_beyond
from freight.payments.rules import CreditTerms
from freight.refusal import Refusal

NOW_MS = 1_000 * DAY_MS
RULES = defaults().payments.credit.model_copy(
    update={
        "usual": CreditTerms(limit_minor=1000, days=30, overdue_days_max=15),
        "of_shipper": {"tata": CreditTerms(limit_minor=5000, days=45, overdue_days_max=60)},
    }
)


def owed(amount_minor: int, overdue_days: float) -> Owed:
    return Owed("INV-1", amount_minor, NOW_MS - round(overdue_days * DAY_MS))


def test_an_invoice_ages_from_the_day_it_was_due() -> None:
    given = [owed(1, -5), owed(2, 0), owed(4, 0.1), owed(8, 30), owed(16, 30.1), owed(32, 91)]

    assert ageing(given, NOW_MS, (30, 60, 90)) == Ageing(
        at_ms=NOW_MS,
        not_due_minor=3,
        buckets=(Bucket(0, 30, 12), Bucket(30, 60, 16), Bucket(60, 90, 0), Bucket(90, None, 32)),
        oldest_days=91,
    )


@pytest.mark.parametrize(
    ("shipper", "due", "committed", "wanted", "code"),
    [
        ("birla", [], 0, 1000, None),
        ("birla", [], 0, 1001, "credit_limit"),
        ("birla", [owed(400, -1)], 300, 300, None),
        ("birla", [owed(400, -1)], 300, 301, "credit_limit"),
        ("birla", [owed(1, 15)], 0, 1, None),
        ("birla", [owed(1, 15.5)], 0, 1, "credit_overdue"),
        ("tata", [owed(1, 15.5)], 0, 4999, None),
        ("tata", [owed(1, 61)], 0, 1, "credit_overdue"),
    ],
)
def test_credit_ends_with_the_limit_and_with_what_is_overdue(
    shipper: str, due: list[Owed], committed: int, wanted: int, code: str | None
) -> None:
    if code is None:
        refuse_beyond(RULES, shipper, due, committed, wanted, NOW_MS)
        return
    with pytest.raises(Refusal) as refused:
        refuse_beyond(RULES, shipper, due, committed, wanted, NOW_MS)
    assert refused.value.code == code


def test_who_does_not_check_refuses_nobody() -> None:
    unchecked = RULES.model_copy(update={"is_checked": False})

    refuse_beyond(unchecked, "birla", [owed(10_000, 400)], 0, 10_000, NOW_MS)
