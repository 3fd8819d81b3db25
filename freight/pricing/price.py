"""The price of a load: a list of lines from the rates that hold, in whole paise, and its taxes.

Nothing here asks anybody: the way, the fences that a stop lies in, and how many loads wait and
trucks are free come in as facts, and are kept with a quote, so that it can be computed again.
"""

from __future__ import annotations

import msgspec

from freight.dated import NotInForceError
from freight.money import INR, PAISE_PER_RUPEE
from freight.pricing.asking import Facts, NoPriceError, PriceRequest
from freight.pricing.carriage import (
    Case,
    add_carriage,
    add_surcharges,
    case_of,
    held,
    of_class,
)
from freight.pricing.charges import (
    add_charges,
    add_discount,
    add_fee,
    add_round_off,
    add_taxes,
)
from freight.pricing.gst import TaxPart
from freight.pricing.lines import Line, Sheet, Tariff


class Detention(msgspec.Struct, frozen=True):
    """Quoted, and no part of the price: what waiting at a stop will cost."""

    free_minutes: int
    minor_per_hour: int
    path: str
    version: int


class Price(msgspec.Struct, frozen=True):
    """The lines add up to the total. What is under reverse charge the recipient pays to the state
    himself: it has lines of its own, which are no part of the total."""

    currency: str
    day: str
    card: str
    revision: int  # of the configuration
    distance_m: int
    trucks: int
    lines: tuple[Line, ...]
    taxes: tuple[TaxPart, ...]
    reverse_charge: tuple[Line, ...]
    subtotal_minor: int  # before taxes and rounding off
    tax_minor: int
    total_minor: int
    reverse_charge_minor: int
    detention: Detention | None


def price(request: PriceRequest, tariff: Tariff, facts: Facts) -> Price:
    """Raises NoPriceError. The same arguments give the same price, for ever."""
    case = case_of(request, tariff, facts)
    try:
        found = _added_up(case)
    except NotInForceError as gap:
        raise NoPriceError("rate_not_in_force", str(gap)) from gap
    most = tariff.rules.total_minor_max
    if found.total_minor > most:
        detail = f"the price comes to more than {most // PAISE_PER_RUPEE} rupees"
        raise NoPriceError("too_high", detail)
    return found


def _added_up(case: Case) -> Price:
    """Each step adds its lines and knows what the steps before came to."""
    sheet = Sheet(case.tariff)
    freight = add_carriage(sheet, case)
    freight += add_surcharges(sheet, case, freight)
    freight += add_discount(sheet, case, freight)
    freight += add_charges(sheet, case)
    fee = add_fee(sheet, case, freight)
    taxes, reverse_charge = add_taxes(sheet, case, freight, fee)
    before = sum(line.amount_minor for line in sheet.lines)
    total = before + add_round_off(sheet, case, before)
    return Price(
        currency=INR,
        day=case.day.isoformat(),
        card=case.card_name,
        revision=case.tariff.revision,
        distance_m=case.facts.distance_m,
        trucks=case.facts.trucks,
        subtotal_minor=freight + fee,
        tax_minor=before - freight - fee,
        total_minor=total,
        lines=tuple(sheet.lines),
        taxes=taxes,
        reverse_charge=reverse_charge,
        reverse_charge_minor=sum(line.amount_minor for line in reverse_charge),
        detention=_detention(case),
    )


def _detention(case: Case) -> Detention | None:
    terms = held(case.rules.detention, case.day, None)
    if terms is None:
        return None
    origin = case.tariff.origin("detention")
    return Detention(
        free_minutes=terms.free_minutes,
        minor_per_hour=of_class(terms.minor_per_hour, case.load.truck_class),
        path=origin.path,
        version=origin.version,
    )
