"""What the whole rule set costs a fix: the shards' own fold, on trucks that drive along routes."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from bench.geo_world import STEP_M, TRUCKS, Drive, drives, sites, tracks
from config.policy import defaults
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from freight.tracking.folding import World
from freight.tracking.journeys import LINE_PRECISION, JourneyBook, JourneyPlan, Line
from freight.tracking.names import TruckName
from geo.polyline import encode
from sim.truth import DrawnFence

TENANT_KEY = 1
START_MS = 1_760_000_000_000
STEP_MS = 15_000
STEPS = 120
WARM_STEPS = 20  # trucks that nobody knows yet are no driving stream
RECEIVED_MS = 800
NOISE_M = 4.0
ROUTE_POINTS = 500
METRES_PER_DEGREE = 111_195.0


@dataclasses.dataclass(frozen=True, slots=True)
class Followed:
    """A truck's journey as the store gives it: only the way."""

    truck_key: int
    plan: JourneyPlan
    revision: int
    tenant_key: int = TENANT_KEY
    version: int = 1
    valid_from_ms: int = 0

    @property
    def journey_id(self) -> str:
        return f"J{self.truck_key}"


def journeys(seed: int) -> JourneyBook:
    """Each truck on the way that it drives, drawn with ROUTE_POINTS points."""
    book = JourneyBook()
    book.apply(
        Followed(truck + 1, _plan(drive), truck + 1)
        for truck, drive in enumerate(drives(STEPS, seed))
    )
    return book


def _plan(drive: Drive) -> JourneyPlan:
    return JourneyPlan(START_MS, Line(encode(drive.way(ROUTE_POINTS), LINE_PRECISION)))


def stream(seed: int) -> FixArray:
    """All trucks in turn, each STEP_M and STEP_MS after its fix before, as receivers say it."""
    rng = np.random.default_rng(seed)
    driven = tracks(STEPS, seed)
    seen = driven + rng.normal(0.0, NOISE_M / METRES_PER_DEGREE, driven.shape)
    fixes = np.zeros(TRUCKS * STEPS, dtype=FIX_DTYPE)
    by_step = fixes.reshape(STEPS, TRUCKS)
    for step in range(STEPS):
        trucks = rng.permutation(TRUCKS)
        row = by_step[step]
        row["truck_key"] = trucks + 1
        row["lat"], row["lon"] = seen[trucks, step].T
        row["heading_deg"] = _headings(driven, step)[trucks]
        row["ts_ms"] = START_MS + step * STEP_MS + trucks * (STEP_MS // TRUCKS)
    fixes["tenant_key"] = TENANT_KEY
    fixes["received_ms"] = fixes["ts_ms"] + RECEIVED_MS
    fixes["speed_kmh"] = STEP_M / STEP_MS * 3_600.0 + rng.normal(0.0, 3.0, len(fixes))
    fixes["accuracy_m"] = NOISE_M
    fixes["ignition"] = 1
    fixes["alarm"] = MISSING_INT8
    fixes["seq"], fixes["satellites"] = MISSING_INT64, MISSING_INT16
    for name in ("altitude_m", "odometer_km", "hdop", "battery_v", "external_v"):
        fixes[name] = np.nan
    fixes["fuel_pct"] = np.nan
    return fixes


def _headings(driven: npt.NDArray[np.float64], step: int) -> npt.NDArray[np.float64]:
    """From one step to the next, before the receivers' noise."""
    first = min(step, STEPS - 2)
    north, east = (driven[:, first + 1] - driven[:, first]).T
    squeeze = np.cos(np.radians(driven[:, first, 0]))
    return np.asarray(np.degrees(np.arctan2(east * squeeze, north)) % 360.0)


def _drawn(shape: shapely.Polygon) -> dict[str, Any]:
    ring = shapely.get_coordinates(shape.exterior).tolist()
    return {"type": "Polygon", "coordinates": [ring]}


def world(fences: int, vertices: int, seed: int) -> World:
    book = FenceBook()
    book.apply(
        DrawnFence(TENANT_KEY, i + 1, f"F{i}", _drawn(shape), kind="depot")
        for i, shape in enumerate(sites(fences, vertices, seed))
    )
    if book.unusable:
        raise ValueError(f"fences that hold nobody: {book.unusable}")
    names = {key: TruckName("bench", f"T{key}") for key in range(1, TRUCKS + 1)}
    rules = defaults().tracking_rules
    return World(book, names, lambda _tenant: rules, START_MS, journeys(seed))


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
    began = time.process_time()
    for at in range(warm, len(fixes), batch):
        folding = fold(columns, fixes[at : at + batch], around)
        columns.apply(folding, START_MS)
        quiet += int(folding.quiet.fixes.sum())
        events += len(folding.events)
    took_s = time.process_time() - began
    count = len(fixes) - warm
    return Cost(took_s / count * 1e6, quiet / count, events)
