"""Fixes and positions as the API gives them; what a device did not say is null."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from freight.cloudevents import rfc3339
from freight.fixes import MISSING_INT16, MISSING_INT64, Alarm
from freight.status import Status, StatusRules, statuses
from freight.tracking.facts import Flaw
from store.fixes import StoredFix
from store.tracks import Piece

# Stored as float4: more digits than these would be noise of the conversion.
SINGLE_DIGITS = 3
IGNITION = {0: False, 1: True}
ALARM_NAMES = {int(alarm): alarm.name.lower() for alarm in Alarm}
FLAW_NAMES = {int(flaw): flaw.name.lower() for flaw in Flaw}
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
    flaw: str | None


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
        "alarm": None if fix.alarm is None else ALARM_NAMES[fix.alarm],
        "seq": fix.seq,
        "received_at": rfc3339(fix.received_ms),
        "extra": fix.extra,
        "flaw": FLAW_NAMES.get(fix.flaw or 0),
    }


# What FixOut describes, in its order, to be encoded.
FixRow: type[Any] = msgspec.defstruct("FixRow", list(FixOut.model_fields))


def fix_columns(piece: Piece) -> list[list[Any]]:
    """A track has tens of thousands of fixes: columns, in the order of FixOut, take a fifth of the
    time that fixes one by one do."""
    fixes = piece.fixes
    ts_ms = fixes["ts_ms"].tolist()
    extras = piece.extras
    columns: dict[str, list[Any]] = {
        "ts": times_of(fixes["ts_ms"]),
        "received_at": times_of(fixes["received_ms"]),
        "lat": fixes["lat"].tolist(),
        "lon": fixes["lon"].tolist(),
        "odometer_km": _known(fixes["odometer_km"]),
        "satellites": _unless(fixes["satellites"], MISSING_INT16),
        "seq": _unless(fixes["seq"], MISSING_INT64),
        "ignition": [IGNITION.get(value) for value in fixes["ignition"].tolist()],
        "alarm": [ALARM_NAMES.get(value) for value in fixes["alarm"].tolist()],
        "extra": [extras.get(ms) for ms in ts_ms] if extras else [None] * len(ts_ms),
        "flaw": [FLAW_NAMES.get(value) for value in piece.flaws.tolist()],
    }
    return [
        columns[name] if name in columns else known_singles(fixes[name])
        for name in FixOut.model_fields
    ]


def times_of(ms: npt.NDArray[np.int64]) -> list[str]:
    """As rfc3339 gives them, all at once."""
    texts = np.datetime_as_string(ms.astype("datetime64[ms]"), unit="ms").tolist()
    return [f"{text}Z" for text in texts]


def known_singles(values: npt.NDArray[np.float32]) -> list[float | None]:
    return _known(np.round(values.astype(np.float64), SINGLE_DIGITS))


def _known(values: npt.NDArray[np.floating[Any]]) -> list[float | None]:
    known: list[float | None] = values.tolist()
    if not np.isnan(values).any():
        return known
    return [None if value != value else value for value in known]  # noqa: PLR0124 - NaN


def _unless(values: npt.NDArray[np.int64], missing: int) -> list[int | None]:
    return [None if value == missing else value for value in values.tolist()]


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
