"""Tax collected at source by an operator of a platform from what others sell on it, section 52."""

from __future__ import annotations

from collections.abc import Iterable
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


class Sold(msgspec.Struct, frozen=True):
    """What one carrier sold on the platform in a month, without GST."""

    carrier: str
    gstin: str | None
    supplied_minor: int
    returned_minor: int = 0


class Collected(msgspec.Struct, frozen=True):
    """A row of the month's statement."""

    carrier: str
    gstin: str
    supplied_minor: int
    returned_minor: int
    net_minor: int
    rate_bp: int
    cgst_minor: int
    sgst_minor: int
    igst_minor: int


def statement(
    rules: TcsRules, sold: Iterable[Sold], mode: str, state: str, day: date
) -> list[Collected]:
    """Of sellers that are registered, each by what remains of its supplies; the tenant's own
    registration is in `state`, and `mode` is how what they sell is taxed."""
    if mode in rules.free_modes or not rules.is_collected.at(day):
        return []
    found = []
    for one in sold:
        if one.gstin is not None:
            net_minor = max(one.supplied_minor - one.returned_minor, 0)
            made = collect(rules, net_minor, day, is_inter_state=one.gstin[:2] != state)
            taxes = (made.rate_bp, made.cgst_minor, made.sgst_minor, made.igst_minor)
            of = (one.carrier, one.gstin, one.supplied_minor, one.returned_minor, net_minor)
            found.append(Collected(*of, *taxes))
    return found


def collect(rules: TcsRules, net_minor: int, day: date, *, is_inter_state: bool) -> Collection:
    """The halves are each computed at half the rate, so that they are always equal."""
    rate_bp = rules.rate_bp.at(day)
    if is_inter_state:
        whole = rounded(net_minor * rate_bp, WHOLE_BP)
        return Collection(net_minor, rate_bp, igst_minor=whole)
    half = rounded(net_minor * rate_bp, 2 * WHOLE_BP)
    return Collection(net_minor, rate_bp, cgst_minor=half, sgst_minor=half)
