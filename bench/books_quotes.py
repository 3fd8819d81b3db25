"""Quotes of the month: so much freight, whatever the way, taxed as the product's rules say."""

from __future__ import annotations

import msgspec

from bench.books_ground import Ground
from bench.books_month import HOUR_MS, Plan, Shipper
from freight.load import Load, Place, Stop, StopKind
from freight.money import INR, rounded
from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.gst import FREIGHT, Recipient, TaxPart, fee_part, freight_part, shares
from freight.pricing.lines import Line
from freight.pricing.price import Price
from freight.pricing.quotes import Quote, digest_of
from freight.tax.calendar import india_day

RATES = b'{"rules":{},"origins":{},"default_folder":""}'


def quoted(ground: Ground, plan: Plan, shipper: Shipper, at_ms: int) -> Quote:
    rules, day = ground.desk.policy_of(ground.tenant).pricing.gst, india_day(at_ms)
    recipient = Recipient(shipper.gstin is not None, shipper.state, shipper.mode)
    parts = [
        freight_part(rules, recipient, plan.material, plan.state, plan.freight_minor, day),
        *([fee_part(rules, recipient, plan.fee_minor, day)] if plan.fee_minor else ()),
    ]
    taxes = [line for part in parts for line in _tax_lines(ground, part)]
    owed = [line for line in taxes if line.subject != FREIGHT or not parts[0].is_reverse_charge]
    reverse = [line for line in taxes if line not in owed]
    charged = [_line("freight", plan.freight_minor, "truck", plan.freight_minor, 1)]
    if plan.fee_minor:
        charged.append(_line("platform_fee", plan.fee_minor, "trip", plan.fee_minor, 1))
    subtotal, tax = plan.freight_minor + plan.fee_minor, sum(one.amount_minor for one in owed)
    price = Price(
        currency=INR,
        day=day.isoformat(),
        card="standard",
        revision=0,
        distance_m=280_000,
        trucks=1,
        lines=(*charged, *owed),
        taxes=tuple(parts),
        reverse_charge=tuple(reverse),
        subtotal_minor=subtotal,
        tax_minor=tax,
        total_minor=subtotal + tax,
        reverse_charge_minor=sum(one.amount_minor for one in reverse),
        detention=None,
    )
    facts = Facts(
        distance_m=280_000,
        router="made up",
        fences=((), ()),
        trucks=1,
        cell=None,
        waiting=0,
        free=0,
    )
    return Quote(
        id=f"q-{plan.id}",
        tenant=ground.tenant.id,
        made_ms=at_ms,
        expires_ms=at_ms + HOUR_MS,
        request=PriceRequest(_load(plan), at_ms, plan.shipper),
        facts=facts,
        rates=digest_of(RATES),
        price=msgspec.structs.replace(price),
    )


def _tax_lines(ground: Ground, part: TaxPart) -> list[Line]:
    rules = ground.desk.policy_of(ground.tenant).pricing.gst
    found = []
    for name, rate, per in shares(part, rules):
        amount_minor = rounded(part.taxable_minor * rate, per)
        line = _line(name, amount_minor, "minor", rate, per)
        found.append(msgspec.structs.replace(line, quantity=part.taxable_minor, subject=part.of))
    return found


def _line(key: str, amount_minor: int, unit: str, rate: int, per: int) -> Line:
    return Line(
        key=key,
        amount_minor=amount_minor,
        quantity=1,
        unit=unit,
        rate=rate,
        per=per,
        path=f"bench/{key}",
        version=0,
    )


def _load(plan: Plan) -> Load:
    pickup = Place(28.53, 77.27, name="Okhla", state=plan.state)
    drop = Place(26.91, 75.79, name="Jaipur")
    return Load(
        material=plan.material,
        weight_kg=plan.weight_kg,
        stops=(
            Stop("S1", StopKind.PICKUP, pickup, plan.weight_kg),
            Stop("S2", StopKind.DROP, drop, plan.weight_kg),
        ),
    )
