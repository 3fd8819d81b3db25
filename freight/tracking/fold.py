"""Fold a batch of fixes into the trucks' state: quiet trucks all at once, the others one by one.

What comes of it is what `advance` gives for each truck's fixes one after another; the array only
spares the fixes that would change nothing but sums.
"""

from __future__ import annotations

import numpy as np

from freight.fixes import FixArray
from freight.tracking.checkpoints import Checkpoint, boundary_after, boundary_passed
from freight.tracking.columns import IntArray, TruckColumns
from freight.tracking.facts import Facts
from freight.tracking.fences import FenceBook
from freight.tracking.folding import Folding, Looked, World
from freight.tracking.order import Ordered, ordered
from freight.tracking.outlook import Outlook, Quietly
from freight.tracking.passing import pass_on
from freight.tracking.quiet import FurtherOn, look, quiet_step
from freight.tracking.sample import Sample, sample, samples
from freight.tracking.surroundings import Surroundings
from freight.tracking.tracked import Tracked, absorb, advance, outlook

NOWHERE: frozenset[int] = frozenset()
NOBODY: tuple[IntArray, IntArray] = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def fold(columns: TruckColumns, given: FixArray, world: World) -> Folding:
    """`columns` gains rows for new trucks, but no state."""
    return fold_ordered(columns, given, ordered(given, columns), world)


def fold_ordered(columns: TruckColumns, given: FixArray, news: Ordered, world: World) -> Folding:
    columns.heed(world, news.fixes)
    points, fences = holding(news.fixes, world.fences)
    quiet, loud = look(
        news.fixes,
        news.rows,
        columns.bounds,
        columns.courses,
        (points, fences),
        world.journeys.routes,
    )
    folding = Folding(
        given=given,
        fixes=news.fixes,
        given_index=news.given_index,
        rows=news.rows,
        newest=news.newest,
        older_index=news.older_index,
        quiet=quiet,
    )
    pass_on(folding, columns, world)
    if len(loud):
        _look_at(loud, (points, fences), folding, columns, world)
    return folding


def holding(fixes: FixArray, book: FenceBook) -> tuple[IntArray, IntArray]:
    """Pairs (index of a fix, number of a fence whose shape holds it), sorted by fix."""
    tenants = fixes["tenant_key"]
    if not len(tenants) or (tenants == tenants[0]).all():
        index = book.index_of(int(tenants[0])) if len(tenants) else None
        return NOBODY if index is None else index.holding(fixes["lat"], fixes["lon"])
    found_points: list[IntArray] = []
    found_fences: list[IntArray] = []
    for tenant_key in np.unique(tenants).tolist():
        index = book.index_of(tenant_key)
        if index is None:
            continue
        members = np.flatnonzero(tenants == tenant_key)
        points, fences = index.holding(fixes["lat"][members], fixes["lon"][members])
        found_points.append(members[points])
        found_fences.append(fences)
    if not found_points:
        return NOBODY
    all_points, all_fences = np.concatenate(found_points), np.concatenate(found_fences)
    order = np.argsort(all_points, kind="stable")
    return all_points[order], all_fences[order]


def sets_of(points: IntArray, fences: IntArray, wanted: IntArray) -> dict[int, frozenset[int]]:
    """The fences of each wanted fix that is in any."""
    starts = np.searchsorted(points, wanted, side="left")
    ends = np.searchsorted(points, wanted, side="right")
    some = np.flatnonzero(ends > starts)
    return {int(wanted[i]): frozenset(fences[starts[i] : ends[i]].tolist()) for i in some.tolist()}


# ------------------------------------------------------------------------- trucks one by one


