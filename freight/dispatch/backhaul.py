"""Chains a truck that is finishing a load to the next one before it is empty."""

from __future__ import annotations

import msgspec

from freight.dispatch.rules import TravelRules
from freight.dispatch.world import FreeTruck

MS_PER_MINUTE = 60_000


def finishing(
    truck: FreeTruck, drop: tuple[float, float], arrives_ms: int, rules: TravelRules, now_ms: int
) -> FreeTruck:
    """The same truck as it will be empty at its drop: from there, and from then on, it may go.

    An arrival that was predicted for a time gone by is taken as now: it still has to be unloaded.
    """
    empty_ms = max(arrives_ms, now_ms) + rules.unloading_minutes * MS_PER_MINUTE
    lat, lon = drop
    return msgspec.structs.replace(truck, free_at_ms=empty_ms, free_lat=lat, free_lon=lon)
