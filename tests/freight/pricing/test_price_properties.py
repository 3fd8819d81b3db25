"""Whatever the rates and the load: prices add up, are never below nothing, rise with the load."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.pricing.price import Price
from tests.freight.pricing.worked import always, card, load_of, off, priced, taxed

MODES = ("gta_rcm_5", "gta_fcm_5", "gta_fcm_18", "exempt_no_cn", "rent_with_operator_18")
FEES = ("platform_fee", "platform_fee_minimum", "platform_fee_maximum")
TAXES = ("igst", "cgst", "sgst", "utgst")
QUICK = settings(max_examples=60, deadline=None)

paise = st.integers(0, 10**6)
share = st.integers(0, WHOLE_BP)
kilograms = st.integers(1, 60_000)
metres = st.integers(0, 4_000_000)


@st.composite
def rates(draw: st.DrawFn) -> dict[str, Any]:
    """Any card, with everything on top that a tenant may set."""
    minimum, most = draw(paise), draw(paise)
    rate_card = card(
        draw(st.sampled_from(["trip", "ton", "ton_km", "km"])),
        draw(paise),
        guaranteed_kg=draw(st.integers(1, 30_000)),
        guaranteed_km=draw(st.integers(1, 300)),
        minimum_minor=draw(paise),
    )
    fee = {"share_bp": draw(share), "minimum_minor": min(minimum, most)}
    return taxed(draw(st.sampled_from(MODES)), state_unknown="intra") | {
        "cards": {"c": rate_card},
        "material_factors_bp": always({"steel": draw(st.integers(0, 3 * WHOLE_BP))}),
        "fuel": {
            "share_bp": always(draw(share)),
            "base_minor_per_l": always(draw(st.integers(1, 20_000))),
            "diesel_minor_per_l": {"others": always(draw(st.integers(1, 20_000)))},
        },
        "surge": {"in_use": True, "cap_minor": draw(paise)},
        "discounts": {
            "d": off(share_bp=draw(share), amount_minor=draw(paise), floor_minor=draw(paise))
        },
        "handling": always({"crane": {"share_bp": draw(share), "amount_minor": draw(paise)}}),
        "tolls_minor_per_km": always({"others": draw(st.integers(0, 5000))}),
        "loading_minor_per_t": always(draw(paise)),
        "extra_stop_minor": always(draw(paise)),
        "platform_fee": always(fee | {"maximum_minor": max(minimum, most)}),
        "round_off_minor": draw(st.sampled_from([1, 100])),
    }


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    stops, needs = draw(st.integers(2, 5)), frozenset({"crane"} if draw(st.booleans()) else ())
    return {
        "load": load_of(draw(kilograms), stops=stops, handling=needs),
        "distance_m": draw(metres),
        "trucks": draw(st.integers(1, 4)),
        "waiting": draw(st.integers(0, 40)),
        "free": draw(st.integers(0, 40)),
        "shipper": draw(st.sampled_from([None, "home", "away", "small"])),
    }


def amount_of(price: Price, keys: tuple[str, ...], subject: str | None = None) -> int:
    return sum(
        line.amount_minor
        for line in (*price.lines, *price.reverse_charge)
        if line.key in keys and subject in (None, line.subject)
    )


@QUICK
@given(rates(), asked())
def test_lines_add_up_and_can_be_done_again(rules: dict[str, Any], case: dict[str, Any]) -> None:
    price = priced(rules, **case)

    assert price.total_minor == sum(line.amount_minor for line in price.lines) >= 0
    assert price.subtotal_minor >= 0
    assert price.total_minor - price.subtotal_minor - price.tax_minor == amount_of(
        price, ("round_off",)
    )
    for line in (*price.lines, *price.reverse_charge):
        assert line.amount_minor == rounded(line.quantity * line.rate, line.per) != 0


@QUICK
@given(rates(), asked())
def test_taxes_can_be_computed_from_the_lines(rules: dict[str, Any], case: dict[str, Any]) -> None:
    price = priced(rules, **case)
    charged = [line for line in price.lines if line.key not in (*TAXES, "round_off")]
    fee = sum(line.amount_minor for line in charged if line.key in FEES)
    of = {"freight": sum(line.amount_minor for line in charged) - fee, "platform_fee": fee}

    for part in price.taxes:
        assert part.taxable_minor == of[part.of] >= 0
        half = rounded(part.taxable_minor * part.rate_bp, 2 * WHOLE_BP)
        whole = rounded(part.taxable_minor * part.rate_bp, WHOLE_BP)
        if part.is_inter_state:
            assert amount_of(price, ("igst",), part.of) == whole
        else:
            for key in ("cgst", "sgst"):
                assert amount_of(price, (key,), part.of) == half
    due = {part.of: part.is_reverse_charge for part in price.taxes}
    assert all(due[line.subject or ""] for line in price.reverse_charge)


@QUICK
@given(rates(), asked(), kilograms, metres)
def test_more_tons_or_km_never_cost_less(
    rules: dict[str, Any], case: dict[str, Any], more_kg: int, more_m: int
) -> None:
    before = priced(rules, **case)
    load = case["load"]
    heavier = load_of(load.weight_kg + more_kg, stops=len(load.stops), handling=load.handling)

    assert priced(rules, **case | {"load": heavier}).total_minor >= before.total_minor
    farther = case["distance_m"] + more_m
    assert priced(rules, **case | {"distance_m": farther}).total_minor >= before.total_minor


@QUICK
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 20))
def test_surge_rises_with_demand_and_stays_below_its_caps(
    waiting: int, free: int, more: int
) -> None:
    rules = {"surge": {"in_use": True, "cap_minor": 250_000}}
    before = priced(rules, waiting=waiting, free=free).total_minor

    assert priced(rules, waiting=waiting + more, free=free).total_minor >= before
    assert priced(rules, waiting=waiting, free=free + more).total_minor <= before
    # 15 % of 20 000.00 would be 3 000.00; at most 2 500.00.
    assert 2_000_000 <= before <= 2_250_000
