"""Late fixes inside a shard's transaction: read around them, settle, store the difference."""

from __future__ import annotations

import numpy as np

from config.sections.tracking import Tracking
from freight.events import TruckEvent
from freight.fixes import FixArray
from freight.tracking.folding import World
from freight.tracking.late import KnownEvent, Window, settle
from store import events, fixes
from store.fixes import Span
from store.postgres import AnyConnection


async def settle_late(conn: AnyConnection, late: FixArray, world: World, limits: Tracking) -> int:
    """How many events the late fixes made, took back or put in force again.

    Fixes beyond the horizon are stored like any other, but the past is left as it was told.
    """
    horizon_ms = world.known_at_ms - int(limits.late_horizon_s * 1000)
    recent = late[late["ts_ms"] >= horizon_ms]
    if not len(recent):
        return 0
    told: list[TruckEvent] = []
    for window in await _windows(conn, _spans(recent, limits.late_span_gap_s)):
        told += settle(window, world)
    return await events.insert(conn, told)


def _spans(late: FixArray, gap_s: float) -> list[Span]:
    """Late fixes of one truck that lie near each other are settled together.

    Far apart ones are not, so that the days between them need not be read.
    """
    late = late[np.lexsort((late["ts_ms"], late["truck_key"]))]
    apart = np.diff(late["ts_ms"]) > gap_s * 1000
    cuts = np.flatnonzero(apart | (np.diff(late["truck_key"]) != 0)) + 1
    return [
        Span(int(part["truck_key"][0]), int(part["ts_ms"][0]), int(part["ts_ms"][-1]))
        for part in np.split(late, cuts)
    ]


async def _windows(conn: AnyConnection, spans: list[Span]) -> list[Window]:
    around = await fixes.windows(conn, spans)
    wider = [
        Span(span.truck_key, int(part["ts_ms"][0]), int(part["ts_ms"][-1]))
        for span, part in zip(spans, around, strict=True)
    ]
    by_truck: dict[int, list[KnownEvent]] = {}
    for event in await events.of_spans(conn, wider):
        if event.truck_key is not None:
            mine = by_truck.setdefault(event.truck_key, [])
            mine.append(KnownEvent(event.id, event.type, event.time_ms, event.data))
    windows = []
    for span, part, reach in zip(spans, around, wider, strict=True):
        mine = by_truck.get(span.truck_key, [])
        known = [e for e in mine if reach.from_ms <= e.time_ms <= reach.to_ms]
        windows.append(Window(part, reach.from_ms < span.from_ms, known))
    return windows
