"""Which rules and fences were in force while a truck's fixes came in: the past is told by them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from freight.fixes import MISSING_INT64, FixArray
from freight.tracking.columns import IntArray
from freight.tracking.fences import FenceChange
from freight.tracking.rules import TrackingRules


@dataclasses.dataclass(frozen=True, slots=True)
class Epoch:
    """From `from_ms` on, by our own clock, until the next one."""

    from_ms: int
    fences: Sequence[FenceChange]  # what is different from the epoch before
    fence_revision: int
    rules: TrackingRules
    digest: str


@dataclasses.dataclass(frozen=True, slots=True)
class Gone:
    """A fence before it was drawn."""

    tenant_key: int
    fence_id: str
    revision: int
    version: int = 0
    valid_from_ms: int = 0
    name: str = ""
    kind: str | None = None
    shape: dict[str, Any] | None = None
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: dict[str, Any] | None = None
    crossings: bool = False
    notify: Sequence[str] | None = None
    truck_classes: Sequence[str] | None = None


def epochs(
    since_ms: int,
    versions: Iterable[FenceChange],
    spells: Mapping[int, tuple[str, TrackingRules]],
    now: Epoch,
) -> list[Epoch]:
    """`versions` are all of the fences that changed after `since_ms`, from the one in force then
    on; `spells` says from when on which rules were in force; `now` how things are."""
    ordered = sorted(versions, key=lambda each: each.revision)
    news = [each for each in ordered if each.valid_from_ms > since_ms]
    begun = {each.fence_id: each for each in ordered if each.valid_from_ms <= since_ms}
    for each in news:
        begun.setdefault(each.fence_id, Gone(each.tenant_key, each.fence_id, each.revision))
    turns = {each.valid_from_ms for each in news} | {ms for ms in spells if ms > since_ms}
    out: list[Epoch] = []
    for from_ms in (MISSING_INT64, *sorted(turns)):
        digest, rules = _in_force(spells, max(from_ms, since_ms), now)
        changed = [each for each in news if each.valid_from_ms == from_ms]
        later = [each.revision - 1 for each in news if each.valid_from_ms > from_ms]
        revision = min(later, default=now.fence_revision)
        out.append(Epoch(from_ms, changed if out else [*begun.values()], revision, rules, digest))
    return out


def _in_force(
    spells: Mapping[int, tuple[str, TrackingRules]], at_ms: int, now: Epoch
) -> tuple[str, TrackingRules]:
    """What was in force before anything was noted is taken to be what was noted first."""
    before = [ms for ms in spells if ms <= at_ms]
    if not spells:
        return now.digest, now.rules
    return spells[max(before) if before else min(spells)]


def came_in_ms(fixes: FixArray) -> IntArray:
    """For each fix, in the order of device time, when it or the first fix behind it came in: a
    late one belongs to the time of its neighbours."""
    received: IntArray = fixes["received_ms"]
    return np.asarray(np.minimum.accumulate(received[::-1])[::-1])
