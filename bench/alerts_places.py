"""Places of a week: yards, areas closed to single trucks, and who is near any of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bench.alerts_fixes import EVERY_S, NOISE_M, place
from bench.alerts_lives import MINUTE, START_MS, Expected, Floats, Life, Way
from geo.point import haversine_m

YARD_M = 900.0
APART_M = 5_000.0
AHEAD_M = np.arange(0.0, 16_000.0, 500.0)  # so far an incident reaches
CLOSED = {"restricted": "geofence_breach", "no_entry": "no_entry"}


def yards(roads: Sequence[Way]) -> list[dict[str, Any]]:
    ends = {tuple(np.round(way.shape[i], 4).tolist()) for way in roads for i in (0, -1)}
    return [
        {
            "fence_id": f"Y{nr}",
            "kind": "depot",
            "shape": {"center": {"lat": lat, "lon": lon}, "radius_m": YARD_M},
        }
        for nr, (lat, lon) in enumerate(sorted(ends))
    ]


def centers(fences: Iterable[dict[str, Any]]) -> Floats:
    found = [fence["shape"]["center"] for fence in fences]
    return np.array([(at["lat"], at["lon"]) for at in found], dtype=np.float64).reshape(-1, 2)


def is_apart(way: Way, at_m: Floats, others: Floats) -> bool:
    """Nothing at these places along the way is near any of the others."""
    lat, lon, _ = way.at(at_m)
    return all(
        bool((haversine_m(lat, lon, other[0], other[1]) > APART_M).all()) for other in others
    )


def passages(life: Life, end_ms: int, expected: Sequence[Expected]) -> list[Expected]:
    """Whenever else it drives through an area that is closed to it, on its way back for one."""
    closed = [fence for fence in life.fences if fence["kind"] in CLOSED]
    if not closed:
        return []
    ts = np.arange(START_MS, end_ms, EVERY_S * 1000)
    lat, lon, head, kmh = (np.zeros(len(ts)) for _ in range(4))
    place(life, ts, lat, lon, head, kmh, np.zeros(len(ts), dtype=np.int64))
    found = []
    for fence in closed:
        at, kind = fence["shape"]["center"], CLOSED[fence["kind"]]
        radius_m = fence["shape"]["radius_m"] + 10.0 * NOISE_M
        inside = haversine_m(lat, lon, at["lat"], at["lon"]) <= radius_m
        begun = ts[inside & ~np.append(False, inside[:-1])]
        left = ts[inside & ~np.append(inside[1:], False)]
        found += [
            _passage(kind, life, from_ms, to_ms)
            for from_ms, to_ms in zip(begun.tolist(), left.tolist(), strict=True)
            if not any(_is_scripted(one, kind, life, from_ms, to_ms) for one in expected)
        ]
    return found


def _passage(kind: str, life: Life, from_ms: int, to_ms: int) -> Expected:
    # It may be heard of late, or only when it is over, and is not told then.
    return Expected(
        kind,
        life.key,
        from_ms - 2 * MINUTE,
        to_ms + 40 * MINUTE,
        "passes again",
        is_live=False,
        is_asked=False,
    )


def _is_scripted(one: Expected, kind: str, life: Life, from_ms: int, to_ms: int) -> bool:
    is_of = one.kind == kind and one.truck == life.key
    return is_of and from_ms <= one.to_ms and to_ms >= one.from_ms
