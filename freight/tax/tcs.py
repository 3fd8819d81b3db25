"""Tax collected at source by an operator of a platform from what others sell on it, section 52."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from freight.dated import Dated
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP, ShareBp, Word
from freight.rules import Rules, Who, key


class TcsRules(Rules):
    is_collected: Dated[bool] = key(
        "Whether the tenant collects it: it runs a platform and takes the money for others.",
        who=Who.TENANT,
        live=True,
    )
    rate_bp: Dated[ShareBp] = key("Of the net taxable value, both halves together.", live=True)
    free_modes: frozenset[Word] = key(
        "GST modes of supplies from which nothing is collected: exempt ones, and those that are "
        "the operator's own by section 9(5).",
        live=True,
    )


class Collection(msgspec.Struct, frozen=True):
    net_minor: int
    rate_bp: int
    cgst_minor: int = 0
    sgst_minor: int = 0
    igst_minor: int = 0

    @property
    def tax_minor(self) -> int:
        return self.cgst_minor + self.sgst_minor + self.igst_minor


def net_taxable_minor(
    rules: TcsRules, supplied: Mapping[str, int], returned: Mapping[str, int]
) -> int:
    """Taxable supplies of a month by GST mode less what was taken back; never below nothing."""
    net = sum(amount for mode, amount in supplied.items() if mode not in rules.free_modes)
    net -= sum(amount for mode, amount in returned.items() if mode not in rules.free_modes)
    return max(net, 0)


def collect(rules: TcsRules, net_minor: int, day: date, *, is_inter_state: bool) -> Collection:
    """The halves are each computed at half the rate, so that they are always equal."""
    if not rules.is_collected.at(day):
        return Collection(net_minor, 0)
    rate_bp = rules.rate_bp.at(day)
    if is_inter_state:
        whole = rounded(net_minor * rate_bp, WHOLE_BP)
        return Collection(net_minor, rate_bp, igst_minor=whole)
    half = rounded(net_minor * rate_bp, 2 * WHOLE_BP)
    return Collection(net_minor, rate_bp, cgst_minor=half, sgst_minor=half)
