"""Fences entered and left: a set difference between each fix and the one before it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from freight.events import TruckEvent, event_id
from freight.fixes import FixArray
from freight.tracking.columns import IntArray, TruckColumns
from freight.tracking.fences import Fence, FenceBook
from freight.tracking.folding import Folding, World
from freight.tracking.names import TruckName

ENTERED = "truck.fence.entered"
EXITED = "truck.fence.exited"


@dataclasses.dataclass(frozen=True, slots=True)
class Crossing:
    """At fix `fix` the truck was first seen inside, or first seen outside, a fence."""

    fix: int
    kind: str
    fence: int
    # The truck's first fix, or a fence drawn around it: it is inside, but nobody saw it enter.
    initial: bool = False


def between_fixes(points: IntArray, fences: IntArray, previous: IntArray) -> list[Crossing]:
    """Crossings between consecutive fixes, from the (fix, fence) pairs that say who is inside."""
    if not len(points):
        return []
    width = int(fences.max()) + 1
    inside = points * width + fences
    before = previous[points]
    known = before >= 0
    entered = known & ~np.isin(before * width + fences, inside)
    following = np.full(len(previous), -1, dtype=np.int64)
    following[previous[previous >= 0]] = np.flatnonzero(previous >= 0)
    after = following[points]
    left = (after >= 0) & ~np.isin(after * width + fences, inside)
    pairs_in = zip(points[entered].tolist(), fences[entered].tolist(), strict=True)
    pairs_out = zip(after[left].tolist(), fences[left].tolist(), strict=True)
    return [Crossing(fix, ENTERED, fence) for fix, fence in pairs_in] + [
        Crossing(fix, EXITED, fence) for fix, fence in pairs_out
    ]


def fence_crossings(folding: Folding, columns: TruckColumns, world: World) -> None:
    points, fences = _holding(folding, world.fences)
    found = between_fixes(points, fences, folding.previous)
    found += _at_first_fixes(folding, columns, world.fences, points, fences)
    folding.inside_after = _inside_after(folding, columns, points, fences)
    found.sort(key=lambda c: (c.fix, c.kind == ENTERED, c.fence))
    for crossing in found:
        event = _event_of(crossing, folding, world)
        if event is not None:
            folding.events.append(event)


def _holding(folding: Folding, book: FenceBook) -> tuple[IntArray, IntArray]:
    """All (fix, fence) pairs of the batch, tenant by tenant, sorted by fix."""
    tenants = np.unique(folding.fixes["tenant_key"])
    found_points: list[IntArray] = []
    found_fences: list[IntArray] = []
    for tenant_key in tenants.tolist():
        index = book.index_of(tenant_key)
        if index is None:
            continue
        members = np.flatnonzero(folding.fixes["tenant_key"] == tenant_key)
        fixes = folding.fixes[members]
        points, fences = index.holding(fixes["lat"], fixes["lon"])
        found_points.append(members[points])
        found_fences.append(fences)
    if not found_points:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    all_points, all_fences = np.concatenate(found_points), np.concatenate(found_fences)
    order = np.argsort(all_points, kind="stable")
    return all_points[order], all_fences[order]


def _sets(points: IntArray, fences: IntArray, wanted: IntArray) -> dict[int, frozenset[int]]:
    """The fences of each wanted fix that is in any."""
    starts = np.searchsorted(points, wanted, side="left")
    ends = np.searchsorted(points, wanted, side="right")
    some = np.flatnonzero(ends > starts)
    return {int(wanted[i]): frozenset(fences[starts[i] : ends[i]].tolist()) for i in some.tolist()}


def _at_first_fixes(
    folding: Folding,
    columns: TruckColumns,
    book: FenceBook,
    points: IntArray,
    fences: IntArray,
) -> list[Crossing]:
    """Crossings between the state before the batch and each truck's first fix in it."""
    firsts = np.flatnonzero(folding.previous < 0)
    now_inside = _sets(points, fences, firsts)
    entered: list[tuple[int, int, int]] = []
    found: list[Crossing] = []
    for fix, row in zip(firsts.tolist(), folding.rows[firsts].tolist(), strict=True):
        before = columns.inside.get(row, frozenset())
        now = now_inside.get(fix, frozenset())
        if before != now:
            entered += [(fix, row, n) for n in now - before]
            found += [Crossing(fix, EXITED, n) for n in before - now]
    if entered:
        around = _drawn_around(np.unique([row for _, row, _ in entered]), columns, book)
        found += [Crossing(fix, ENTERED, n, n in around.get(row, {n})) for fix, row, n in entered]
    return found


