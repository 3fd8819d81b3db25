"""Where in a truck's device time its state is kept, for late fixes to be folded in from."""

from __future__ import annotations

import msgspec

from freight.fixes import MISSING_INT64
from freight.tracking.tracked import Tracked

# Spreads the trucks' boundaries over time: all devices show the same hour at once.
STAGGER = 2_654_435_761  # a prime that spreads small numbers


class Checkpoint(msgspec.Struct, frozen=True):
    """The state after all fixes before `boundary_ms` and none from it on."""

    boundary_ms: int
    state: Tracked


def boundary_passed(seen_ms: int, ts_ms: int, truck_key: int, every_s: float) -> int | None:
    """The last boundary after the newest fix so far and not after this one."""
    if seen_ms == MISSING_INT64:
        return None
    boundary_ms = _boundary_ms(ts_ms, truck_key, every_s)
    return boundary_ms if boundary_ms > seen_ms else None


def boundary_after(ts_ms: int, truck_key: int, every_s: float) -> int:
    return _boundary_ms(ts_ms, truck_key, every_s) + round(every_s * 1000.0)


def _boundary_ms(ts_ms: int, truck_key: int, every_s: float) -> int:
    every_ms = round(every_s * 1000.0)
    stagger_ms = truck_key * STAGGER % every_ms
    return (ts_ms + stagger_ms) // every_ms * every_ms - stagger_ms
