"""Late truth: fixes that arrive after newer ones are folded in where they belong.

The crossings around a late fix are derived again from the stored fixes on both sides of it; the
difference to the events that stand is new events, retractions and reinstatements.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from freight.events import TruckEvent, event_id
from freight.fixes import FixArray
from freight.tracking.crossings import ENTERED, EXITED, Crossing, between_fixes, crossing_event
from freight.tracking.folding import World

RETRACTED = "event.retracted"
CORRECTED = "event.corrected"


@dataclasses.dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event of the truck as it is stored, oldest first in the order it was learned."""

    id: uuid.UUID
    type: str
    time_ms: int
    data: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """One truck's stored fixes around late ones, in device time."""

    fixes: FixArray
    # The first fix is only context: its own events were settled before it.
    has_context: bool
    # Every event known of the truck between the first and the last fix.
    known: Sequence[KnownEvent]


def settle(window: Window, world: World) -> list[TruckEvent]:
    """What the window's fixes now say, less what is already known."""
    fixes = window.fixes
    eligible = _eligible_fences(fixes, world)
    derived = {e.id: e for e in _derive(window, eligible, world)}
    fence_ids = {fence.id for n in eligible if (fence := world.fences.get(n)) is not None}
    standing, toggles = _standing(window, fence_ids)
    out = [e for e in derived.values() if e.id not in toggles]
    for known_id, known in standing.items():
        if known_id not in derived:
            out.append(_toggle(RETRACTED, known, toggles[known_id], window, world))
    for known_id, event in derived.items():
        if known_id in toggles and known_id not in standing:
            again = KnownEvent(event.id, event.type, event.time_ms, event.data)
            out.append(_toggle(CORRECTED, again, toggles[known_id], window, world))
    return sorted(out, key=lambda e: (e.time_ms, str(e.id)))


def _eligible_fences(fixes: FixArray, world: World) -> frozenset[int]:
    """Fences that were in force, as they are now, when the earliest of these fixes came in.

    A fence drawn or changed since then was not what the known events were derived from; the past
    is not told anew with it.
    """
    index = world.fences.index_of(int(fixes["tenant_key"][0]))
    if index is None:
        return frozenset()
    _, numbers = index.holding(fixes["lat"], fixes["lon"])
    came_in_ms = int(fixes["received_ms"].min())
    kept = []
    for number in np.unique(numbers).tolist():
        fence = world.fences.get(number)
        if fence is not None and fence.valid_from_ms <= came_in_ms:
            kept.append(number)
    return frozenset(kept)


def _derive(window: Window, eligible: frozenset[int], world: World) -> list[TruckEvent]:
    fixes = window.fixes
    index = world.fences.index_of(int(fixes["tenant_key"][0]))
    if index is None or not eligible:
        return []
    points, numbers = index.holding(fixes["lat"], fixes["lon"])
    keep = np.isin(numbers, np.fromiter(eligible, dtype=np.int64))
    points, numbers = points[keep], numbers[keep]
    previous = np.arange(len(fixes)) - 1
    found = between_fixes(points, numbers, previous)
    if not window.has_context:
        found += [Crossing(0, ENTERED, n, True) for n in numbers[points == 0].tolist()]
    name = world.names[int(fixes["truck_key"][0])]
    events = []
    for crossing in found:
        fence = world.fences.get(crossing.fence)
        if fence is None:
            continue
        events.append(
            crossing_event(
                crossing,
                fence,
                fixes=fixes,
                before=crossing.fix - 1 if crossing.fix > 0 else None,
                name=name,
                known_at_ms=world.known_at_ms,
            )
        )
    return events


def _standing(
    window: Window, fence_ids: set[str]
) -> tuple[dict[uuid.UUID, KnownEvent], dict[uuid.UUID, int]]:
    """Crossings that are known and not retracted, and how often each known one was turned."""
    settled_ms = int(window.fixes["ts_ms"][0]) if window.has_context else None
    standing: dict[uuid.UUID, KnownEvent] = {}
    originals: dict[uuid.UUID, KnownEvent] = {}
    toggles: dict[uuid.UUID, int] = {}
    for event in window.known:
        if settled_ms is not None and event.time_ms <= settled_ms:
            continue
        if event.type in (ENTERED, EXITED) and event.data.get("fence") in fence_ids:
            standing[event.id] = originals[event.id] = event
            toggles[event.id] = 0
        elif event.type in (RETRACTED, CORRECTED):
            about = uuid.UUID(event.data["replaces"])
            if about not in originals:
                continue
            toggles[about] += 1
            if event.type == RETRACTED:
                standing.pop(about, None)
            else:
                standing[about] = originals[about]
    return standing, toggles


def _toggle(kind: str, about: KnownEvent, turned: int, window: Window, world: World) -> TruckEvent:
    """Take an event back, or put it in force again; numbered, so that each turn has its own id."""
    truck_key = int(window.fixes["truck_key"][0])
    name = world.names[truck_key]
    return TruckEvent(
        id=event_id(truck_key, kind, f"{about.id}/{turned + 1}", about.time_ms),
        type=kind,
        tenant_key=int(window.fixes["tenant_key"][0]),
        truck_key=truck_key,
        tenant=name.tenant,
        subject=f"trucks/{name.truck}",
        time_ms=about.time_ms,
        known_at_ms=world.known_at_ms,
        data={
            **about.data,
            "replaces": str(about.id),
            "replaces_type": about.type,
            "reason": "a late fix",
        },
    )
