"""Late fixes inside a shard's transaction: read around them, settle, store the difference."""

from __future__ import annotations

import numpy as np

from config.policy import Tracking
from freight.fixes import FixArray
from freight.tracking.folding import World
from freight.tracking.late import KnownEvent, Window, settle
from store import events, fixes
from store.postgres import AnyConnection


async def settle_late(conn: AnyConnection, late: FixArray, world: World, limits: Tracking) -> int:
    """How many events the late fixes made, took back or put in force again.

    Fixes beyond the horizon are stored like any other, but the past is left as it was told.
    """
    horizon_ms = world.known_at_ms - int(limits.late_horizon_s * 1000)
    told = 0
    for truck_key in np.unique(late["truck_key"]).tolist():
        times_ms = late["ts_ms"][late["truck_key"] == truck_key]
        times_ms = np.sort(times_ms[times_ms >= horizon_ms])
        for start in range(0, len(times_ms), limits.late_fixes_per_window_max):
            part = times_ms[start : start + limits.late_fixes_per_window_max]
            window = await _window(conn, truck_key, int(part[0]), int(part[-1]))
            told += await events.insert(conn, settle(window, world))
    return told


async def _window(conn: AnyConnection, truck_key: int, from_ms: int, to_ms: int) -> Window:
    around = await fixes.window(conn, truck_key, from_ms, to_ms)
    first_ms, last_ms = int(around["ts_ms"][0]), int(around["ts_ms"][-1])
    stored = await events.of_truck_between(conn, truck_key, first_ms, last_ms)
    # In the order in which they were learned: a retraction counts after what it retracts.
    learned = sorted(stored, key=lambda e: e.seq)
    known = [KnownEvent(e.id, e.type, e.time_ms, e.data) for e in learned]
    return Window(around, first_ms < from_ms, known)
