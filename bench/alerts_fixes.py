"""What devices say of a week's lives, with noise, and when bad radio delivers it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.alerts_lives import DAY, MINUTE, START_MS, Life
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray

TENANT_KEY = 1
METRES_PER_DEGREE = 111_195.0
EVERY_S, PARKED_EVERY_S = 60, 300
NOISE_M = 6.0
OUTLIER_SHARE, SPIKE_SHARE, TWICE_SHARE, LATE_SHARE = 0.001, 0.0006, 0.004, 0.005
DEAD_A_DAY = 1.6
DEAD_MINUTES = (4, 26)


def fixes_of(life: Life, end_ms: int, rng: np.random.Generator) -> FixArray:
    """What the device says, and when it comes in."""
    first_ms = START_MS + (life.key * 7919) % (EVERY_S * 1000)
    ts = np.arange(first_ms, end_ms, EVERY_S * 1000)
    lat, lon, head, kmh = (np.zeros(len(ts)) for _ in range(4))
    standing_since = np.zeros(len(ts), dtype=np.int64)
    place(life, ts, lat, lon, head, kmh, standing_since)
    keep = _is_spoken(life, ts, standing_since)
    ts, lat, lon, head, kmh = ts[keep], lat[keep], lon[keep], head[keep], kmh[keep]
    fixes = _blank(life.key, ts)
    _set_aside(life, ts, lat, lon, head)
    fixes["lat"], fixes["lon"] = _noisy(life, ts, lat, lon, rng)
    fixes["heading_deg"] = np.degrees(head) % 360.0
    fixes["speed_kmh"] = _speeds(kmh, rng)
    fixes["ignition"] = np.where(standing_since[keep] > 10 * MINUTE, 0, 1)
    fixes["fuel_pct"] = _fuel(life, ts, kmh, rng)
    _device(life, fixes, rng)
    return _received(life, fixes, rng)


def place(  # noqa: PLR0917 - one column each
    life: Life, ts: Any, lat: Any, lon: Any, head: Any, kmh: Any, since: Any
) -> None:
    for nr, trip in enumerate(life.trips):
        first = life.trips[0]
        low = 0 if trip is first else np.searchsorted(ts, life.trips[nr - 1].arrives_ms)
        when, far = (np.array(each, dtype=np.float64) for each in zip(*trip.knots, strict=True))
        part = slice(int(low), len(ts))
        here = np.interp(ts[part], when, far)
        lat[part], lon[part], head[part] = trip.way.at(
            np.clip(here, 0.01, trip.way.length_m - 0.01)
        )
        i = np.clip(np.searchsorted(when, ts[part], side="right") - 1, 0, len(when) - 2)
        slope = (far[i + 1] - far[i]) / np.maximum(when[i + 1] - when[i], 1.0) * 3600.0
        outside = (ts[part] < when[0]) | (ts[part] >= when[-1])
        kmh[part] = np.where(outside, 0.0, np.abs(slope))
        head[part] = np.where(slope < 0, head[part] + np.pi, head[part])
        since[part] = np.where(kmh[part] > 0, 0, ts[part] - when[i].astype(np.int64))
        since[part] = np.where(outside, DAY, since[part])


def _is_spoken(life: Life, ts: Any, standing: Any) -> Any:
    """A parked device speaks less often; one that is off says nothing."""
    parked = standing > 10 * MINUTE
    keep = ~parked | ((ts // 1000 // EVERY_S) % (PARKED_EVERY_S // EVERY_S) == 0)
    for from_ms, to_ms in life.mute:
        keep &= ~((ts >= from_ms) & (ts < to_ms))
    return keep


def _blank(key: int, ts: Any) -> FixArray:
    fixes = np.zeros(len(ts), dtype=FIX_DTYPE)
    fixes["tenant_key"], fixes["truck_key"], fixes["ts_ms"] = TENANT_KEY, key, ts
    fixes["accuracy_m"], fixes["alarm"] = NOISE_M, MISSING_INT8
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    for name in ("altitude_m", "odometer_km", "hdop", "battery_v"):
        fixes[name] = np.nan
    return fixes


def _set_aside(life: Life, ts: Any, lat: Any, lon: Any, head: Any) -> None:
    for from_ms, to_ms, far_m in life.aside:
        share = (ts - from_ms) / (to_ms - from_ms)
        off_m = far_m * np.clip(np.minimum(share, 1.0 - share) * 6.0, 0.0, 1.0)
        lat += off_m * np.cos(head + np.pi / 2) / METRES_PER_DEGREE
        lon += off_m * np.sin(head + np.pi / 2) / (METRES_PER_DEGREE * np.cos(np.radians(lat)))


def _noisy(life: Life, ts: Any, lat: Any, lon: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Jitter, and now and then a fix that lies far away."""
    off = rng.normal(0.0, NOISE_M, (2, len(ts)))
    wild = (rng.uniform(size=len(ts)) < OUTLIER_SHARE) & ~_within(life.calm, ts)
    far_m, angle = rng.uniform(400, 3_000, len(ts)), rng.uniform(0, 2 * np.pi, len(ts))
    off += np.where(wild, far_m, 0.0) * np.array([np.cos(angle), np.sin(angle)])
    squeeze = np.cos(np.radians(lat))
    return lat + off[0] / METRES_PER_DEGREE, lon + off[1] / (METRES_PER_DEGREE * squeeze)


