"""A tenant whose rates are round numbers, so that prices can be worked out by hand.

Its one card asks 1 000 rupees a ton. Nothing else costs anything until a test says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from config.policy import defaults
from freight.load import Load, Place, Stop, StopKind
from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.lines import Tariff
from freight.pricing.price import Price, price
from freight.pricing.rules import PricingRules

INDIA = ZoneInfo("Asia/Kolkata")
MAHARASHTRA, KARNATAKA, CHANDIGARH = "27", "29", "04"
SINCE = {"valid_from": "2025-01-01"}


def always(value: Any) -> list[dict[str, Any]]:
    return [{**SINCE, "value": value}]


def card(basis: str, rate_minor: int, **more: Any) -> dict[str, Any]:
    return {**SINCE, "basis": basis, "rate_minor": rate_minor, **more}


PLAIN: dict[str, Any] = {
    "time_zone": "Asia/Kolkata",
    "cards": {"std": card("ton", 100_000)},
    "contracts": {},
    "discounts": {},
    "material_factors_bp": always({}),
    "class_factors_bp": always({}),
    "fuel": {
        "share_bp": always(0),
        "base_minor_per_l": always(9000),
        "diesel_minor_per_l": {"others": always(9000)},
    },
    "surge": {
        "in_use": False,
        "resolution": 5,
        "rings": 2,
        "counted_max": 1000,
        "waiting_min": 5,
        "steps": [
            {"pressure_bp": 15_000, "share_bp": 500},
            {"pressure_bp": 20_000, "share_bp": 1000},
            {"pressure_bp": 30_000, "share_bp": 2000},
        ],
        "cap_bp": 1500,
        "cap_minor": 1_000_000,
    },
    "night": always({"from_hour": 22, "to_hour": 5, "share_bp": 0}),
    "handling": always({}),
    "tolls_minor_per_km": always({}),
    "loading_minor_per_t": always(0),
    "unloading_minor_per_t": always(0),
    "extra_stop_minor": always(0),
    "detention": always({"free_minutes": 240, "minor_per_hour": {"others": 15_000}}),
    "platform_fee": always({}),
    "gst": defaults().pricing.gst.model_dump(mode="json")
    | {"mode": always("exempt_no_cn"), "supplier_state": MAHARASHTRA},
    "round_off_minor": 1,
    "total_minor_max": 10**14,
}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Folders are merged; cards, contracts and all other values are replaced."""
    out = dict(base)
    for name, value in changes.items():
        is_folder = name in {"fuel", "surge", "gst"} and isinstance(value, Mapping)
        out[name] = {**base[name], **value} if is_folder else value
    return out


def rules_of(changes: Mapping[str, Any]) -> PricingRules:
    return PricingRules.model_validate_json(msgspec.json.encode(merged(PLAIN, changes)))


def load_of(
    kg: int = 20_000, *, from_state: str | None = MAHARASHTRA, stops: int = 2, **about: Any
) -> Load:
    """One pickup; what is put down, at several drops, is put down at the last."""
    drops = [0] * (stops - 2) + [kg]
    first = Stop("S1", StopKind.PICKUP, Place(18.5, 73.8, state=from_state), kg)
    rest = (
        Stop(f"S{number}", StopKind.DROP, Place(13.0, 77.6, state=KARNATAKA), put)
        for number, put in enumerate(drops, start=2)
    )
    return Load(**{"material": "steel", "weight_kg": kg, "stops": (first, *rest), **about})


def at_ms(text: str) -> int:
    """On the clock of India."""
    return round(datetime.fromisoformat(text).replace(tzinfo=INDIA).timestamp() * 1000)


NOON = "2026-01-15T12:00"


def priced(
    changes: Mapping[str, Any] | None = None,
    load: Load | None = None,
    at: str = NOON,
    shipper: str | None = None,
    **facts: Any,
) -> Price:
    """Of 20 t of steel over 500 km, unless something else is said."""
    request = PriceRequest(load or load_of(), at_ms(at), shipper)
    found = Facts(**{"distance_m": 500_000, "router": "test", **facts})
    return price(request, Tariff(rules_of(changes or {}), default_folder="/*/pricing"), found)


@dataclass(frozen=True)
class Case:
    """One row of the worked table: the lines that are to come out, in their order."""

    name: str
    lines: list[tuple[str, int]]
    rules: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    recipient_pays: list[tuple[str, int]] = field(default_factory=list)


def check(case: Case) -> None:
    found = priced(case.rules, **case.asked)

    assert [(line.key, line.amount_minor) for line in found.lines] == case.lines
    assert found.total_minor == sum(amount for _, amount in case.lines)
    paid = [(line.key, line.amount_minor) for line in found.reverse_charge]
    assert paid == case.recipient_pays
    assert found.reverse_charge_minor == sum(amount for _, amount in case.recipient_pays)


SHARED_FUEL = {"share_bp": always(4000)}  # 40 percent of the freight follow diesel
DEARER = {"others": always(9450)}  # 94.50 instead of 90.00: 5 percent more
NIGHT = {"night": always({"from_hour": 22, "to_hour": 5, "share_bp": 500})}


def off(shipper: str | None = None, **terms: Any) -> dict[str, Any]:
    return {**SINCE, "shipper": shipper, **terms} if shipper else {**SINCE, **terms}


def registered(shipper: str, state: str) -> dict[str, Any]:
    return {**SINCE, "shipper": shipper, "gst_registered": True, "gst_state": state}


def taxed(mode: str, rate_minor: int = 5_000_000, **gst: Any) -> dict[str, Any]:
    """One trip, by a supplier in Maharashtra, for a shipper with a contract."""
    return {
        "cards": {"c": card("trip", rate_minor)},
        "gst": {"mode": always(mode)} | gst,
        "contracts": {
            "home": registered("home", MAHARASHTRA),
            "away": registered("away", KARNATAKA),
            "small": {**SINCE, "shipper": "small", "gst_registered": False},
        },
    }
