"""Short ways to say what a test of dispatching begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import FreeTruck, WaitingLeg

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DEFAULTS = Path(__file__).parents[3] / "config" / "defaults" / "dispatch.yaml"
PUNE = (18.52, 73.86)
MUMBAI = (19.08, 72.88)


def rules(**groups: dict[str, Any] | str) -> DispatchRules:
    """The defaults, with some keys of some groups set otherwise."""
    values = yaml.safe_load(DEFAULTS.read_text())
    for name, group in groups.items():
        values[name] = {**values[name], **group} if isinstance(group, dict) else group
    return DispatchRules.model_validate(values)


def truck(key: int, at: tuple[float, float] = PUNE, **fields: Any) -> FreeTruck:
    """Fit for anything that `leg` asks for."""
    known: dict[str, Any] = {
        "key": key,
        "id": f"T{key}",
        "carrier": "C1",
        "truck_class": "MXL_32",
        "body": "container",
        "payload_kg": 15_000,
        "lat": at[0],
        "lon": at[1],
        "seen_ms": NOW_MS,
        "papers_until_ms": NOW_MS + 90 * DAY_MS,
        "driver": f"D{key}",
        "driver_minutes_left": 600,
        "rating": 4.0,
        "price_minor_per_km": 4_500,
    }
    return FreeTruck(**{**known, **fields})


def leg(name: str = "B1/L1", at: tuple[float, float] = PUNE, **fields: Any) -> WaitingLeg:
    booking, _, number = name.partition("/")
    known: dict[str, Any] = {
        "booking": booking,
        "leg": number or "L1",
        "lat": at[0],
        "lon": at[1],
        "drop_lat": MUMBAI[0],
        "drop_lon": MUMBAI[1],
        "weight_kg": 12_000,
        "trip_km": 150.0,
        "waiting_since_ms": NOW_MS,
        "shipper": "S1",
    }
    return WaitingLeg(**{**known, **fields})
