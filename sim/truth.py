"""What must come of a stream of fixes: its machines fix by fix in order, for tests to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from freight.fixes import FixArray
from freight.tracking.fences import FenceBook
from freight.tracking.fold import Followed, follow, holding, sets_of
from freight.tracking.folding import World
from freight.tracking.machines.visiting import ENTERED, EXITED
from freight.tracking.names import TruckName
from freight.tracking.rules import TrackingRules
from freight.tracking.sample import samples
from freight.tracking.tracked import Tracked

NOWHERE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class ExpectedCrossing:
    truck_key: int
    ts_ms: int
    kind: str
    fence: str


@dataclass(frozen=True, slots=True)
class DrawnFence:
    """A body of POST /v1/fences as the fence book takes it, for one tenant."""

    tenant_key: int
    revision: int
    fence_id: str
    shape: dict[str, Any]
    name: str = ""
    kind: str | None = None
    version: int = 1
    valid_from_ms: int = 0
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: dict[str, Any] | None = None
    crossings: bool = False
    notify: tuple[str, ...] | None = None
    truck_classes: tuple[str, ...] | None = None


def distinct_fixes(fixes: FixArray) -> FixArray:
    """Each (truck, device time) once, by truck and then device time."""
    order = np.lexsort((fixes["ts_ms"], fixes["truck_key"]))
    ordered = fixes[order]
    repeated = (ordered["truck_key"][1:] == ordered["truck_key"][:-1]) & (
        ordered["ts_ms"][1:] == ordered["ts_ms"][:-1]
    )
    return np.asarray(ordered[np.concatenate([[True], ~repeated])] if len(ordered) else ordered)


def expected_crossings(
    fixes: FixArray, fences: Iterable[Mapping[str, Any]], rules: TrackingRules
) -> list[ExpectedCrossing]:
    """All that is told, when every fence stands before the first fix and every fix arrives.

    Fixes, of one tenant, may come in any order and more than once; fences are bodies of
    POST /v1/fences.
    """
    ordered = distinct_fixes(fixes)
    if not len(ordered):
        return []
    world = _world(ordered, fences, rules)
    sets = sets_of(*holding(ordered, world.fences), np.arange(len(ordered)))
    trucks: dict[int, Followed] = {}
    for i, fix in enumerate(samples(ordered)):
        key = int(ordered["truck_key"][i])
        if key not in trucks:
            trucks[key] = follow(Tracked(int(ordered["tenant_key"][i]), key), world)
        trucks[key].look(fix, sets.get(i, NOWHERE))
    return sorted(
        ExpectedCrossing(key, event.time_ms, event.type, event.data["fence"])
        for key, truck in trucks.items()
        for event in truck.facts.events
        if event.type in (ENTERED, EXITED)
    )


def _world(fixes: FixArray, fences: Iterable[Mapping[str, Any]], rules: TrackingRules) -> World:
    tenant_key = int(fixes["tenant_key"][0])
    book = FenceBook()
    book.apply(
        DrawnFence(tenant_key, number, str(fence["id"]), fence["shape"])
        for number, fence in enumerate(fences, start=1)
    )
    names = {key: TruckName("tenant", str(key)) for key in np.unique(fixes["truck_key"]).tolist()}
    return World(book, names, lambda _tenant: rules, int(fixes["ts_ms"].max()))
