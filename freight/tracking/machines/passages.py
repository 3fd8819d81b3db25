"""Fences that a truck drove through between two fixes, or past a single one near the border."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from freight.tracking.fences import Crossable, Fence
from freight.tracking.machines import border, fencing, visiting
from freight.tracking.machines.border import Run
from freight.tracking.machines.fencing import AWAY, MM, At, Scene
from freight.tracking.machines.visiting import Left, Sighting, Visit
from freight.tracking.sample import Sample
from freight.tracking.surroundings import Surroundings
from geo.stretches import Place, place_on, stretch

# Clearances are measured along the great circle, ways in a plane.
CLEARANCE_SHARE = 0.99
CROSSED = (("crossed", True),)


def passages(known: set[str], scene: Scene) -> dict[str, At]:
    """What is known now of other fences, which the way from the fix before led through."""
    before, around = scene.moment.before, scene.around
    crossable = around.fences.crossable_of(around.tenant_key)
    way_m = scene.moment.way_mm / MM
    if crossable is None or before is None or not 0.0 < way_m <= scene.rules.passage_m_max:
        return {}
    if clearance_m(scene.fix, around) >= way_m or not _drives(scene):
        return {}
    found = {}
    for fence in _touched(before, scene.fix, crossable, around):
        if fence.id not in known and _was_there(fence, before, scene):
            after = _through(fence, before, crossable, scene)
            if after is not None:
                found[fence.id] = after
    return found


def clearance_m(fix: Sample, around: Surroundings) -> float:
    """No fence that asks for passages is nearer than this."""
    crossable = around.fences.crossable_of(around.tenant_key)
    if crossable is None:
        return math.inf
    return CLEARANCE_SHARE * crossable.discs.clearance_m(fix.lat, fix.lon)


def past(at: At, after: At, fence: Fence, scene: Scene) -> At:
    """The truck is clearly outside again after fixes inside that were too near the border."""
    run = None if at.doubt is None or at.doubt.initial else at.doubt.run
    if run is None or at.visit or at.left or after != AWAY or not fence.crossings:
        return after
    fix = scene.fix
    if not fencing.is_open(fence, fix) or not _drives(scene):
        return after
    came_out = Sighting(fix.ts_ms, fix.lat, fix.lon, scene.previous_ms, marks=CROSSED)
    return _told(fence, run, came_out, scene)


def _through(fence: Fence, before: Sample, crossable: Crossable, scene: Scene) -> At | None:
    """None: it may be noise that the way touches the fence."""
    fix = scene.fix
    start, end = (before.lat, before.lon), (fix.lat, fix.lon)
    shares = stretch(crossable.index, fence.number, start, end)
    middle = place_on(start, end, sum(shares) / 2.0)
    sure = _is_clear(fence, before, scene) and _is_clear(fence, fix, scene)
    if not sure:
        deepest = msgspec.structs.replace(fix, lat=middle[0], lon=middle[1])
        if not _is_deep(fence, deepest, scene):
            return None
    came_in, came_out = (
        _at(start, end, share, before.ts_ms, fix.ts_ms - before.ts_ms) for share in shares
    )
    way_mm = round((shares[1] - shares[0]) * scene.moment.way_mm)
    run = Run(came_in.ts_ms, came_in.lat, came_in.lon, before.ts_ms, 0, way_mm)
    return _told(fence, run, came_out, scene)


def _at(start: Place, end: Place, share: float, before_ms: int, elapsed_ms: int) -> Sighting:
    lat, lon = place_on(start, end, share)
    ts_ms = before_ms + round(share * elapsed_ms)
    return Sighting(ts_ms, round(lat, 7), round(lon, 7), before_ms, marks=CROSSED)


def _told(fence: Fence, run: Run, came_out: Sighting, scene: Scene) -> At:
    """In and out again; who turns round at the border is not told a second time."""
    visit = Visit(fence.id, run.ts_ms, run.lat, run.lon, run.fixes, run.way_mm)
    came_in = Sighting(run.ts_ms, run.lat, run.lon, run.previous_ms, marks=CROSSED)
    visiting.entered(visit, fence, came_in, scene.facts)
    visiting.exited(visit, fence, came_out, scene.facts)
    left = Left(fence.id, scene.rules.restless_crossings, scene.fix.ts_ms)
    return fencing.stay(At(left=left), fence, False, scene)


def _touched(
    before: Sample, fix: Sample, crossable: Crossable, around: Surroundings
) -> list[Fence]:
    start = np.array([before.lat]), np.array([before.lon])
    end = np.array([fix.lat]), np.array([fix.lon])
    _, numbers = crossable.index.touched(start, end)
    found = (around.fences.get(number) for number in numbers.tolist())
    return sorted((fence for fence in found if fence is not None), key=lambda fence: fence.id)


def _was_there(fence: Fence, before: Sample, scene: Scene) -> bool:
    """In force for this truck, at both fixes."""
    return (
        fencing.concerns(fence, scene.around)
        and fence.valid_from_ms <= before.received_ms
        and fencing.is_open(fence, before)
        and fencing.is_open(fence, scene.fix)
    )


def _is_clear(fence: Fence, fix: Sample, scene: Scene) -> bool:
    """Certainly outside."""
    return fencing.depth_m(fence, fix, scene.around) <= -_margin_m(fence, fix, scene)


def _is_deep(fence: Fence, place: Sample, scene: Scene) -> bool:
    return fencing.depth_m(fence, place, scene.around) >= _margin_m(fence, place, scene)


def _margin_m(fence: Fence, fix: Sample, scene: Scene) -> float:
    rules = scene.rules
    return border.margin_m(rules, rules.entering, fence.inner_m, fix.accuracy_m)


def _drives(scene: Scene) -> bool:
    """A parked receiver may seem to jump over a corner."""
    speed_kmh = scene.moment.speed_kmh
    return speed_kmh is not None and speed_kmh >= scene.around.rules.motion.start_kmh
