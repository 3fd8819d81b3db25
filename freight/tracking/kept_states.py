"""A truck's state as a snapshot keeps it, and as the first release kept it."""

from __future__ import annotations

import msgspec

from freight.tracking.columns import TruckState
from freight.tracking.machines.visiting import Visit
from freight.tracking.machines.visits import Visits
from freight.tracking.sample import Sample
from freight.tracking.tracked import Tracked


class FirstState(msgspec.Struct, frozen=True, array_like=True):
    """What release 0.1.0 knew of a truck: its newest fix and the fences it was in."""

    tenant_key: int
    truck_key: int
    ts_ms: int
    committed_ms: int
    lat: float
    lon: float
    speed_kmh: float | None
    heading_deg: float | None
    inside: tuple[str, ...]


_now = msgspec.msgpack.Decoder(TruckState)
_first = msgspec.msgpack.Decoder(FirstState)


def encoded(state: TruckState) -> bytes:
    return msgspec.msgpack.encode(state)


def decoded(body: bytes) -> TruckState:
    try:
        return _now.decode(body)
    except msgspec.ValidationError:
        return _of_first(_first.decode(body))


def _of_first(kept: FirstState) -> TruckState:
    """In the fences it was told to be in; nobody noted since when, so from the fix on."""
    place = (kept.lat, kept.lon)
    good = Sample(kept.ts_ms, kept.committed_ms, *place, kept.speed_kmh, kept.heading_deg)
    fences = tuple(sorted(kept.inside))
    visits = Visits(fences, tuple(Visit(fence, kept.ts_ms, *place) for fence in fences))
    tracked = Tracked(kept.tenant_key, kept.truck_key, seen_ms=kept.ts_ms, good=good, visits=visits)
    return TruckState(kept.committed_ms, tracked)
