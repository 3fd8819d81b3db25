"""The same stream through rules as they are written first: one fix decides, nothing settles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.alerts_lives import HOUR, IST_MS, MINUTE, Life
from bench.alerts_week import Week
from freight.fixes import MISSING_INT8, FixArray
from geo.point import haversine_m

Bools = npt.NDArray[np.bool_]
Alerts = list[tuple[str, int, int]]  # kind, truck, when it was raised
LIMIT_KMH, STANDS_KMH, OFF_M, LOST_PCT, LOW_V = 80.0, 2.0, 300.0, 10.0, 6.0


def naive(week: Week) -> Alerts:
    """As fixes come in; late ones are taken for news."""
    order = np.argsort(week.fixes["truck_key"], kind="stable")
    fixes = week.fixes[order]
    ends = np.searchsorted(fixes["truck_key"], sorted(week.lives), side="right")
    found: Alerts = []
    low = 0
    for life, high in zip(week.lives.values(), ends.tolist(), strict=True):
        mine, low = fixes[low:high], high
        for kind, alarm in _rules(life, mine):
            begun = alarm & ~np.append(False, alarm[:-1])
            found += [(kind, life.key, ms) for ms in mine["received_ms"][begun].tolist()]
    return found


def _rules(life: Life, fixes: FixArray) -> Iterator[tuple[str, Bools]]:
    ts, kmh, received = fixes["ts_ms"], fixes["speed_kmh"], fixes["received_ms"]
    on_trip = np.array([life.trip_at(ms) is not None for ms in ts.tolist()], dtype=bool)
    night_hour = (ts + IST_MS) % (24 * HOUR) // HOUR
    yield "overspeed", kmh > LIMIT_KMH
    yield "night_driving", (kmh > STANDS_KMH) & ((night_hour >= 23) | (night_hour < 5))
    yield "long_stoppage", _since(kmh > STANDS_KMH, ts, 90 * MINUTE) & on_trip
    yield "continuous_driving", _since(kmh <= STANDS_KMH, ts, 5 * HOUR)
    silence = np.diff(received, prepend=received[:1]) > 15 * MINUTE
    yield "tracking_interrupted", silence & on_trip
    off = np.append(0.0, np.abs(np.diff(fixes["fuel_pct"])) * (np.diff(fixes["fuel_pct"]) < 0))
    yield "fuel_drop", off >= LOST_PCT
    yield "panic", fixes["alarm"] != MISSING_INT8
    yield "tampering", fixes["external_v"] < LOW_V
    if on_trip.any():
        yield "route_deviation", _off_route(life, fixes) & on_trip
    for fence in life.fences:
        kind = {"restricted": "geofence_breach", "no_entry": "no_entry"}.get(fence["kind"])
        if kind is not None:
            at, radius_m = fence["shape"]["center"], fence["shape"]["radius_m"]
            yield kind, haversine_m(fixes["lat"], fixes["lon"], at["lat"], at["lon"]) <= radius_m


def _since(reset: Bools, ts: Any, for_ms: int) -> Bools:
    """So long since it was otherwise; whoever counts by the newest fix is reset by any."""
    last = np.maximum.accumulate(np.where(reset, ts, ts[0]))
    return np.asarray(ts - last >= for_ms)


def _off_route(life: Life, fixes: FixArray) -> Bools:
    """Farther than that from the nearest point of its line, a fix at a time."""
    off = np.zeros(len(fixes), dtype=bool)
    for trip in life.trips:
        now = (fixes["ts_ms"] >= trip.departs_ms) & (fixes["ts_ms"] < trip.arrives_ms)
        index = np.flatnonzero(now)
        when, far = (np.array(each, dtype=np.float64) for each in zip(*trip.knots, strict=True))
        here = np.interp(fixes["ts_ms"][index], when, far)
        lat, lon, _ = trip.way.at(np.clip(here, 0.01, trip.way.length_m - 0.01))
        off[index] = haversine_m(fixes["lat"][index], fixes["lon"][index], lat, lon) > OFF_M
    return off


# What single fixes can say anything about.
KINDS = frozenset(
    {
        *("overspeed", "night_driving", "long_stoppage", "continuous_driving", "panic"),
        *("tracking_interrupted", "fuel_drop", "tampering", "route_deviation"),
        *("geofence_breach", "no_entry"),
    }
)
