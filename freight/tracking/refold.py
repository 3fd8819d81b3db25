"""Folds a truck's stored fixes again from a state that was kept, because some of them came late."""

from __future__ import annotations

import dataclasses
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from freight.fixes import MISSING_INT64, FixArray
from freight.tracking.checkpoints import Checkpoint
from freight.tracking.epochs import Epoch, came_in_ms
from freight.tracking.facts import Facts, Flaw, Span
from freight.tracking.fold import Followed, follow, holding, sets_of
from freight.tracking.folding import World
from freight.tracking.machines import signal
from freight.tracking.outlook import Outlook
from freight.tracking.sample import samples
from freight.tracking.standing import KnownEvent
from freight.tracking.tracked import Tracked

FROM_THE_BEGINNING = MISSING_INT64
NOWHERE: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """What is stored of one truck from a kept state on, with the late fixes in their places."""

    start: Tracked  # after all fixes before `from_ms`
    from_ms: int  # or FROM_THE_BEGINNING
    fixes: FixArray  # in the order of device time
    has_newest: bool  # no fixes are stored behind the last of these
    last_late_ms: int
    # Kept behind `from_ms` and not behind the last of the fixes; as it was before the late ones.
    checkpoints: Sequence[Checkpoint]
    # Decided from `from_ms` on, with all that replaced them, in the order they were learned.
    events: Sequence[KnownEvent]
    spans: Sequence[Span]  # begun or ended by fixes from `from_ms` on, or going on
    flaws: Mapping[int, Flaw]  # of the fixes, by device time


@dataclasses.dataclass(frozen=True, slots=True)
class Refolded:
    """What the fixes say from `from_ms` up to `upto_ms`, which is None if up to the newest."""

    state: Tracked  # after the last fix folded
    outlook: Outlook
    from_ms: int
    upto_ms: int | None
    # From `upto_ms` on everything is as it was known: the late fixes changed nothing there.
    has_converged: bool
    facts: Facts
    checkpoints: Sequence[Checkpoint]
    told_in: Mapping[uuid.UUID, Epoch]  # without entry: what is in force now
    # Since when the truck is out of reach, if it is, by the time of our own clock.
    silent_since_ms: int | None = None

    @property
    def is_done(self) -> bool:
        return self.has_converged or self.upto_ms is None

    def covers(self, decided_ms: int) -> bool:
        return self.from_ms <= decided_ms and (self.upto_ms is None or decided_ms < self.upto_ms)


def refold(past: Past, world: World, epochs: Sequence[Epoch] = ()) -> Refolded:
    """The machines over the fixes, until a state that was reached without the late ones, too.

    Each fix under the rules and fences that were in force when it, or what follows it, came in;
    for that the book of fences is turned back, and forth again before this returns.
    """
    run = _Run(past, world)
    try:
        for epoch, stretch in _stretches(past.fixes, epochs):
            if run.upto_ms is None:
                run.fold(stretch, epoch)
    finally:
        for epoch in epochs:
            world.fences.apply(epoch.fences)
    return run.refolded()


def _stretches(fixes: FixArray, epochs: Sequence[Epoch]) -> Iterator[tuple[Epoch | None, FixArray]]:
    """The fixes of each epoch; also of those without any, since what changed then stays."""
    if not epochs:
        yield None, fixes
        return
    begins = np.array([epoch.from_ms for epoch in epochs[1:]], dtype=np.int64)
    ends = np.searchsorted(came_in_ms(fixes), begins, side="left")
    yield from zip(epochs, np.split(fixes, ends), strict=True)


class _Run:
    """One truck on its way through its past."""

    def __init__(self, past: Past, world: World) -> None:
        self.upto_ms: int | None = None
        self._past = past
        self._world = world
        self._truck = follow(past.start, world)
        self._told_in: dict[uuid.UUID, Epoch] = {}
        # Before the last late fix an equal state says nothing yet.
        self._known = deque(c for c in past.checkpoints if c.boundary_ms > past.last_late_ms)

    def fold(self, fixes: FixArray, epoch: Epoch | None) -> None:
        truck, world = self._truck, self._world
        if epoch is not None:
            world.fences.apply(epoch.fences)
            truck.turn_to(msgspec.structs.replace(truck.around, rules=epoch.rules))
        told = len(truck.facts.events)
        sets = sets_of(*holding(fixes, world.fences), np.arange(len(fixes)))
        for i, fix in enumerate(samples(fixes)):
            if self._has_converged_before(fix.ts_ms):
                break
            truck.take(fix, sets.get(i, NOWHERE))
        if epoch is not None:
            self._told_in |= {event.id: epoch for event in truck.facts.events[told:]}

    def _has_converged_before(self, ts_ms: int) -> bool:
        while self._known and self._known[0].boundary_ms <= ts_ms:
            reached = self._known.popleft()
            if reached.state == self._truck.state:
                self.upto_ms = reached.boundary_ms
                return True
        return False

    def refolded(self) -> Refolded:
        truck, past, upto_ms = self._truck, self._past, self.upto_ms
        has_converged, kept = upto_ms is not None, truck.checkpoints
        if not has_converged and not past.has_newest:
            # Where the next piece begins, though no boundary lies there.
            upto_ms = truck.state.seen_ms + 1
            kept = [*kept, Checkpoint(upto_ms, truck.state)]
        truck.turn_to(self._world.around(truck.state.tenant_key, truck.state.truck_key))
        return Refolded(
            state=truck.state,
            outlook=truck.outlook(),
            from_ms=past.from_ms,
            upto_ms=upto_ms,
            has_converged=has_converged,
            facts=truck.facts,
            checkpoints=kept,
            told_in=self._told_in,
            silent_since_ms=_silent_since(truck, past) if upto_ms is None else None,
        )


def _silent_since(truck: Followed, past: Past) -> int | None:
    """What no fix but the clock has told, and what these fixes leave as it is, still stands. They
    tell no silence of their own: the truck is being heard."""
    due_ms = signal.due_ms(truck.state, truck.around)
    if due_ms is None or (signal.SPAN, "", due_ms) not in {one.key for one in past.spans}:
        return None
    truck.facts.decided_by(due_ms)
    at_ms = truck.around.known_at_ms
    return due_ms if signal.tick(truck.state, truck.around, at_ms, truck.facts) else None
