"""Fixes as devices send them: the contract's JSON position objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from freight.fixes import MISSING_INT8, MISSING_INT16, MISSING_INT64, Alarm, FixArray

_ALARM_NAMES = {int(alarm): alarm.name.lower() for alarm in Alarm}
# Decimals that each number is sent with; float32 columns would otherwise show their rounding.
_FLOATS = {
    "lat": 7,
    "lon": 7,
    "speed_kmh": 2,
    "heading_deg": 2,
    "accuracy_m": 2,
    "altitude_m": 1,
    "odometer_km": 3,  # fixed: decimals of the wire's fields
    "hdop": 2,
    "battery_v": 2,
    "external_v": 2,
    "fuel_pct": 1,
}
_encode = msgspec.json.Encoder().encode


class OutgoingFix(NamedTuple):
    ts_ms: int  # names the fix in its receipt
    body: bytes  # one JSON object


def encode_fixes(fixes: FixArray, *, ack: bool = True) -> list[OutgoingFix]:
    """One JSON object per fix; missing values are left out, `ack` asks for receipts."""
    columns: dict[str, list[Any]] = {"ts": fixes["ts_ms"].tolist()}
    for name, decimals in _FLOATS.items():
        values = np.round(fixes[name].astype(np.float64), decimals)
        known = ~np.isnan(values)
        columns[name] = values.tolist() if known.all() else _or_none(values.tolist(), known)
    columns["seq"] = _or_none(fixes["seq"].tolist(), fixes["seq"] != MISSING_INT64)
    known = fixes["satellites"] != MISSING_INT16
    columns["satellites"] = _or_none(fixes["satellites"].tolist(), known)
    known = fixes["ignition"] != MISSING_INT8
    columns["ignition"] = _or_none((fixes["ignition"] == 1).tolist(), known)
    columns["alarm"] = [_ALARM_NAMES.get(alarm) for alarm in fixes["alarm"].tolist()]
    if ack:
        columns["ack"] = [True] * len(fixes)
    names = tuple(columns)
    return [
        OutgoingFix(
            row[0],
            _encode({k: v for k, v in zip(names, row, strict=True) if v is not None}),
        )
        for row in zip(*columns.values(), strict=True)
    ]


def message(fixes: Sequence[OutgoingFix]) -> bytes:
    """One fix as an object, several as an array."""
    if len(fixes) == 1:
        return fixes[0].body
    return b"[" + b",".join(fix.body for fix in fixes) + b"]"


def _or_none(values: list[Any], known: Any) -> list[Any]:
    if bool(known.all()):
        return values
    return [v if k else None for v, k in zip(values, known.tolist(), strict=True)]
