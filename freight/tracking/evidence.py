"""Evidence: a fact is derived again from a kept state, stored fixes and the rules of its time."""

from __future__ import annotations

import dataclasses
import math
import uuid
from typing import Any

import msgspec
import numpy as np

from freight.fixes import FixArray
from freight.tracking.fences import FenceChange
from freight.tracking.fold import follow, holding, sets_of
from freight.tracking.folding import World
from freight.tracking.machines import signal
from freight.tracking.sample import samples
from freight.tracking.standing import Standing, as_stored
from freight.tracking.tracked import Tracked
from geo.shapes import Area, Circle, Shape, ShapeError, parse_shape
from geo.ways import way_mm

NOWHERE: frozenset[int] = frozenset()
MM_PER_M = 1000.0


@dataclasses.dataclass(frozen=True, slots=True)
class Replay:
    """Whether the same comes of it, byte for byte, and if not why."""

    same: bool
    detail: str
    derived: dict[str, Any] | None  # None: the fact did not come of it


def replay(start: Tracked, fixes: FixArray, world: World, fact: Standing) -> Replay:
    """`start` is the state before the first of the fixes, which go up to the one that decided."""
    derived = _derived(start, fixes, world, fact.told.id)
    if derived is None and fact.data is None:
        return Replay(True, "retracted, and it does not come of these fixes", None)
    if derived is None:
        return Replay(False, "it does not come of these fixes by these rules", None)
    if fact.data is None:
        return Replay(False, "retracted, though it comes of these fixes", derived)
    if canonical(derived) == canonical(fact.data):
        return Replay(True, "the same, byte for byte", derived)
    names = derived.keys() | fact.data.keys()
    differing = sorted(name for name in names if derived.get(name) != fact.data.get(name))
    return Replay(False, f"it comes with other values: {', '.join(differing)}", derived)


def _derived(
    start: Tracked, fixes: FixArray, world: World, fact: uuid.UUID
) -> dict[str, Any] | None:
    truck = follow(start, world)
    sets = sets_of(*holding(fixes, world.fences), np.arange(len(fixes)))
    for i, fix in enumerate(samples(fixes)):
        truck.look(fix, sets.get(i, NOWHERE))
    signal.tick(truck.state, truck.around, world.known_at_ms, truck.facts)
    told = {event.id: event.data for event in truck.facts.events}
    return as_stored(told[fact]) if fact in told else None


def canonical(data: dict[str, Any]) -> bytes:
    """Equal for equal facts, whether they come from the machines or from the store."""
    return msgspec.json.encode(_plain(as_stored(data)), order="sorted")


def _plain(value: Any) -> Any:
    """The store knows no minus nought."""
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def may_matter(change: FenceChange, fixes: FixArray, reach_m: float) -> bool:
    """Whether a fence lies so near the fixes that it may be about them; the others, most of a
    tenant's, need not be compiled."""
    if change.shape is None or not len(fixes):
        return False
    try:
        lat, lon, radius_m = _disc(parse_shape(change.shape))
    except ShapeError:
        return False
    reach_mm = (radius_m + reach_m) * MM_PER_M
    return any(
        way_mm(lat, lon, *place) <= reach_mm
        for place in zip(fixes["lat"].tolist(), fixes["lon"].tolist(), strict=True)
    )


def _disc(shape: Shape) -> tuple[float, float, float]:
    """A place and a distance in metres within which the whole shape lies."""
    if isinstance(shape, Circle):
        return shape.center.lat, shape.center.lon, shape.radius_m
    if isinstance(shape, Area):
        west, south, east, north = shape.geometry.bounds
        margin_m = 0.0
    else:
        lats, lons = [p.lat for p in shape.line], [p.lon for p in shape.line]
        west, south, east, north = min(lons), min(lats), max(lons), max(lats)
        margin_m = shape.width_m
    lat, lon = (south + north) / 2, (west + east) / 2
    corners = ((y, x) for y in (south, north) for x in (west, east))
    far_mm = max(way_mm(lat, lon, y, x) for y, x in corners)
    return lat, math.remainder(lon, 360.0), far_mm / MM_PER_M + margin_m
