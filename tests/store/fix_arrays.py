"""Fixes for the store's tests: empty but valid ones, and hypothesis strategies for all the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray

START_MS = 1_790_000_000_123
MISSING_INTEGERS = {
    "seq": MISSING_INT64,
    "satellites": MISSING_INT16,
    "ignition": MISSING_INT8,
    "alarm": MISSING_INT8,
}
OPTIONAL_FLOATS = (
    "speed_kmh",
    "heading_deg",
    "accuracy_m",
    "altitude_m",
    "odometer_km",
    "hdop",
    "battery_v",
    "external_v",
    "fuel_pct",
)


def bare_fixes(tenant_key: int, truck_key: int, ts_ms: list[int]) -> FixArray:
    """Fixes of one truck that say nothing but where it was."""
    fixes = np.zeros(len(ts_ms), FIX_DTYPE)
    fixes["tenant_key"], fixes["truck_key"] = tenant_key, truck_key
    fixes["ts_ms"] = ts_ms
    fixes["received_ms"] = fixes["ts_ms"] + 40
    fixes["lat"], fixes["lon"] = 19.07, 72.87
    for name in OPTIONAL_FLOATS:
        fixes[name] = np.nan
    for name, missing in MISSING_INTEGERS.items():
        fixes[name] = missing
    return fixes


def _one_fix() -> st.SearchStrategy[dict[str, Any]]:
    float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "lat": st.floats(-90, 90),
        "lon": st.floats(-180, 180),
        "received_ms": st.integers(START_MS, START_MS + 10**9),
    }
    for name in OPTIONAL_FLOATS:
        fields[name] = st.just(np.nan) | float32
    for name, missing in MISSING_INTEGERS.items():
        high = 1 if name == "ignition" else int(np.iinfo(FIX_DTYPE[name]).max)
        low = 0 if name == "ignition" else missing
        fields[name] = st.just(missing) | st.integers(low, high)
    return st.fixed_dictionaries(fields)


def any_fixes(tenant_key: int, truck_key: int) -> st.SearchStrategy[FixArray]:
    """Every pattern of missing values, also columns that nobody or everybody fills."""

    def build(rows: list[dict[str, Any]], silent: frozenset[str], ts_ms: list[int]) -> FixArray:
        fixes = bare_fixes(tenant_key, truck_key, ts_ms[: len(rows)])
        for at, row in enumerate(rows):
            for name, value in row.items():
                if name not in silent:
                    fixes[name][at] = value
        return fixes

    times = st.lists(
        st.integers(START_MS, START_MS + 86_400_000), min_size=8, max_size=8, unique=True
    )
    silent = st.frozensets(st.sampled_from([*OPTIONAL_FLOATS, *MISSING_INTEGERS]))
    return st.builds(build, st.lists(_one_fix(), min_size=1, max_size=8), silent, times)