class Followed:
    """One truck's machines at work on fixes one after another; quiet ones are only summed."""

    def __init__(self, state: Tracked, around: Surroundings, facts: Facts) -> None:
        self.around = around
        self.facts = facts
        self.checkpoints: list[Checkpoint] = []
        self._looked = state  # as the machines left it
        self._outlook: Outlook | None = None
        self._quiet_fixes = 0
        self._quiet_way_mm = 0
        self._quiet_kmh_max = 0.0
        self._last: Sample | None = None

    @property
    def state(self) -> Tracked:
        if self._last is not None:
            done = Quietly(self._quiet_fixes, self._quiet_way_mm, self._quiet_kmh_max)
            self._looked = absorb(self._looked, done, self._last)
            self._quiet_fixes = self._quiet_way_mm = 0
            self._quiet_kmh_max, self._last = 0.0, None
        return self._looked

    def turn_to(self, around: Surroundings) -> None:
        """From now on other rules and fences are in force."""
        self._looked, self.around = self.state, around
        self._outlook = None

    def take(self, fix: Sample, inside: frozenset[int]) -> None:
        if not self._is_quiet(fix, inside):
            self.look(fix, inside)

    def look(self, fix: Sample, inside: frozenset[int]) -> None:
        """Show the fix to the machines."""
        state, every_s = self.state, self.around.rules.history.checkpoint_s
        boundary_ms = boundary_passed(state.seen_ms, fix.ts_ms, state.truck_key, every_s)
        if boundary_ms is not None:
            self.checkpoints.append(Checkpoint(boundary_ms, state))
        self._looked = advance(state, fix, inside, self.around, self.facts)
        self._outlook = None

    def absorb(self, done: Quietly, last: Sample) -> None:
        """Fixes that are known to be quiet, up to this one."""
        self._looked = absorb(self.state, done, last)

    def outlook(self) -> Outlook:
        """Holds for the state as it is; looked up once."""
        if self._outlook is None:
            state, every_s = self.state, self.around.rules.history.checkpoint_s
            self._outlook = outlook(state, self.around)
            self._outlook.wake_at(boundary_after(state.seen_ms, state.truck_key, every_s))
        return self._outlook

    def _is_quiet(self, fix: Sample, inside: frozenset[int]) -> bool:
        good = self._last or self._looked.good
        if good is None:
            return False
        found = quiet_step(self.outlook(), self.around, good, fix, inside)
        if found is None:
            return False
        self._quiet_fixes += 1
        self._quiet_way_mm += found[0]
        self._quiet_kmh_max = max(self._quiet_kmh_max, found[1])
        self._last = fix
        return True


def follow(state: Tracked, world: World) -> Followed:
    around = world.around(state.tenant_key, state.truck_key)
    facts = Facts(state.tenant_key, state.truck_key, around.name, around.known_at_ms)
    return Followed(state, around, facts)


def _look_at(
    loud: IntArray,
    held: tuple[IntArray, IntArray],
    folding: Folding,
    columns: TruckColumns,
    world: World,
) -> None:
    """From each truck's first fix that is not quiet on."""
    rows = folding.rows.take(loud)
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    firsts, ends = loud.take(starts), loud.take(np.append(starts[1:], len(loud)) - 1) + 1
    calm_before = _places_among(folding.quiet.rows, rows.take(starts))
    first_fixes = folding.fixes.take(firsts)
    keys = zip(first_fixes["tenant_key"].tolist(), first_fixes["truck_key"].tolist(), strict=True)
    sets, seen = sets_of(*held, firsts), samples(first_fixes)
    further: FurtherOn | None = None
    trucks = zip(rows.take(starts).tolist(), keys, calm_before, seen, strict=True)
    spans = zip(firsts.tolist(), ends.tolist(), strict=True)
    for (row, of_truck, calm, fix), (first, end) in zip(trucks, spans, strict=True):
        state = columns.tracked_of(row, *of_truck)
        if calm is not None:
            state = _absorbed(state, folding, calm)
        truck = follow(state, world)
        truck.look(fix, sets.get(first, NOWHERE))
        if first + 1 < end:
            further = further or FurtherOn(folding.fixes, held, world.journeys.routes)
            _go_on(truck, first + 1, end, further)
        _note(truck, row, range(first, end), folding)


def _go_on(truck: Followed, at: int, end: int, further: FurtherOn) -> None:
    while at < end:
        good = truck.state.good
        if good is not None:
            quiet = further.quietly(truck.outlook(), truck.around.rules.filtering, good, at, end)
            if quiet.fixes:
                at += quiet.fixes
                truck.absorb(quiet, further.fix(at - 1))
        if at < end:
            truck.look(further.fix(at), further.inside(at))
            at += 1


def _places_among(rows: IntArray, wanted: IntArray) -> list[int | None]:
    """Where each stands among these, which are in order; None: nowhere."""
    at = np.searchsorted(rows, wanted)
    known = np.append(rows, -1).take(at) == wanted
    return [i if found else None for i, found in zip(at.tolist(), known.tolist(), strict=True)]


def _absorbed(state: Tracked, folding: Folding, i: int) -> Tracked:
    quiet = folding.quiet
    done = Quietly(int(quiet.fixes[i]), int(quiet.way_mm[i]), float(quiet.speed_kmh_max[i]))
    return absorb(state, done, sample(folding.fixes[quiet.last[i]]))


def _note(truck: Followed, row: int, index: range, folding: Folding) -> None:
    state, facts = truck.state, truck.facts
    folding.looked.append(Looked(row, state, truck.outlook(), truck.around.rules))
    folding.tell(state, facts)
    folding.checkpoints += truck.checkpoints
    if facts.flaws:
        times_ms = folding.fixes["ts_ms"][index.start : index.stop].tolist()
        index_of = dict(zip(times_ms, index, strict=True))
        for ts_ms, why in facts.flaws:
            folding.flaws[index_of[ts_ms]] = why
