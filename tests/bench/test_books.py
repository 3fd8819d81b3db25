"""`bench books` in small: a month of bookings in which everything comes up, and its books agree."""

from __future__ import annotations

import argparse
from collections import Counter

import pytest

from bench import books
from bench.books_month import CANCELLED, START_MS, Way, month
from freight.fleet.identifiers import gstin_fault, pan_fault


def test_the_same_seed_is_the_same_month_and_everything_comes_up_in_it() -> None:
    made = month(200, 7)

    assert month(200, 7) == made
    assert {plan.way for plan in made.plans} == set(Way)
    assert sum(plan.ending in CANCELLED for plan in made.plans) > 10
    steps = Counter(step for plan in made.plans for _, step in plan.steps)
    assert steps["deliver"] + steps["cancel"] == 200
    for plan in made.plans:
        times = [at_ms for at_ms, _ in plan.steps]
        assert times == sorted(times)
        assert times[0] >= START_MS
    for shipper in made.shippers:
        assert shipper.gstin is None or gstin_fault(shipper.gstin) is None
    for carrier in made.carriers:
        assert carrier.pan is None or pan_fault(carrier.pan) is None


@pytest.mark.postgres
def test_the_books_of_a_small_month_agree() -> None:
    parser = argparse.ArgumentParser()
    books.options(parser)
    asked = ["--bookings", "40", "--carriers-fee-bp", "0"]

    told = books.run(parser.parse_args(asked)).as_json()

    assert told["missed"] == []
    figures = told["figures"]
    assert figures["bookings"] == 40
    for name in ("tax_invoice", "bill_of_supply", "receipt_voucher", "credit_note"):
        assert figures[name] > 0
    assert figures["lines at 1200 bp"] > 0
    assert figures["lines at 1800 bp"] > 0
    assert figures["payouts processed"] > 10
