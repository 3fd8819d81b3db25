"""One truck and one fence: what a fix makes of what is known of the two."""

from __future__ import annotations

import math

import msgspec

from freight.tracking.facts import Facts
from freight.tracking.fences import Fence
from freight.tracking.machines import border, visiting
from freight.tracking.machines.border import BorderRules, Doubt, Look, Run, SideRules, Verdict
from freight.tracking.machines.visiting import Left, Sighting, Visit
from freight.tracking.sample import Moment, Sample
from freight.tracking.surroundings import Surroundings

MM = 1000.0  # in a metre


class At(msgspec.Struct, frozen=True):
    """What is known of the truck and one fence."""

    visit: Visit | None = None
    doubt: Doubt | None = None
    left: Left | None = None

    def crossings(self, ts_ms: int, rules: BorderRules) -> int:
        """Lately, one soon after another."""
        last = self.visit or self.left
        if last is None or ts_ms - last.crossed_ms >= MM * rules.restless_s:
            return 0
        return last.crossings


AWAY = At()


class Scene(msgspec.Struct, frozen=True):
    """One fix, what stands around it, and where to tell what comes of it."""

    moment: Moment
    around: Surroundings
    facts: Facts

    @property
    def fix(self) -> Sample:
        return self.moment.fix

    @property
    def rules(self) -> BorderRules:
        return self.around.rules.visits

    @property
    def previous_ms(self) -> int | None:
        return None if self.moment.before is None else self.moment.before.ts_ms


def follow(at: At, fence: Fence, raw: bool, scene: Scene) -> At:
    """`raw`: the fence's shape holds the fix."""
    fix = scene.fix
    if fence.valid_from_ms > fix.received_ms:
        return at  # as it is now, it was not there yet: it has nothing to say about this fix
    at = _close(at, fence, raw, scene)
    if not is_open(fence, fix):
        return AWAY
    new_side = raw == (at.visit is None)
    if at.doubt is None and not new_side:
        return stay(at, fence, raw, scene)
    side = scene.rules.leaving if at.visit else scene.rules.entering
    look = _look(at, fence, new_side, side, scene)
    doubt = at.doubt or _first_doubt(at, fence, scene)
    run = _run(doubt, fence, scene, look) if new_side else _broken(at, doubt, look)
    doubt = msgspec.structs.replace(doubt, run=run)
    doubt, verdict = border.weigh(doubt, look, fix.ts_ms, scene.rules, side)
    if verdict is Verdict.CROSSED and run is not None:
        return _cross(msgspec.structs.replace(at, doubt=doubt), fence, run, look, scene)
    stays = stay(at, fence, raw, scene)
    return msgspec.structs.replace(stays, doubt=None if verdict is Verdict.STAYED else doubt)


def _look(at: At, fence: Fence, new_side: bool, side: SideRules, scene: Scene) -> Look:
    rules, fix = scene.rules, scene.fix
    inward = 1.0 if at.visit is None else -1.0
    beyond_mm = round(MM * inward * depth_m(fence, fix, scene.around))
    return Look(
        max(beyond_mm, 0) if new_side else min(beyond_mm, 0),
        round(MM * border.margin_m(rules, side, fence.inner_m, fix.accuracy_m)),
        new_side,
        border.factor(rules, at.crossings(fix.ts_ms, rules)),
    )


def _first_doubt(at: At, fence: Fence, scene: Scene) -> Doubt:
    """A first fix inside, or a fence drawn or opened around the truck, is not a crossing."""
    before = scene.moment.before
    initial = at.visit is None and (before is None or depth_m(fence, before, scene.around) >= 0.0)
    return Doubt(fence.id, scene.fix.ts_ms, initial)


def _run(doubt: Doubt, fence: Fence, scene: Scene, look: Look) -> Run:
    """One fix more on the new side."""
    fix, run = scene.fix, doubt.run
    if run is None:
        began_ms = _began_ms(doubt, fence, scene)
        run, way_mm = Run(began_ms, fix.lat, fix.lon, scene.previous_ms), 0
    else:
        way_mm = run.way_mm + scene.moment.way_mm
    return msgspec.structs.replace(
        run,
        fixes=run.fixes + 1,
        way_mm=way_mm,
        depth_mm=run.depth_mm + look.beyond_mm,
        unbroken_ms=run.unbroken_ms if run.unbroken else fix.ts_ms,
        unbroken=run.unbroken + 1,
    )


def _broken(at: At, doubt: Doubt, look: Look) -> Run | None:
    """A truck may seem to be outside for a moment after it has come in. The other way round it
    has not left: it may have dwelled meanwhile."""
    run = doubt.run
    if run is None or at.visit is not None or run.depth_mm + look.beyond_mm < 0:
        return None
    return msgspec.structs.replace(run, depth_mm=run.depth_mm + look.beyond_mm, unbroken=0)


def _began_ms(doubt: Doubt, fence: Fence, scene: Scene) -> int:
    ts_ms, previous_ms = scene.fix.ts_ms, scene.previous_ms
    if not doubt.initial or fence.schedule is None or previous_ms is None:
        return ts_ms
    # It was inside all the time: from when the fence opened.
    opened_ms = fence.schedule.opened_ms(ts_ms)
    return ts_ms if opened_ms is None or opened_ms <= previous_ms else opened_ms


