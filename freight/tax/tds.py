"""Tax deducted at source from what carriers are paid: which section, on how much, at which rate."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field, model_validator

from freight.dated import Dated
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP, Paise, ShareBp
from freight.rules import Rules, Who, key
from freight.tax.calendar import year_begun


class Payer(StrEnum):
    """As what the tenant pays carriers: one section goes before the other, never both."""

    CONTRACT = "contract"  # it contracted them: old 194C
    ECOMMERCE = "ecommerce"  # it runs the platform on which they sell: old 194-O


class Nature(StrEnum):
    CONTRACT_INDIVIDUAL = "contract_individual"
    CONTRACT_OTHER = "contract_other"
    ECOMMERCE_INDIVIDUAL = "ecommerce_individual"
    ECOMMERCE_OTHER = "ecommerce_other"


class Why(StrEnum):
    """What decided whether anything was deducted."""

    DECLARED = "declared"  # a transporter with few trucks, by its declaration
    BELOW = "below"  # no threshold was passed
    SINGLE = "single"  # this payment alone passes one
    YEAR = "year"  # the year's payments together do
    ALWAYS = "always"  # there is no threshold for this payee


class TdsRate(Rules):
    code: str = Field(description="as challans and statements name it")
    section: str = Field(description="of the Act that holds")
    rate_bp: ShareBp
    no_pan_bp: ShareBp = Field(description="from a payee whose PAN is not known")
    single_above_minor: Paise | None = Field(
        default=None, description="a payment of more is deducted from, whatever the year's sum"
    )
    year_above_minor: Paise | None = Field(
        default=None, description="once the year's payments are more, from all of them"
    )
    threshold_needs_pan: bool = Field(
        default=False, description="without a PAN there is no threshold"
    )


class TransporterExemption(Rules):
    trucks_max: Annotated[int, Field(ge=0)] = Field(
        description="who owned more at any time in the year is not exempt from then on"
    )


class TdsRules(Rules):
    pays_as: Dated[Payer] = key(
        "Whether carriers are paid as contractors or as sellers on the tenant's platform.",
        who=Who.TENANT,
        live=True,
    )
    rates: dict[Nature, Dated[TdsRate]] = key(
        "Codes, rates and thresholds by law, by who pays and who is paid.", live=True
    )
    exemption: Dated[TransporterExemption] = key(
        "For transporters with a declaration and a PAN, paid as contractors.", live=True
    )
    individual_holders: frozenset[str] = key(
        "Fourth letters of the PANs of those who count as individuals.", live=True
    )
    exempt_sums_count: bool = key(
        "Whether what was paid while a declaration held counts towards the year's threshold.",
        who=Who.TENANT,
        live=True,
    )
    round_to_minor: Annotated[int, Field(gt=0, le=1000)] = key(
        "Tax is deducted in whole multiples of this.", live=True
    )

    @model_validator(mode="after")
    def _every_nature_has_a_rate(self) -> TdsRules:
        lacking = sorted(set(Nature) - self.rates.keys())
        if lacking:
            raise ValueError(f"there is no rate for {lacking[0]}")
        return self


class Declaration(msgspec.Struct, frozen=True):
    """What a transporter declared for one financial year."""

    year: int  # in which the financial year began
    declared_on: date
    trucks_owned: int  # the most at any time of that year, as far as it is known
    exceeded_on: date | None = None  # since when they are too many; None: not known or never


class Payee(msgspec.Struct, frozen=True):
    """A carrier as income tax sees it."""

    party: str
    pan: str | None = None
    is_individual: bool | None = None  # None: as the PAN says
    declarations: tuple[Declaration, ...] = ()


class Year(msgspec.Struct, frozen=True):
    """What one payee was paid in a financial year so far, without GST."""

    paid_minor: int = 0
    exempt_minor: int = 0  # of it, while a declaration held
    taxed_minor: int = 0  # of it, deducted from
    deducted_minor: int = 0


class Deduction(msgspec.Struct, frozen=True):
    """What is deducted from one payment, and why; `base_minor` may hold earlier payments too."""

    nature: Nature
    code: str
    section: str
    why: Why
    amount_minor: int  # of the payment, without GST
    base_minor: int
    rate_bp: int
    tax_minor: int
    after: Year


def deduct(rules: TdsRules, payee: Payee, year: Year, amount_minor: int, day: date) -> Deduction:
    """`amount_minor` is without the GST that the payee's bill shows; `day` is that of crediting or
    paying, whichever comes first, and `year` the financial year's before it."""
    if amount_minor < 0:
        raise ValueError("tax is deducted from payments, not from what is paid back")
    payer = rules.pays_as.at(day)
    nature = _nature(rules, payer, payee)
    rate = rules.rates[nature].at(day)
    why, base_minor = _base(rules, rate, payer, payee, year, amount_minor, day)
    rate_bp = rate.rate_bp if payee.pan else max(rate.rate_bp, rate.no_pan_bp)
    to = rules.round_to_minor
    tax_minor = rounded(base_minor * rate_bp, WHOLE_BP * to) * to
    return Deduction(
        nature=nature,
        code=rate.code,
        section=rate.section,
        why=why,
        amount_minor=amount_minor,
        base_minor=base_minor,
        rate_bp=rate_bp,
        tax_minor=tax_minor,
        after=Year(
            paid_minor=year.paid_minor + amount_minor,
            exempt_minor=year.exempt_minor + (amount_minor if why is Why.DECLARED else 0),
            taxed_minor=year.taxed_minor + base_minor,
            deducted_minor=year.deducted_minor + tax_minor,
        ),
    )


