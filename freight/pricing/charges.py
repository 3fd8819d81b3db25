"""What a price adds to the freight and takes off it: discounts, tolls, loading, fees, taxes."""

from __future__ import annotations

from freight.money import rounded
from freight.pricing import gst
from freight.pricing.amounts import KG_PER_T, M_PER_KM
from freight.pricing.carriage import Case, held, of_class
from freight.pricing.gst import Recipient, TaxPart
from freight.pricing.lines import Line, Sheet


def add_discount(sheet: Sheet, case: Case, of_minor: int) -> int:
    """What is taken off, and given back where less than the floor would be left."""
    found = case.rules.discount(case.request.shipper, case.day)
    if found is None:
        return 0
    name, discount = found
    key = f"discounts/{name}"
    taken = sheet.add_share("discount", key, of_minor, -discount.share_bp, name)
    absolute = min(discount.amount_minor, of_minor + taken)
    taken += sheet.add_amount("discount", key, -absolute, name)
    below = min(discount.floor_minor, of_minor) - (of_minor + taken)
    return taken + sheet.add_amount("discount_floor", key, max(below, 0), name)


def add_charges(sheet: Sheet, case: Case) -> int:
    """What is paid as it comes: tolls, loading and unloading, further stops."""
    card, rules, load, day = case.card, case.rules, case.load, case.day
    trucks = case.facts.trucks
    if card.toll_minor is not None:
        key, name = case.card_key, case.card_name
        amount = sheet.add("toll", key, trucks, card.toll_minor, unit="truck", subject=name)
    else:
        tolls = held(rules.tolls_minor_per_km, day, None) or {}
        rate = of_class(tolls, load.truck_class)
        way_m = case.facts.distance_m * trucks
        amount = sheet.add("toll", "tolls_minor_per_km", way_m, rate, unit="m", per=M_PER_KM)
    for line, rates in (
        ("loading", rules.loading_minor_per_t),
        ("unloading", rules.unloading_minor_per_t),
    ):
        key, rate = f"{line}_minor_per_t", held(rates, day, 0)
        amount += sheet.add(line, key, load.weight_kg, rate, unit="kg", per=KG_PER_T)
    beyond = max(len(load.stops) - 2, 0)
    rate = held(rules.extra_stop_minor, day, 0)
    return amount + sheet.add("extra_stop", "extra_stop_minor", beyond, rate, unit="stop")


def add_fee(sheet: Sheet, case: Case, freight: int) -> int:
    fee = held(case.rules.platform_fee, case.day, None)
    if fee is None:
        return 0
    key = "platform_fee"
    amount = sheet.add_share(key, key, freight, fee.share_bp)
    if amount < fee.minimum_minor:
        return amount + sheet.add_amount("platform_fee_minimum", key, fee.minimum_minor - amount)
    if fee.maximum_minor is not None and amount > fee.maximum_minor:
        return amount + sheet.add_amount("platform_fee_maximum", key, fee.maximum_minor - amount)
    return amount


def add_taxes(
    sheet: Sheet, case: Case, freight: int, fee: int
) -> tuple[tuple[TaxPart, ...], tuple[Line, ...]]:
    """Adds the taxes that are asked for with the price; gives those that are not."""
    rules, load, day = case.rules.gst, case.load, case.day
    recipient = _recipient(case)
    handed_over_in = load.stops[0].place.state
    parts = [gst.freight_part(rules, recipient, load.material, handed_over_in, freight, day)]
    if fee:
        parts.append(gst.fee_part(rules, recipient, fee, day))
    aside = Sheet(case.tariff)
    for part in parts:
        onto = aside if part.is_reverse_charge else sheet
        key = f"gst/modes/{part.mode}"
        for line, rate, per in gst.shares(part, rules):
            taxable = part.taxable_minor
            onto.add(line, key, taxable, rate, unit="minor", per=per, subject=part.of)
    return tuple(parts), tuple(aside.lines)


def _recipient(case: Case) -> Recipient:
    shipper = case.request.shipper
    found = None if shipper is None else case.rules.contract(shipper, case.day)
    if found is None:
        return Recipient(case.rules.gst.recipients_are_registered, None)
    return Recipient(found.gst_registered, found.gst_state, found.gst_mode)


def add_round_off(sheet: Sheet, case: Case, total: int) -> int:
    to = case.rules.round_off_minor
    return sheet.add_amount("round_off", "round_off_minor", rounded(total, to) * to - total)