def _cross(at: At, fence: Fence, run: Run, look: Look, scene: Scene) -> At:
    crossings = min(at.crossings(scene.fix.ts_ms, scene.rules) + 1, scene.rules.restless_crossings)
    marks = _marks(at, fence, run)
    inward = 1.0 if at.visit is None else -1.0
    seen = Sighting(
        run.ts_ms,
        run.lat,
        run.lon,
        run.previous_ms,
        inward * look.beyond_mm / MM,
        look.margin_mm * look.factor / MM,
        marks,
    )
    if at.visit is not None:
        visiting.exited(at.visit, fence, seen, scene.facts)
        left = Left(fence.id, crossings, scene.fix.ts_ms)
        return stay(At(left=left), fence, False, scene)
    visit = Visit(
        fence.id,
        run.ts_ms,
        run.lat,
        run.lon,
        run.fixes,
        run.way_mm,
        crossings=crossings,
        crossed_ms=scene.fix.ts_ms,
    )
    visiting.entered(visit, fence, seen, scene.facts)
    return At(_dwell(visit, fence, scene, known=False))


def _marks(at: At, fence: Fence, run: Run) -> tuple[tuple[str, object], ...]:
    if at.doubt is None or not at.doubt.initial:
        return ()
    opened = fence.schedule is not None and fence.schedule.opened_ms(run.ts_ms) == run.ts_ms
    return (("initial", True), ("schedule", "opened")) if opened else (("initial", True),)


def stay(at: At, fence: Fence, raw: bool, scene: Scene) -> At:
    """The truck is where it was; a fix that only seems to be outside adds nothing to the visit."""
    if at.visit is not None and raw:
        visit = longer(at.visit, 1, scene.moment.way_mm)
        return msgspec.structs.replace(
            at, visit=_dwell(visit, fence, scene, known=at.doubt is None)
        )
    if at.left is not None and not raw and _has_gone(at, fence, scene):
        return msgspec.structs.replace(at, left=None)
    return at


def _has_gone(at: At, fence: Fence, scene: Scene) -> bool:
    """So far from the fence, or so long ago, that the next visit is another story."""
    rules, fix = scene.rules, scene.fix
    crossings = at.crossings(fix.ts_ms, rules)
    if not crossings:
        return True
    # Not less in a small fence: noise that sweeps over all of it is not a journey.
    near_m = border.margin_m(rules, rules.entering, fence.inner_m, fix.accuracy_m)
    away_m = max(near_m, rules.entering.margin_m) * border.factor(rules, crossings)
    return depth_m(fence, fix, scene.around) <= -away_m


def _dwell(visit: Visit, fence: Fence, scene: Scene, *, known: bool) -> Visit:
    """`known`: the truck was known to be inside at the fix before."""
    fix, due_ms = scene.fix, visiting.due_ms(visit, fence)
    if due_ms is None or due_ms > fix.ts_ms:
        return visit
    if known and scene.previous_ms is not None and due_ms <= scene.previous_ms:
        due_ms = fix.ts_ms  # the fence was changed: it was not asked for then
    seen = Sighting(due_ms, fix.lat, fix.lon, scene.previous_ms)
    return visiting.dwelled(visit, fence, seen, scene.facts)


def longer(visit: Visit, fixes: int, way_mm: int) -> Visit:
    return msgspec.structs.replace(visit, fixes=visit.fixes + fixes, way_mm=visit.way_mm + way_mm)


# ------------------------------------------------------------------- fences that come and go


def concerns(fence: Fence, around: Surroundings) -> bool:
    """A truck whose class nobody knows is not accused by a fence for some classes."""
    return fence.truck_classes is None or around.truck_class in fence.truck_classes


def is_open(fence: Fence, fix: Sample) -> bool:
    return fence.schedule is None or fence.schedule.is_open(fix.ts_ms)


def _close(at: At, fence: Fence, raw: bool, scene: Scene) -> At:
    """When the fence's hours end so does the visit, wherever the truck goes then."""
    closed_ms = None if at == AWAY else _closed_ms(fence, scene)
    if closed_ms is None:
        return at
    if at.visit is not None:
        due_ms, visit = visiting.due_ms(at.visit, fence), at.visit
        if due_ms is not None and due_ms <= closed_ms and raw:
            visit = _dwell(visit, fence, scene, known=False)
        fix, marks = scene.fix, (("schedule", "closed"),)
        seen = Sighting(closed_ms, fix.lat, fix.lon, scene.previous_ms, marks=marks)
        visiting.exited(visit, fence, seen, scene.facts)
    return AWAY


def _closed_ms(fence: Fence, scene: Scene) -> int | None:
    """When the fence closed since the fix before."""
    fix, before = scene.fix, scene.moment.before
    if fence.schedule is None or before is None:
        return None
    if not fence.schedule.is_open(before.ts_ms):
        return None if fence.schedule.is_open(fix.ts_ms) else fix.ts_ms
    closes_ms = fence.schedule.closes_ms(before.ts_ms)
    return closes_ms if closes_ms is not None and closes_ms <= fix.ts_ms else None


def forget(at: At, fence: Fence | None, scene: Scene) -> None:
    """A fence was deleted, or is for other trucks by now: this one did not cross anything."""
    if at.visit is not None:
        last = scene.moment.before or scene.fix
        visiting.ended(at.visit, fence, Sighting(last.ts_ms, last.lat, last.lon), scene.facts)


def depth_m(fence: Fence, fix: Sample, around: Surroundings) -> float:
    index = around.fences.index_of(around.tenant_key)
    if index is None or fence.number not in index:
        return -math.inf  # its shape is of no use: it holds nobody
    return index.depth_of_m(fence.number, fix.lat, fix.lon)