def is_exempt(rules: TdsRules, payee: Payee, day: date) -> bool:
    """By a declaration with PAN for the day's financial year, while its trucks are few enough."""
    if payee.pan is None:
        return False
    trucks_max = rules.exemption.at(day).trucks_max
    for one in payee.declarations:
        if one.year == year_begun(day) and one.declared_on <= day:
            if one.trucks_owned <= trucks_max:
                return True
            return one.exceeded_on is not None and day < one.exceeded_on
    return False


def _nature(rules: TdsRules, payer: Payer, payee: Payee) -> Nature:
    individual = payee.is_individual
    if individual is None:
        individual = payee.pan is not None and payee.pan[3] in rules.individual_holders
    if payer is Payer.ECOMMERCE:
        return Nature.ECOMMERCE_INDIVIDUAL if individual else Nature.ECOMMERCE_OTHER
    return Nature.CONTRACT_INDIVIDUAL if individual else Nature.CONTRACT_OTHER


def _base(  # noqa: PLR0917 - all of it decides
    rules: TdsRules,
    rate: TdsRate,
    payer: Payer,
    payee: Payee,
    year: Year,
    amount_minor: int,
    day: date,
) -> tuple[Why, int]:
    """What of the payment, and of those before it that nothing was deducted from, is taxed."""
    if payer is Payer.CONTRACT and is_exempt(rules, payee, day):
        return Why.DECLARED, 0
    untaxed = max(year.paid_minor - year.exempt_minor - year.taxed_minor, 0)
    has_threshold = rate.single_above_minor is not None or rate.year_above_minor is not None
    if not has_threshold or (rate.threshold_needs_pan and payee.pan is None):
        return Why.ALWAYS, untaxed + amount_minor
    counted = year.paid_minor + amount_minor
    if not rules.exempt_sums_count:
        counted -= year.exempt_minor
    if rate.year_above_minor is not None and counted > rate.year_above_minor:
        return Why.YEAR, untaxed + amount_minor
    if rate.single_above_minor is not None and amount_minor > rate.single_above_minor:
        return Why.SINGLE, amount_minor
    return Why.BELOW, 0
