"""What the whole rule set costs a fix: the shards' own fold, on trucks that drive along routes."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from bench.geo_world import STEP_M, TRUCKS, sites, tracks
from config.policy import defaults
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.names import TruckName

TENANT_KEY = 1
START_MS = 1_760_000_000_000
STEP_MS = 15_000
STEPS = 120
WARM_STEPS = 20  # trucks that nobody knows yet are no driving stream
RECEIVED_MS = 800
NOISE_M = 4.0
METRES_PER_DEGREE = 111_195.0


@dataclasses.dataclass(frozen=True, slots=True)
class Drawn:
    """A fence version as the store gives it, with nothing but its shape."""

    fence_id: str
    shape: dict[str, object]
    revision: int
    tenant_key: int = TENANT_KEY
    name: str = "site"
    kind: str | None = "depot"
    version: int = 1
    valid_from_ms: int = 0
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: dict[str, object] | None = None
    crossings: bool = False
    notify: tuple[str, ...] | None = None
    truck_classes: tuple[str, ...] | None = None


def stream(seed: int) -> FixArray:
    """All trucks in turn, each STEP_M and STEP_MS after its fix before, as receivers say it."""
    rng = np.random.default_rng(seed)
    driven = tracks(STEPS, seed)
    driven += rng.normal(0.0, NOISE_M / METRES_PER_DEGREE, driven.shape)
    fixes = np.zeros(TRUCKS * STEPS, dtype=FIX_DTYPE)
    by_step = fixes.reshape(STEPS, TRUCKS)
    for step in range(STEPS):
        trucks = rng.permutation(TRUCKS)
        row = by_step[step]
        row["truck_key"] = trucks + 1
        row["lat"], row["lon"] = driven[trucks, step].T
        row["ts_ms"] = START_MS + step * STEP_MS + trucks * (STEP_MS // TRUCKS)
    fixes["tenant_key"] = TENANT_KEY
    fixes["received_ms"] = fixes["ts_ms"] + RECEIVED_MS
    fixes["speed_kmh"] = STEP_M / STEP_MS * 3_600.0 + rng.normal(0.0, 3.0, len(fixes))
    fixes["accuracy_m"] = NOISE_M
    fixes["ignition"] = 1
    fixes["alarm"] = MISSING_INT8
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    for name in ("heading_deg", "altitude_m", "odometer_km", "hdop", "battery_v", "external_v"):
        fixes[name] = np.nan
    fixes["fuel_pct"] = np.nan
    return fixes


def world(fences: int, vertices: int, seed: int) -> World:
    book = FenceBook()
    book.apply(
        Drawn(f"F{i}", {"type": "Polygon", "coordinates": [list(shape.exterior.coords)]}, i + 1)
        for i, shape in enumerate(sites(fences, vertices, seed))
    )
    names = {key: TruckName("bench", f"T{key}") for key in range(1, TRUCKS + 1)}
    rules = defaults().tracking_rules
    return World(book, names, lambda _tenant: rules, known_at_ms=START_MS)


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    us_a_fix: float
    quiet_share: float
    events: int


def measure(around: World, fixes: FixArray, batch: int) -> Cost:
    columns = TruckColumns()
    warm = TRUCKS * WARM_STEPS
    for at in range(0, warm, batch):
        columns.apply(fold(columns, fixes[at : at + batch], around), START_MS)
    quiet = events = 0
    began = time.perf_counter()
    for at in range(warm, len(fixes), batch):
        folding = fold(columns, fixes[at : at + batch], around)
        columns.apply(folding, START_MS)
        quiet += int(folding.quiet.fixes.sum())
        events += len(folding.events)
    took_s = time.perf_counter() - began
    count = len(fixes) - warm
    return Cost(took_s / count * 1e6, quiet / count, events)
