"""Fences entered and left: one fix after another, sure of each crossing before it is told."""

from __future__ import annotations

import msgspec

from freight.tracking.facts import Facts
from freight.tracking.fences import Fence
from freight.tracking.machines import border, fencing, passages, visiting
from freight.tracking.machines.border import Doubt
from freight.tracking.machines.fencing import AWAY, MM, At, Scene
from freight.tracking.machines.visiting import Left, Visit
from freight.tracking.outlook import Outlook, Quietly
from freight.tracking.sample import Moment, Sample
from freight.tracking.surroundings import Surroundings

# Depths are measured in the plane of each fix, an outlook's radius along the great circle.
ROOM_SHARE, ROOM_M = 0.99, 1.0


class Visits(msgspec.Struct, frozen=True, array_like=True):
    """Everything by fence id, in order; most trucks are in no fence or two."""

    held: tuple[str, ...] = ()  # the shapes that hold the newest fix, whatever is made of it
    visits: tuple[Visit, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    left: tuple[Left, ...] = ()


START = Visits()


def step(now: Visits, moment: Moment, around: Surroundings, facts: Facts) -> Visits:
    if not moment.inside and now == START and _asks_for_no_passages(around):
        return START  # most fixes of most trucks
    here = _holding(moment, around)
    known = _by_fence(now)
    scene = Scene(moment, around, facts)
    after: dict[str, At] = {}
    for fence_id in sorted({*here, *known}):
        fence = here.get(fence_id) or around.fences.by_id(around.tenant_key, fence_id)
        at = known.get(fence_id, AWAY)
        if fence is None or not fencing.concerns(fence, around):
            fencing.forget(at, fence, scene)
        else:
            followed = fencing.follow(at, fence, fence_id in here, scene)
            after[fence_id] = passages.past(at, followed, fence, scene)
    return _collected(tuple(sorted(here)), after | passages.passages({*here, *known}, scene))


def unheld(moment: Moment, around: Surroundings) -> Visits:
    """Of a truck that is held to no rules: which shapes hold it, and nothing made of it."""
    return Visits(held=tuple(sorted(_holding(moment, around))))


def shapes_around(now: Visits, around: Surroundings) -> frozenset[int]:
    """The numbers of the fences whose shapes hold the newest fix."""
    fences = (around.fences.by_id(around.tenant_key, fence_id) for fence_id in now.held)
    return frozenset(fence.number for fence in fences if fence is not None)


def absorb(now: Visits, quietly: Quietly) -> Visits:
    """Quiet fixes are all in the fences that are visited, and nothing is in doubt."""
    if not now.visits:
        return now
    visits = tuple(fencing.longer(visit, quietly.fixes, quietly.way_mm) for visit in now.visits)
    return msgspec.structs.replace(now, visits=visits)


def limit_kmh(now: Visits, around: Surroundings) -> float | None:
    """The least that a fence allows in which the truck is."""
    if not now.visits:
        return None
    fences = (around.fences.by_id(around.tenant_key, visit.fence) for visit in now.visits)
    limits = [fence.speed_limit_kmh for fence in fences if fence is not None]
    return min((limit for limit in limits if limit is not None), default=None)


def outlook(now: Visits, good: Sample, around: Surroundings, out: Outlook) -> None:
    """`good` is the fix that the state was made by."""
    out.keep_near(good.lat, good.lon, passages.clearance_m(good, around))
    if now == START:
        return
    known = _by_fence(now)
    fences = {i: around.fences.by_id(around.tenant_key, i) for i in (*now.held, *known)}
    out.inside = frozenset(f.number for i in now.held if (f := fences[i]) is not None)
    if now.doubts:
        out.wake_now()
    for fence_id, fence in fences.items():
        at = known.get(fence_id, AWAY)
        if fence is None or not fencing.concerns(fence, around):
            if fence is None or at != AWAY:
                out.wake_now()
        else:
            _fence_outlook(fence, at, fence_id in now.held, good, out)
            if at.left is not None:
                _left_outlook(at.left, fence, good, around, out)


def _fence_outlook(fence: Fence, at: At, held: bool, good: Sample, out: Outlook) -> None:
    if fence.valid_from_ms > good.received_ms:
        out.wake_now()
    if held != (at.visit is not None) and fencing.is_open(fence, good):
        out.wake_now()  # it came or changed
    if fence.schedule is not None:
        if at.visit is not None and not fence.schedule.is_open(good.ts_ms):
            out.wake_now()
        edge_ms = fence.schedule.next_edge_ms(good.ts_ms)
        if edge_ms is not None:
            out.wake_at(edge_ms)
    due_ms = None if at.visit is None else visiting.due_ms(at.visit, fence)
    if due_ms is not None:
        out.wake_at(due_ms)


def _left_outlook(
    left: Left, fence: Fence, good: Sample, around: Surroundings, out: Outlook
) -> None:
    """The truck stays near the fence, and is not forgotten to have left it."""
    rules = around.rules.visits
    away_m = rules.entering.margin_m * border.factor(rules, left.crossings)
    room_m = away_m + fencing.depth_m(fence, good, around)
    out.wake_at(left.crossed_ms + round(MM * rules.restless_s))
    out.keep_near(good.lat, good.lon, room_m * ROOM_SHARE - ROOM_M)


def _asks_for_no_passages(around: Surroundings) -> bool:
    return around.fences.crossable_of(around.tenant_key) is None


def _holding(moment: Moment, around: Surroundings) -> dict[str, Fence]:
    found = (around.fences.get(number) for number in moment.inside)
    return {fence.id: fence for fence in found if fence is not None}


def _by_fence(now: Visits) -> dict[str, At]:
    visits = {visit.fence: visit for visit in now.visits}
    doubts = {doubt.fence: doubt for doubt in now.doubts}
    left = {one.fence: one for one in now.left}
    return {i: At(visits.get(i), doubts.get(i), left.get(i)) for i in {*visits, *doubts, *left}}


def _collected(held: tuple[str, ...], after: dict[str, At]) -> Visits:
    ats = [after[fence_id] for fence_id in sorted(after)]
    return Visits(
        held,
        tuple(at.visit for at in ats if at.visit is not None),
        tuple(at.doubt for at in ats if at.doubt is not None),
        tuple(at.left for at in ats if at.left is not None),
    )
