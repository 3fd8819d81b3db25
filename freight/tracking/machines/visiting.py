"""What is told of a truck and a fence: entered, exited, dwelled, not allowed in, and the visit."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from freight.tracking.facts import Facts
from freight.tracking.fences import NO_ENTRY, Fence

ENTERED = "truck.fence.entered"
EXITED = "truck.fence.exited"
DWELLED = "truck.fence.dwelled"
NO_ENTRY_VIOLATED = "truck.fence.no_entry_violated"
VISIT = "visit"


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """A fence that the truck is in."""

    fence: str
    entered_ms: int
    lat: float
    lon: float
    fixes: int = 0
    way_mm: int = 0
    dwelled: bool = False
    # How restless the truck was at this border when it entered, and when that was decided.
    crossings: int = 0
    crossed_ms: int = 0


class Left(msgspec.Struct, frozen=True, array_like=True):
    """A fence that the truck left lately, without having gone away from it since."""

    fence: str
    crossings: int
    crossed_ms: int


@dataclasses.dataclass(frozen=True, slots=True)
class Sighting:
    """When and where something about a fence was seen, and by what it is proved."""

    ts_ms: int
    lat: float
    lon: float
    previous_ms: int | None = None
    depth_m: float | None = None  # of the fix that decided
    margin_m: float | None = None
    marks: tuple[tuple[str, Any], ...] = ()


def entered(visit: Visit, fence: Fence, seen: Sighting, facts: Facts) -> None:
    _tell(ENTERED, fence, seen, facts)
    if fence.kind == NO_ENTRY:
        facts.tell(NO_ENTRY_VIOLATED, seen.ts_ms, _data(fence, seen, facts), fence.id)
    facts.span(VISIT, visit.entered_ms, None, _of_visit(visit, fence, seen), fence.id)


def exited(visit: Visit, fence: Fence, seen: Sighting, facts: Facts) -> None:
    _tell(EXITED, fence, seen, facts, entered_ts_ms=visit.entered_ms)
    ended(visit, fence, seen, facts)


def ended(visit: Visit, fence: Fence | None, seen: Sighting, facts: Facts) -> None:
    """The visit only: nobody drove out of a fence that was deleted."""
    data = {
        **_of_visit(visit, fence, seen),
        "exit_position": {"lat": seen.lat, "lon": seen.lon},
        "inside_s": round((seen.ts_ms - visit.entered_ms) / 1000.0, 3),
        "fixes": visit.fixes,
        "way_km": round(visit.way_mm / 1_000_000.0, 3),
    }
    facts.span(VISIT, visit.entered_ms, seen.ts_ms, data, visit.fence)


def due_ms(visit: Visit, fence: Fence) -> int | None:
    """When the truck will have dwelled; None: it has, or nobody asks."""
    if fence.dwell_s is None or visit.dwelled:
        return None
    return visit.entered_ms + round(fence.dwell_s * 1000.0)


def dwelled(visit: Visit, fence: Fence, seen: Sighting, facts: Facts) -> Visit:
    _tell(
        DWELLED,
        fence,
        seen,
        facts,
        entered_ts_ms=visit.entered_ms,
        dwell_s=fence.dwell_s,
    )
    return msgspec.structs.replace(visit, dwelled=True)


def _tell(kind: str, fence: Fence, seen: Sighting, facts: Facts, **more: Any) -> None:
    if kind.rpartition(".")[2] in fence.notify:
        facts.tell(kind, seen.ts_ms, {**_data(fence, seen, facts), **more}, fence.id)


def _data(fence: Fence, seen: Sighting, facts: Facts) -> dict[str, Any]:
    data: dict[str, Any] = {
        "fence": fence.id,
        "fence_name": fence.name,
        "fence_kind": fence.kind,
        "fence_version": fence.version,
        "position": {"lat": seen.lat, "lon": seen.lon},
        **dict(seen.marks),
    }
    if fence.group is not None:
        data["fence_group"] = fence.group
    if fence.truck_classes is not None:
        data["truck_class"] = facts.truck_class  # why it concerned this truck
    if seen.previous_ms is not None:
        data["previous_ts_ms"] = seen.previous_ms
    if seen.depth_m is not None and seen.margin_m is not None:
        data["depth_m"] = round(seen.depth_m, 1)
        data["margin_m"] = round(seen.margin_m, 1)
    return data


def _of_visit(visit: Visit, fence: Fence | None, seen: Sighting) -> dict[str, Any]:
    named: dict[str, Any] = {}
    if fence is not None:
        named = {"fence_name": fence.name, "fence_kind": fence.kind, "fence_version": fence.version}
    entry = {"lat": visit.lat, "lon": visit.lon}
    return {"fence": visit.fence, **named, "entry_position": entry, **dict(seen.marks)}
