"""What GST a line of a document bears: the modes of pricing, asked for one registration and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec

from freight.money import rounded
from freight.pricing import gst
from freight.pricing.amounts import WHOLE_BP
from freight.pricing.gst import GstRules, Recipient, TaxPart


@dataclass(frozen=True)
class Supply:
    """A supply of freight, as far as tax asks. The rates are those of `day`, see calendar."""

    recipient: Recipient
    supplier_state: str  # of the registration that supplies
    handed_over_in: str | None  # where the goods are
    material: str
    day: date
    # None: the mode follows from the recipient, the goods and the tenant's rules.
    mode: str | None = None
    # Whoever writes none for a carriage is no agency for it: the mode that holds then.
    without_note_mode: str | None = None


class LineTax(msgspec.Struct, frozen=True):
    cgst_minor: int = 0
    sgst_minor: int = 0
    utgst_minor: int = 0
    igst_minor: int = 0


def freight_supply(rules: GstRules, supply: Supply) -> TaxPart:
    """For all that is charged with a carriage: waiting, returning and cancelling go with it."""
    day = supply.day
    mode = supply.mode or gst.freight_mode(rules, supply.recipient, supply.material, day)
    if supply.without_note_mode is not None and rules.modes[mode].at(day).is_gta:
        mode = supply.without_note_mode
    place = gst.freight_place(supply.recipient, supply.handed_over_in)
    return gst.supply_part(rules, gst.FREIGHT, mode, (supply.supplier_state, place), 0, day)


def fee_supply(rules: GstRules, recipient: Recipient, supplier_state: str, day: date) -> TaxPart:
    """For a platform's fee, from a shipper or a carrier: supplied where the recipient is."""
    place = recipient.state or (None if recipient.is_registered else supplier_state)
    mode = rules.fee_mode.at(day)
    return gst.supply_part(rules, gst.PLATFORM_FEE, mode, (supplier_state, place), 0, day)


def line_tax(rules: GstRules, part: TaxPart, taxable_minor: int) -> LineTax:
    """Each tax rounded by itself to whole paise; also what the recipient pays by himself."""
    named = {
        f"{name}_minor": rounded(taxable_minor * rate, per)
        for name, rate, per in gst.shares(part, rules)
    }
    return LineTax(**named)


def taxable_within(total_minor: int, rate_bp: int) -> int:
    """The taxable part of a sum that has its tax inside, as advances do."""
    return rounded(total_minor * WHOLE_BP, WHOLE_BP + rate_bp)


def whole_rupees(amount_minor: int, to_minor: int) -> int:
    """Section 170 of the CGST Act: the nearest whole rupee, halves up; `to_minor` paise are one."""
    return rounded(amount_minor, to_minor) * to_minor
