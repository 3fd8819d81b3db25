"""Tax deducted from carriers: years of payments, each worked by hand in rupees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.tax.tds import (
    Declaration,
    Deduction,
    Payee,
    Payer,
    TdsRules,
    Why,
    Year,
    deduct,
    is_exempt,
)

RULES = defaults().tax.tds
PERSON, FAMILY, COMPANY, FIRM = "ABCPK1234L", "ABCHK1234L", "AAGCB7383J", "AAPFU0939F"
OLD, NEW = date(2026, 3, 31), date(2026, 4, 1)
DAY = date(2026, 11, 21)


def rules(**changes: Any) -> TdsRules:
    return TdsRules.model_validate(RULES.model_dump() | changes)


def paying_as(payer: Payer) -> TdsRules:
    return rules(pays_as=[{"valid_from": date(2015, 1, 1), "value": payer}])


def declared(trucks: int, exceeded: date | None = None, *, year: int = 2026) -> Declaration:
    return Declaration(year, date(year, 4, 5), trucks, exceeded)


@dataclass(frozen=True)
class Case:
    """Payments in whole rupees, and what is deducted from each."""

    name: str
    payments: list[int]
    deducted: list[int]
    pan: str | None = COMPANY
    days: list[date] = field(default_factory=list)
    code: str = "1024"
    why: list[Why] = field(default_factory=list)
    rules: TdsRules = RULES
    declarations: tuple[Declaration, ...] = ()
    is_individual: bool | None = None


BELOW, SINGLE, YEAR, ALWAYS, DECLARED = Why.BELOW, Why.SINGLE, Why.YEAR, Why.ALWAYS, Why.DECLARED
CASES = [
    Case("nothing up to 30,000 at once", [30_000], [0], why=[BELOW]),
    # 2 % of 30,001 = 600.02, in whole rupees 600
    Case("strictly more than 30,000 at once", [30_001], [600], why=[SINGLE]),
    # 2 % of 40,000; the 20,000 before stay untaxed while the year is below a lakh
    Case("a single one leaves those before alone", [20_000, 40_000], [0, 800], why=[BELOW, SINGLE]),
    Case("exactly a lakh in the year", [25_000] * 4, [0, 0, 0, 0]),
    # the fifth takes the year to 1,00,001: 2 % of all of it = 2,000.02
    Case("a rupee more than a lakh: all of it", [25_000] * 4 + [1], [0] * 4 + [2_000]),
    # 30,000 x 4 = 1,20,000 at 2 %, then each by itself
    Case(
        "once over the lakh, each",
        [30_000, 30_000, 30_000, 30_000, 5_000],
        [0, 0, 0, 2_400, 100],
        why=[BELOW, BELOW, BELOW, YEAR, YEAR],
    ),
    # 40,000 is taxed at once: 800. Then 20,000 + 45,000 = 1,05,000 with it: 2 % of 65,000
    Case(
        "what was taxed already is not taxed again",
        [40_000, 20_000, 45_000],
        [800, 0, 1_300],
        why=[SINGLE, BELOW, YEAR],
    ),
    Case("a person: 1 %", [50_000], [500], PERSON, code="1023"),
    Case("a family: 1 %", [50_000], [500], FAMILY, code="1023"),
    Case("a firm: 2 %", [50_000], [1_000], FIRM),
    Case("said to be a person whatever the PAN", [50_000], [500], is_individual=True, code="1023"),
    Case("no PAN: 20 %", [50_000], [10_000], None),
    Case("no PAN, below the thresholds: nothing", [30_000], [0], None),
    Case("no PAN, the year's threshold: 20 % of all", [30_000] * 4, [0, 0, 0, 24_000], None),
    Case("no PAN: a declaration helps not", [50_000], [10_000], None, declarations=(declared(3),)),
    Case("old Act, the day before", [50_000], [1_000], days=[OLD], code="194C"),
    Case("new Act, its first day", [50_000], [1_000], days=[NEW], code="1024"),
    Case("old Act, a person", [50_000], [500], PERSON, days=[OLD], code="194C"),
    # 1 % of 33,333 = 333.33; of 33,350 = 333.50, half a rupee goes up
    Case("whole rupees, down", [33_333], [333], PERSON, code="1023"),
    Case("whole rupees, halves up", [33_350], [334], PERSON, code="1023"),
    Case("nothing from nothing", [0], [0]),
    Case(
        "ten trucks and a declaration",
        [90_000, 90_000],
        [0, 0],
        declarations=(declared(10),),
        why=[DECLARED, DECLARED],
    ),
    Case("eleven trucks", [50_000], [1_000], declarations=(declared(11),), why=[SINGLE]),
    Case(
        "a declaration of the year before",
        [50_000],
        [1_000],
        declarations=(declared(3, year=2025),),
    ),
    # declared on 5 April; before that there is none
    Case(
        "from the day of the declaration",
        [50_000, 50_000],
        [1_000, 0],
        days=[date(2026, 4, 4), date(2026, 4, 5)],
        declarations=(declared(3),),
        why=[SINGLE, DECLARED],
    ),
    # the eleventh truck on 1 September: from then on, and the 90,000 of before stay untaxed;
    # they count, so the year is over a lakh
    Case(
        "the eleventh truck within the year",
        [90_000, 20_000, 5_000],
        [0, 400, 100],
        days=[date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)],
        declarations=(declared(11, date(2026, 9, 1)),),
        why=[DECLARED, YEAR, YEAR],
    ),
    # read the other way: what was exempt does not count, so 20,000 is below everything
    Case(
        "exempt sums that do not count",
        [90_000, 20_000, 85_000],
        [0, 0, 2_100],
        days=[date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)],
        rules=rules(exempt_sums_count=False),
        declarations=(declared(11, date(2026, 9, 1)),),
        why=[DECLARED, BELOW, YEAR],
    ),
    # 194-O: 0.1 % of all from companies, from the first rupee
    Case(
        "a platform pays a company",
        [50_000, 10_000],
        [50, 10],
        code="1035",
        rules=paying_as(Payer.ECOMMERCE),
        why=[ALWAYS, ALWAYS],
    ),
    # a person: nothing up to five lakh, then of all: 0.1 % of 5,50,000
    Case(
        "a platform pays a person",
        [500_000, 50_000],
        [0, 550],
        PERSON,
        code="1035",
        rules=paying_as(Payer.ECOMMERCE),
        why=[BELOW, YEAR],
    ),
    Case(
        "a platform, no PAN: 5 % from the first rupee",
        [10_000],
        [500],
        None,
        code="1035",
        rules=paying_as(Payer.ECOMMERCE),
    ),
    Case(
        "a platform, a person without a PAN: no threshold",
        [10_000],
        [500],
        None,
        code="1035",
        rules=paying_as(Payer.ECOMMERCE),
        is_individual=True,
    ),
    Case(
        "a platform deducts nothing as a contractor: no declaration counts",
        [50_000],
        [50],
        code="1035",
        rules=paying_as(Payer.ECOMMERCE),
        declarations=(declared(3),),
    ),
    Case(
        "a platform, the day before the rate fell: 1 %",
        [50_000],
        [500],
        days=[date(2024, 9, 30)],
        code="194O",
        rules=paying_as(Payer.ECOMMERCE),
    ),
    Case(
        "a platform, the day it fell: 0.1 %",
        [50_000],
        [50],
        days=[date(2024, 10, 1)],
        code="194O",
        rules=paying_as(Payer.ECOMMERCE),
    ),
]


def paid(case: Case) -> list[Deduction]:
    payee = Payee("carriers/k1", case.pan, case.is_individual, case.declarations)
    year, made = Year(), []
    for nr, rupees in enumerate(case.payments):
        day = case.days[nr] if case.days else DAY
        made.append(deduct(case.rules, payee, year, rupees * 100, day))
        year = made[-1].after
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_year_of_payments(case: Case) -> None:
    made = paid(case)

    assert [one.tax_minor / 100 for one in made] == case.deducted
    assert made[-1].code == case.code
    if case.why:
        assert [one.why for one in made] == case.why
    assert made[-1].after.deducted_minor == 100 * sum(case.deducted)


def test_the_new_year_begins_with_nothing_paid() -> None:
    """The Act changes with the year, so no sum is carried from one into the other."""
    payee = Payee("carriers/k1", COMPANY)
    before = deduct(RULES, payee, Year(paid_minor=90_000_00), 20_000_00, OLD)
    after = deduct(RULES, payee, Year(), 20_000_00, NEW)

    assert (before.tax_minor, before.section) == (2_200_00, "194C")
    assert (after.tax_minor, after.section) == (0, "393(1) Sl. 6(i)")


def test_what_is_paid_back_is_no_payment() -> None:
    with pytest.raises(ValueError, match="paid back"):
        deduct(RULES, Payee("carriers/k1", COMPANY), Year(), -1, DAY)


def test_trucks_that_became_too_many_stay_so() -> None:
    many = Payee("carriers/k1", COMPANY, declarations=(declared(11, date(2026, 9, 1)),))

    assert is_exempt(RULES, many, date(2026, 8, 31))
    assert not is_exempt(RULES, many, date(2026, 9, 1))
    assert not is_exempt(RULES, many, date(2027, 3, 31))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 200_000_00), max_size=12), st.sampled_from([PERSON, COMPANY, None]))
def test_no_paisa_is_taxed_twice_and_none_is_missed_above_the_threshold(
    payments: list[int], pan: str | None
) -> None:
    year = Year()
    for amount in payments:
        made = deduct(RULES, Payee("carriers/k1", pan), year, amount, DAY)
        assert made.base_minor >= 0
        year = made.after
    assert year.paid_minor == sum(payments)
    assert year.taxed_minor <= year.paid_minor
    if year.paid_minor > 100_000_00:
        last = [amount for amount in payments if amount]
        assert year.taxed_minor == year.paid_minor or not last