def _speeds(kmh: Any, rng: np.random.Generator) -> Any:
    said = np.where(kmh > 0, np.maximum(kmh + rng.normal(0.0, 1.5, len(kmh)), 0.0), 0.0)
    spike = (rng.uniform(size=len(kmh)) < SPIKE_SHARE) & (kmh > 0)
    return np.where(spike, rng.uniform(95, 140, len(kmh)), said)


def _fuel(life: Life, ts: Any, kmh: Any, rng: np.random.Generator) -> Any:
    """It falls as it is burnt, and is filled up before each trip."""
    minutes = np.diff(ts, prepend=ts[:1]) / MINUTE
    burnt = np.cumsum(kmh * minutes / 60.0 * 32.0 / 100.0 / 350.0 * 100.0)
    level = np.full(len(ts), 88.0)
    for trip in life.trips:
        i = int(np.searchsorted(ts, trip.departs_ms - 20 * MINUTE))
        if i < len(ts):
            level[i:] = 88.0 - (burnt[i:] - burnt[i])
    for from_ms, to_ms, lost in life.fuel_lost:
        ends = next((t.departs_ms for t in life.trips if t.departs_ms > to_ms), int(ts[-1]))
        share = np.clip((ts - from_ms) / (to_ms - from_ms), 0.0, 1.0)
        level -= np.where(ts < ends - 20 * MINUTE, share * lost, 0.0)
    noise = rng.normal(0.0, 1.0, len(ts)) * np.where(kmh > 0, 2.5, 0.4)
    return np.clip(level + noise, 0.0, 100.0)


def _device(life: Life, fixes: FixArray, rng: np.random.Generator) -> None:
    ts = fixes["ts_ms"]
    fixes["external_v"] = rng.normal(27.0, 0.3, len(ts))
    for from_ms, to_ms in life.unplugged:
        fixes["external_v"][(ts >= from_ms) & (ts < to_ms)] = 0.2
    for at_ms, alarm in life.alarms:
        i = int(np.searchsorted(ts, at_ms))
        if i < len(ts):
            fixes["alarm"][i] = alarm


def _received(life: Life, fixes: FixArray, rng: np.random.Generator) -> FixArray:
    ts = fixes["ts_ms"]
    received = ts + np.round(rng.uniform(300, 1_800, len(ts))).astype(np.int64)
    calm = _within(life.calm, ts)
    late = (rng.uniform(size=len(ts)) < LATE_SHARE) & ~calm
    received += np.where(late, rng.integers(30_000, 600_000, len(ts)), 0)
    for from_ms, to_ms in [*life.dead, *_usual_dead(life, ts, rng)]:
        inside = np.flatnonzero((ts >= from_ms) & (ts < to_ms))
        # Some devices send what they have now first, and then what they stored.
        waits = 4_000 if life.key % 2 else 0
        received[inside] = to_ms + waits + np.arange(len(inside)) // 20 * 400
    fixes["received_ms"] = received
    twice = fixes[rng.uniform(size=len(ts)) < TWICE_SHARE].copy()
    twice["received_ms"] += rng.integers(1_000, 400_000, len(twice))
    return np.concatenate([fixes, twice])


def _usual_dead(life: Life, ts: Any, rng: np.random.Generator) -> list[tuple[int, int]]:
    days = (int(ts[-1]) - START_MS) / DAY
    found = []
    for _ in range(int(rng.poisson(DEAD_A_DAY * days))):
        from_ms = int(rng.integers(START_MS, int(ts[-1])))
        to_ms = from_ms + int(rng.integers(*DEAD_MINUTES)) * MINUTE
        touched = [*life.calm, *((a, b) for a, b in life.dead)]
        if all(to_ms < low or from_ms > high for low, high in touched):
            found.append((from_ms, to_ms))
    return found


def _within(spans: list[tuple[int, int]], ts: Any) -> Any:
    inside = np.zeros(len(ts), dtype=bool)
    for from_ms, to_ms in spans:
        inside |= (ts >= from_ms) & (ts < to_ms)
    return inside
