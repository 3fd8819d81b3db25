"""Where loads are picked up and dropped at all, and when trucks may be in a city."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from freight.fleet.reasons import Reason
from freight.load import Place, StopKind
from freight.rules import Rules, Who, key
from freight.tracking.fences import NO_ENTRY, Fence, FenceBook
from geo.point import FloatArray

HOUR_MS = 3_600_000


class ZoneRules(Rules):
    """Kinds and groups are those of fences; where none are named, everywhere is good."""

    pickup_kinds: frozenset[str] = key(
        "Loads are picked up in fences of these kinds.", who=Who.TENANT, live=True
    )
    pickup_groups: frozenset[str] = key("Or of these groups.", who=Who.TENANT, live=True)
    drop_kinds: frozenset[str] = key(
        "Loads are dropped in fences of these kinds.", who=Who.TENANT, live=True
    )
    drop_groups: frozenset[str] = key("Or of these groups.", who=Who.TENANT, live=True)
    closed_kinds: frozenset[str] = key(
        "In fences of these kinds nothing is picked up or dropped.", who=Who.TENANT, live=True
    )
    entry_wait_h_max: int = key(
        "A truck waits no longer than this for a city that is closed to it.",
        who=Who.TENANT,
        live=True,
    )


class Passage(msgspec.Struct, frozen=True):
    """In a fence, in passing or for a stop: when, counted from the departure."""

    fence: Fence
    enters_after_ms: int
    leaves_after_ms: int


def holding(book: FenceBook, tenant_key: int, places: Sequence[Place]) -> list[tuple[Fence, ...]]:
    """The tenant's fences that each of the places lies in."""
    found: list[tuple[Fence, ...]] = [() for _ in places]
    index = book.index_of(tenant_key)
    if index is None:
        return found
    lat, lon = _columns(places)
    for place, number in zip(*(pair.tolist() for pair in index.holding(lat, lon)), strict=True):
        fence = book.get(number)
        if fence is not None:
            found[place] = (*found[place], fence)
    return found


def stop_faults(
    stop: str, kind: StopKind, fences: Iterable[Fence], rules: ZoneRules
) -> list[Reason]:
    """Why nothing is picked up or dropped at a place in these fences."""
    inside = tuple(fences)
    closed = next((fence for fence in inside if fence.kind in rules.closed_kinds), None)
    if closed is not None:
        return [Reason("zone.closed", f"{closed.name} takes no loads", stop)]
    is_pickup = kind is StopKind.PICKUP
    kinds = rules.pickup_kinds if is_pickup else rules.drop_kinds
    groups = rules.pickup_groups if is_pickup else rules.drop_groups
    if not kinds and not groups:
        return []
    if any(fence.kind in kinds or fence.group in groups for fence in inside):
        return []
    return [Reason(f"zone.no_{kind}", f"no {kind} is served there", stop)]


def entry_faults(
    passages: Iterable[Passage], truck_class: str | None, departs_ms: int
) -> list[Reason]:
    """The closed cities that a truck would be in."""
    return [
        Reason("zone.no_entry", f"{passage.fence.name} is closed to it then", passage.fence.id)
        for passage in passages
        if holds_back(passage.fence, truck_class) and _open_again_ms(passage, departs_ms) != 0
    ]


def place_for(
    passages: Sequence[Passage], truck_class: str | None, departs_ms: int, rules: ZoneRules
) -> int | None:
    """The first departure from then on that meets no closed city; None: not within the wait."""
    met = [passage for passage in passages if holds_back(passage.fence, truck_class)]
    last_ms = departs_ms + rules.entry_wait_h_max * HOUR_MS
    at_ms = departs_ms
    while at_ms <= last_ms:
        waits = [_open_again_ms(passage, at_ms) for passage in met]
        if None in waits:
            return None
        wait_ms = max((wait for wait in waits if wait is not None), default=0)
        if not wait_ms:
            return at_ms
        at_ms += wait_ms
    return None


def holds_back(fence: Fence, truck_class: str | None) -> bool:
    """Whether it ever closes to trucks of this class."""
    classes = fence.truck_classes
    return fence.kind == NO_ENTRY and (classes is None or truck_class in classes)


def _open_again_ms(passage: Passage, departs_ms: int) -> int | None:
    """How much later one must depart so as not to be in it while it is closed; None: always is.

    Its schedule says when nobody may be there: open means closed.
    """
    schedule = passage.fence.schedule
    if schedule is None:
        return None
    enters_ms = departs_ms + passage.enters_after_ms
    leaves_ms = departs_ms + passage.leaves_after_ms
    at_ms = enters_ms
    if not schedule.is_open(at_ms):
        edge_ms = schedule.next_edge_ms(at_ms)
        if edge_ms is None or edge_ms >= leaves_ms:
            return 0
        at_ms = edge_ms
    closes_ms = schedule.closes_ms(at_ms)
    return None if closes_ms is None else closes_ms - enters_ms


def _columns(places: Sequence[Place]) -> tuple[FloatArray, FloatArray]:
    return (
        np.array([place.lat for place in places], dtype=np.float64),
        np.array([place.lon for place in places], dtype=np.float64),
    )