def _drawn_around(
    rows: IntArray, columns: TruckColumns, book: FenceBook
) -> dict[int, frozenset[int]]:
    """Fences that hold each truck's position before this batch; no entry when it had none.

    A fence that holds it and was not noted as holding it has come or changed since.
    """
    last = columns.last[rows]
    seen = last["tenant_key"] >= 0
    rows, last = rows[seen], last[seen]
    around: dict[int, frozenset[int]] = {}
    for tenant_key in np.unique(last["tenant_key"]).tolist():
        members = np.flatnonzero(last["tenant_key"] == tenant_key)
        around |= {row: frozenset() for row in rows[members].tolist()}
        index = book.index_of(tenant_key)
        if index is not None:
            points, fences = index.holding(last["lat"][members], last["lon"][members])
            held = _sets(points, fences, np.arange(len(members)))
            around |= {int(rows[members[point]]): numbers for point, numbers in held.items()}
    return around


def _inside_after(
    folding: Folding, columns: TruckColumns, points: IntArray, fences: IntArray
) -> dict[int, frozenset[int]]:
    """What changes in the trucks' memberships once this batch is the state."""
    now_inside = _sets(points, fences, folding.newest)
    changed: dict[int, frozenset[int]] = {}
    rows = folding.rows[folding.newest].tolist()
    for fix, row in zip(folding.newest.tolist(), rows, strict=True):
        now = now_inside.get(fix, frozenset())
        if now != columns.inside.get(row, frozenset()):
            changed[row] = now
    return changed


def _event_of(crossing: Crossing, folding: Folding, world: World) -> TruckEvent | None:
    fence = world.fences.get(crossing.fence)
    if fence is None:
        return None  # deleted since: the truck did not cross anything
    before = int(folding.previous[crossing.fix])
    return crossing_event(
        crossing,
        fence,
        fixes=folding.fixes,
        before=before if before >= 0 else None,
        name=world.names[int(folding.fixes["truck_key"][crossing.fix])],
        known_at_ms=world.known_at_ms,
    )


def crossing_event(
    crossing: Crossing,
    fence: Fence,
    *,
    fixes: FixArray,
    before: int | None,
    name: TruckName,
    known_at_ms: int,
) -> TruckEvent:
    fix = fixes[crossing.fix]
    truck_key, time_ms = int(fix["truck_key"]), int(fix["ts_ms"])
    data: dict[str, Any] = {
        "fence": fence.id,
        "fence_name": fence.name,
        "fence_kind": fence.kind,
        "fence_version": fence.version,
        "position": {"lat": float(fix["lat"]), "lon": float(fix["lon"])},
    }
    if crossing.initial:
        data["initial"] = True
    if before is not None:
        data["previous_ts_ms"] = int(fixes["ts_ms"][before])
    return TruckEvent(
        id=event_id(truck_key, crossing.kind, fence.id, time_ms),
        type=crossing.kind,
        tenant_key=int(fix["tenant_key"]),
        truck_key=truck_key,
        tenant=name.tenant,
        subject=f"trucks/{name.truck}",
        time_ms=time_ms,
        known_at_ms=known_at_ms,
        data=data,
    )
