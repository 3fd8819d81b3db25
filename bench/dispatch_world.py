"""A made-up market: trucks and waiting legs round the towns of India, with all that excludes."""

from __future__ import annotations

from typing import Any

import numpy as np

from freight.dispatch.world import FreeTruck, WaitingLeg
from geo.point import haversine_m
from geo.roads import read_roads

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# Class, body, kilograms, and how common it is.
KINDS = (
    ("PICKUP_8", "open", 1_250, 2),
    ("LCV_14", "open", 3_800, 3),
    ("LCV_17", "container", 5_000, 3),
    ("MCV_20", "open", 8_000, 4),
    ("SXL_32", "container", 8_000, 5),
    ("MXL_32", "container", 15_000, 5),
    ("OPEN_10W", "open", 17_500, 5),
    ("OPEN_12W", "open", 23_000, 4),
    ("OPEN_14W", "open", 27_500, 3),
    ("TRL_18W", "flatbed", 31_000, 2),
)
CARRIERS = 400
SHIPPERS = 60
SCATTER_DEG = 0.25  # round a town


def free_trucks(count: int, seed: int) -> list[FreeTruck]:
    rng = np.random.default_rng((seed, 1))
    lat, lon = _round_towns(rng, count)
    home_lat, home_lon = _round_towns(rng, count)
    kinds = rng.choice(len(KINDS), count, p=_shares())
    chance = rng.random((count, 8))
    found = []
    for row in range(count):
        name, body, payload_kg, _ = KINDS[kinds[row]]
        finishes = chance[row, 0] < 0.15
        found.append(
            FreeTruck(
                key=1_000 + 3 * row,
                id=f"TRUCK-{row}",
                truck_class=name,
                body=body,
                payload_kg=payload_kg,
                lat=float(lat[row]),
                lon=float(lon[row]),
                seen_ms=NOW_MS - int(chance[row, 1] ** 8 * HOUR_MS),
                carrier=f"C{int(chance[row, 2] * CARRIERS)}",
                free_at_ms=NOW_MS + int(chance[row, 0] * 3 * DAY_MS) if finishes else None,
                papers_until_ms=NOW_MS + int((chance[row, 3] - 0.02) * 200 * DAY_MS),
                hazardous=bool(chance[row, 4] < 0.2),
                driver=f"D{row}",
                driver_minutes_left=int(chance[row, 5] * 780),
                home_lat=float(home_lat[row]),
                home_lon=float(home_lon[row]),
                rating=None if chance[row, 6] < 0.1 else 2.5 + 2.5 * float(chance[row, 6]),
                price_minor_per_km=int(3_000 + 3_000 * chance[row, 7]),
                last_load_ms=NOW_MS - int(chance[row, 4] * 3 * DAY_MS),
                barred_zones=int(chance[row, 2] * 8),
                online=bool(chance[row, 1] < 0.98),
                promised=bool(chance[row, 6] > 0.97),
            )
        )
    return found


def waiting_legs(count: int, seed: int) -> list[WaitingLeg]:
    rng = np.random.default_rng((seed, 2))
    lat, lon = _round_towns(rng, count)
    drop_lat, drop_lon = _round_towns(rng, count)
    trip_km = haversine_m(lat, lon, drop_lat, drop_lon) / 1000.0 * 1.3
    kinds = rng.choice(len(KINDS), count, p=_shares())
    chance = rng.random((count, 6))
    blocked = [frozenset(f"C{n}" for n in rng.choice(CARRIERS, 12)) for _ in range(SHIPPERS)]
    found = []
    for row in range(count):
        _, body, payload_kg, _ = KINDS[kinds[row]]
        shipper = int(chance[row, 0] * SHIPPERS)
        opens_ms = NOW_MS + int(chance[row, 1] * 6 * HOUR_MS)
        found.append(
            WaitingLeg(
                booking=f"B{row}",
                leg="L1",
                lat=float(lat[row]),
                lon=float(lon[row]),
                drop_lat=float(drop_lat[row]),
                drop_lon=float(drop_lon[row]),
                weight_kg=int(payload_kg * (0.6 + 0.4 * chance[row, 2])),
                trip_km=float(trip_km[row]),
                waiting_since_ms=NOW_MS - int(chance[row, 3] * HOUR_MS),
                from_ms=opens_ms,
                to_ms=opens_ms + 6 * HOUR_MS,
                classes=_classes(payload_kg, chance[row, 4]),
                bodies=frozenset({body}) if chance[row, 5] < 0.5 else None,
                hazardous=bool(chance[row, 2] < 0.05),
                shipper=f"S{shipper}",
                blocked=blocked[shipper],
                priority=int(chance[row, 4] < 0.1),
                zones=int(chance[row, 5] * 8),
            )
        )
    return found


def _classes(payload_kg: int, chance: float) -> frozenset[str] | None:
    """Half of the shippers name classes that carry it."""
    if chance < 0.5:
        return None
    return frozenset(name for name, _, kg, _ in KINDS if payload_kg <= kg <= 2 * payload_kg)


def _shares() -> Any:
    common = np.array([kind[3] for kind in KINDS], dtype=np.float64)
    return common / common.sum()


def _round_towns(rng: np.random.Generator, count: int) -> tuple[Any, Any]:
    """Few towns have most of the trade."""
    towns = [(town.lat, town.lon) for town in read_roads().towns]
    places = np.array(towns, dtype=np.float64)
    weight = 1.0 / (1.0 + rng.permutation(len(places)))
    chosen = places[rng.choice(len(places), count, p=weight / weight.sum())]
    moved = chosen + rng.normal(0.0, SCATTER_DEG, chosen.shape)
    return moved[:, 0], moved[:, 1]
