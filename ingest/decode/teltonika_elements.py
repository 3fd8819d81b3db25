"""What Teltonika's AVL elements mean, by the configuration's list; the same over TCP and MQTT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.sections.dialects import TeltonikaElements

PANIC_PRIORITY = 2  # the protocol's "panic"


def values_of(
    elements: Mapping[int, Any], event: int, priority: int, meaning: TeltonikaElements
) -> dict[str, Any]:
    """The fields of a position that its elements tell."""
    values: dict[str, Any] = {"alarm": _alarm(elements, event, priority, meaning)}
    ignition = _number(elements, meaning.ignition)
    if ignition is not None:
        values["ignition"] = ignition != 0
    for name, (element, scale) in _scaled(meaning).items():
        raw = _number(elements, element)
        if raw is not None:
            values[name] = raw / scale
    for element in meaning.fuel_pct:
        fuel_pct = _number(elements, element)
        if fuel_pct is not None and fuel_pct <= meaning.fuel_pct_max:
            values["fuel_pct"] = float(fuel_pct)
            break
    return values


def _scaled(meaning: TeltonikaElements) -> dict[str, tuple[int, float]]:
    return {
        "odometer_km": (meaning.odometer_m, 1000.0),  # fixed: metres in a kilometre
        "external_v": (meaning.external_mv, 1000.0),
        "battery_v": (meaning.battery_mv, 1000.0),
        "hdop": (meaning.hdop_tenths, 10.0),
    }


def _number(elements: Mapping[int, Any], element: int) -> int | float | None:
    value = elements.get(element)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _alarm(
    elements: Mapping[int, Any], event: int, priority: int, meaning: TeltonikaElements
) -> str | None:
    """Only of the record that tells the change: the ones after it repeat the state."""
    if elements.get(event) and event in meaning.alarms:
        return meaning.alarms[event]
    is_panic = priority == PANIC_PRIORITY and meaning.panic_priority_is_alarm
    return "panic" if is_panic else None
