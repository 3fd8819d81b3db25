"""Lines of a document and what they come to: each tax by line in whole paise, one rounding off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from freight.invoices.documents import Detail, DocumentLine, Draft, Head, Tax
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.pricing.gst import GstRules, TaxPart
from freight.tax.supply import line_tax, whole_rupees
from freight.tax.words import in_english, in_hindi

TAXES = ("cgst", "sgst", "utgst", "igst")


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is charged for, without tax; negative: taken off."""

    head: Head
    description: str
    amount_minor: int
    quantity: str | None = None
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True)
class Totals:
    taxes: tuple[Tax, ...]
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    reverse_charge_minor: int


def line_of(rules: GstRules, part: TaxPart, nr: int, charge: Charge) -> DocumentLine:
    taxes = line_tax(rules, part, charge.amount_minor)
    line = DocumentLine(
        nr=nr,
        head=charge.head,
        description=charge.description,
        sac=part.sac,
        taxable_minor=charge.amount_minor,
        mode=part.mode,
        rate_bp=part.rate_bp,
        quantity=charge.quantity,
        details=charge.details,
    )
    amounts = {name: getattr(taxes, name) for name in taxes.__struct_fields__}
    if part.is_reverse_charge:
        return msgspec.structs.replace(line, reverse_charge_minor=sum(amounts.values()))
    return msgspec.structs.replace(line, **amounts)


def part_of_line(
    of: DocumentLine, taxable_minor: int, document: Draft, left: DocumentLine
) -> DocumentLine:
    """So much of a line that stands on another document; never more tax than is left of it."""
    other = "utgst" if any(tax.name == "utgst" for tax in document.taxes) else "sgst"
    names = ("igst",) if document.is_inter_state else ("cgst", other)
    each = rounded(taxable_minor * of.rate_bp, len(names) * WHOLE_BP)
    amounts: dict[str, int] = {}
    if document.is_reverse_charge:
        whole = each * len(names)
        amounts["reverse_charge_minor"] = min(whole, left.reverse_charge_minor)
    else:
        for name in names:
            amounts[f"{name}_minor"] = min(each, getattr(left, f"{name}_minor"))
    return msgspec.structs.replace(
        of,
        **{f"{name}_minor": 0 for name in TAXES} | {"reverse_charge_minor": 0} | amounts,
        taxable_minor=taxable_minor,
        details=(),
    )


def totals_of(lines: Sequence[DocumentLine], round_to_minor: int) -> Totals:
    taxable = sum(line.taxable_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    before = taxable + tax
    total = whole_rupees(before, round_to_minor)
    return Totals(
        taxes=_taxes_of(lines),
        taxable_minor=taxable,
        tax_minor=tax,
        round_off_minor=total - before,
        total_minor=total,
        reverse_charge_minor=sum(line.reverse_charge_minor for line in lines),
    )


def with_total(lines: Sequence[DocumentLine], total_minor: int) -> Totals:
    """What is missing to a sum that is given, or too much for it, is rounding."""
    found = totals_of(lines, 1)
    off = total_minor - found.total_minor
    return Totals(
        taxes=found.taxes,
        taxable_minor=found.taxable_minor,
        tax_minor=found.tax_minor,
        round_off_minor=off,
        total_minor=total_minor,
        reverse_charge_minor=found.reverse_charge_minor,
    )


def summed(draft: Draft, lines: Sequence[DocumentLine], totals: Totals) -> Draft:
    """The draft with its lines, what they come to, and that in words."""
    return msgspec.structs.replace(
        draft,
        lines=tuple(lines),
        taxes=totals.taxes,
        taxable_minor=totals.taxable_minor,
        tax_minor=totals.tax_minor,
        round_off_minor=totals.round_off_minor,
        total_minor=totals.total_minor,
        reverse_charge_minor=totals.reverse_charge_minor,
        words_en=in_english(totals.total_minor),
        words_hi=in_hindi(totals.total_minor),
    )


def _taxes_of(lines: Sequence[DocumentLine]) -> tuple[Tax, ...]:
    """By name and rate, in a fixed order."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for line in lines:
        for name in TAXES:
            amount = getattr(line, f"{name}_minor")
            if amount:
                taxable, so_far = sums.get((name, line.rate_bp), (0, 0))
                sums[name, line.rate_bp] = taxable + line.taxable_minor, so_far + amount
    return tuple(
        Tax(name, rate_bp, *sums[name, rate_bp])
        for name, rate_bp in sorted(sums, key=lambda one: (one[1], TAXES.index(one[0])))
    )
