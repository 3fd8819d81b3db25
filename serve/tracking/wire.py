"""Fixes and positions as the API gives them; what a device did not say is null."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from freight.cloudevents import rfc3339
from freight.fixes import Alarm
from freight.status import Status, StatusRules, statuses
from store.fixes import StoredFix

# Stored as float4: more digits than these would be noise of the conversion.
SINGLE_DIGITS = 3
STATUS_NAMES = {int(status): status.name.lower() for status in Status}


class PointOut(BaseModel):
    lat: float
    lon: float


class FixOut(BaseModel):
    ts: str
    lat: float
    lon: float
    speed_kmh: float | None
    heading_deg: float | None
    accuracy_m: float | None
    altitude_m: float | None
    odometer_km: float | None
    hdop: float | None
    battery_v: float | None
    external_v: float | None
    fuel_pct: float | None
    satellites: int | None
    ignition: bool | None
    alarm: str | None
    seq: int | None
    received_at: str
    extra: dict[str, Any] | None


class PositionOut(FixOut):
    id: str
    point: PointOut
    status: str
    age_s: float


class LastPositionOut(BaseModel):
    """A truck's last position as the shards hold it."""

    id: str
    ts: str
    lat: float
    lon: float
    point: PointOut
    speed_kmh: float | None
    heading_deg: float | None
    status: str
    age_s: float
    distance_m: float | None = None


def fix_fields(fix: StoredFix) -> dict[str, Any]:
    """A plain dict: a track has tens of thousands of these."""
    return {
        "ts": rfc3339(fix.ts_ms),
        "lat": fix.lat,
        "lon": fix.lon,
        "speed_kmh": single(fix.speed_kmh),
        "heading_deg": single(fix.heading_deg),
        "accuracy_m": single(fix.accuracy_m),
        "altitude_m": single(fix.altitude_m),
        "odometer_km": fix.odometer_km,
        "hdop": single(fix.hdop),
        "battery_v": single(fix.battery_v),
        "external_v": single(fix.external_v),
        "fuel_pct": single(fix.fuel_pct),
        "satellites": fix.satellites,
        "ignition": fix.ignition,
        "alarm": None if fix.alarm is None else Alarm(fix.alarm).name.lower(),
        "seq": fix.seq,
        "received_at": rfc3339(fix.received_ms),
        "extra": fix.extra,
    }


def position_fields(
    truck_id: str, fix: StoredFix, now_ms: int, rules: StatusRules
) -> dict[str, Any]:
    """What PositionOut describes, as a plain dict: the most asked of all answers."""
    speed_kmh = np.nan if fix.speed_kmh is None else fix.speed_kmh
    status = statuses(
        np.array([fix.ts_ms]),
        np.array([speed_kmh], np.float32),
        now_ms=now_ms,
        moving_kmh_min=rules.moving_kmh_min,
        offline_after_s=rules.offline_after_s,
    )
    return {
        "id": truck_id,
        "point": {"lat": fix.lat, "lon": fix.lon},
        "status": STATUS_NAMES[int(status[0])],
        "age_s": (now_ms - fix.ts_ms) / 1000.0,
        **fix_fields(fix),
    }


def single(value: float | None) -> float | None:
    return None if value is None else round(value, SINGLE_DIGITS)
