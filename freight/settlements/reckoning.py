"""What is reckoned anew at each proposal: the platform's fee with its GST, and tax deducted."""

from __future__ import annotations

from datetime import date

from freight.dated import NotInForceError
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.settlements.rules import SettlementRules
from freight.settlements.state import EARNED, Head, Line, Settlement, Source
from freight.tax.supply import LineTax
from freight.tax.tds import Deduction

# What was paid by the carrier for others is no pay for carrying.
SPENT = frozenset({Head.TOLL})


def fee_minor(state: Settlement, rules: SettlementRules, day: date) -> int:
    """Of the freight; what was credited before bears none back."""
    freight_minor = max(state.sum_of(frozenset({Head.FREIGHT})), 0)
    return rounded(freight_minor * fee_bp(rules, day), WHOLE_BP)


def fee_bp(rules: SettlementRules, day: date) -> int:
    try:
        return rules.platform_fee_bp.at(day)
    except NotInForceError:
        return 0


def credited_minor(state: Settlement) -> int:
    """What tax is deducted from: all that the carrier earned, advances on it included, before
    what it answers for is taken off."""
    return max(state.sum_of(EARNED - SPENT), 0)


def reckoned(
    fee: int, rate_bp: int, fee_tax: LineTax, deduction: Deduction | None
) -> tuple[Line, ...]:
    """Lines of nothing are left out; their order is fixed, so that equal sums are equal lines."""
    lines = [_taken(Head.PLATFORM_FEE, fee, base_minor=None, rate_bp=rate_bp)]
    for head, amount_minor in (
        (Head.CGST, fee_tax.cgst_minor),
        (Head.SGST, fee_tax.sgst_minor),
        (Head.UTGST, fee_tax.utgst_minor),
        (Head.IGST, fee_tax.igst_minor),
    ):
        lines.append(_taken(head, amount_minor, base_minor=fee, rate_bp=None))
    if deduction is not None:
        lines.append(
            _taken(
                Head.TDS,
                deduction.tax_minor,
                base_minor=deduction.base_minor,
                rate_bp=deduction.rate_bp,
                code=deduction.code,
                memo=f"{deduction.section}: {deduction.why}",
            )
        )
    return tuple(line for line in lines if line.amount_minor)


def _taken(
    head: Head,
    amount_minor: int,
    *,
    base_minor: int | None,
    rate_bp: int | None,
    code: str | None = None,
    memo: str = "",
) -> Line:
    return Line(
        id=f"reckoned/{head}",
        head=head,
        amount_minor=-amount_minor,
        source=Source.PROPOSAL,
        memo=memo,
        base_minor=base_minor,
        rate_bp=rate_bp,
        code=code,
    )
