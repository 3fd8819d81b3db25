"""One price in the making: the card that holds, and the freight with what is a share of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from freight.dated import Dated, NotInForceError, T
from freight.load import Load
from freight.pricing.amounts import KG_PER_T, M_PER_KM, OTHERS, WHOLE_BP
from freight.pricing.asking import Facts, NoPriceError, PriceRequest
from freight.pricing.cards import Asked, Basis, NoCardError, RateCard, chosen
from freight.pricing.lines import Sheet, Tariff
from freight.pricing.rules import PricingRules
from freight.pricing.surge import surge_bp

MS_PER_S = 1000.0
D = TypeVar("D")


@dataclass(frozen=True)
class Case:
    tariff: Tariff
    request: PriceRequest
    facts: Facts
    local: datetime  # on the clock of the tenant
    card_name: str
    card: RateCard

    @property
    def rules(self) -> PricingRules:
        return self.tariff.rules

    @property
    def load(self) -> Load:
        return self.request.load

    @property
    def day(self) -> date:
        return self.local.date()

    @property
    def card_key(self) -> str:
        return f"cards/{self.card_name}"


def case_of(request: PriceRequest, tariff: Tariff, facts: Facts) -> Case:
    """A lane is from the first stop to the last; what a place is said to be in goes before what
    it was found in."""
    at = datetime.fromtimestamp(request.at_ms / MS_PER_S, UTC)
    local = at.astimezone(ZoneInfo(tariff.rules.time_zone))
    load = request.load
    first, last = load.stops[0].place, load.stops[-1].place
    from_found, to_found = (facts.fences[0], facts.fences[-1]) if facts.fences else ((), ())
    asked = Asked(
        day=local.date(),
        shipper=request.shipper,
        from_fences=_first(first.fence, from_found),
        to_fences=_first(last.fence, to_found),
        from_state=first.state,
        to_state=last.state,
        truck_class=load.truck_class,
        material=load.material,
    )
    try:
        name, card = chosen(tariff.rules.cards, asked)
    except NoCardError as none:
        raise NoPriceError("no_rate_card", str(none)) from none
    return Case(tariff, request, facts, local, name, card)


def _first(said: str | None, found: tuple[str, ...]) -> tuple[str, ...]:
    return found if said is None else (said, *(each for each in found if each != said))


def add_carriage(sheet: Sheet, case: Case) -> int:
    """The freight itself: base, material, truck class, and what is missing to the minimum."""
    card, load, rules, trucks = case.card, case.load, case.rules, case.facts.trucks
    weight_kg = max(load.weight_kg, (card.guaranteed_kg or 0) * trucks)
    way_m = max(case.facts.distance_m, (card.guaranteed_km or 0) * M_PER_KM)
    quantity, unit, per = {
        Basis.TRIP: (trucks, "truck", 1),
        Basis.TON: (weight_kg, "kg", KG_PER_T),
        Basis.TON_KM: (weight_kg * way_m, "kg_m", KG_PER_T * M_PER_KM),
        Basis.KM: (way_m * trucks, "m", M_PER_KM),
    }[card.basis]
    key, name = case.card_key, case.card_name
    amount = sheet.add("freight", key, quantity, card.rate_minor, unit=unit, per=per, subject=name)
    for line, what, is_named, factors in (
        ("material", load.material, card.material is not None, rules.material_factors_bp),
        ("truck_class", load.truck_class, card.truck_class is not None, rules.class_factors_bp),
    ):
        if what is not None and not is_named:
            factor = held(factors, case.day, {}).get(what, WHOLE_BP)
            amount += sheet.add_share(line, _FACTORS[line], amount, factor - WHOLE_BP, what)
    missing = max((card.minimum_minor or 0) * trucks - amount, 0)
    return amount + sheet.add_amount("minimum", key, missing, name)


_FACTORS = {"material": "material_factors_bp", "truck_class": "class_factors_bp"}


def add_surcharges(sheet: Sheet, case: Case, carriage: int) -> int:
    """What is a share of the freight: fuel, surge, night, and needs in handling."""
    rules, facts = case.rules, case.facts
    amount = _add_fuel(sheet, case, carriage)
    share_bp = surge_bp(facts.waiting, facts.free, rules.surge)
    surge = sheet.add_share("surge", "surge/steps", carriage, share_bp, facts.cell)
    over = max(surge - rules.surge.cap_minor * facts.trucks, 0)
    amount += surge + sheet.add_amount("surge_cap", "surge/cap_minor", -over)
    night = held(rules.night, case.day, None)
    if night is not None and night.covers(case.local.hour):
        amount += sheet.add_share("night", "night", carriage, night.share_bp)
    charges = held(rules.handling, case.day, {})
    for need in sorted(case.load.handling & charges.keys()):
        charge = charges[need]
        amount += sheet.add_share("handling", "handling", carriage, charge.share_bp, need)
        each = charge.amount_minor
        amount += sheet.add("handling", "handling", facts.trucks, each, unit="truck", subject=need)
    return amount


def _add_fuel(sheet: Sheet, case: Case, carriage: int) -> int:
    """share x (now - base) / base of the freight; less than nothing when diesel became cheaper."""
    fuel, card, day = case.rules.fuel, case.card, case.day
    share_bp = held(fuel.share_bp, day, 0) if card.fuel_share_bp is None else card.fuel_share_bp
    if not share_bp:
        return 0
    base = card.fuel_base_minor_per_l or fuel.base_minor_per_l.at(day)
    state = case.load.stops[0].place.state
    where = state if state is not None and state in fuel.diesel_minor_per_l else OTHERS
    prices = fuel.diesel_minor_per_l.get(where)
    if prices is None:
        raise NoPriceError("rate_not_in_force", f"no diesel price is set for state {state}")
    rate, per = share_bp * (prices.at(day) - base), WHOLE_BP * base
    key = f"fuel/diesel_minor_per_l/{where}"
    return sheet.add("fuel", key, carriage, rate, unit="minor", per=per, subject=where)


def of_class(rates: Mapping[str, int], truck_class: str | None) -> int:
    return rates.get(truck_class or OTHERS, rates.get(OTHERS, 0))


def held(dated: Dated[T], day: date, otherwise: D) -> T | D:
    """A gap between two rows of a charge: it is not charged."""
    try:
        return dated.at(day)
    except NotInForceError:
        return otherwise
