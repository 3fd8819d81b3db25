"""Folds a truck's stored fixes again from a state that was kept, because some of them came late."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from freight.fixes import MISSING_INT64, FixArray
from freight.tracking.checkpoints import Checkpoint
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
    # Since when the truck is out of reach, if it is, by the time of our own clock.
    silent_since_ms: int | None = None

    @property
    def is_done(self) -> bool:
        return self.has_converged or self.upto_ms is None

    def covers(self, decided_ms: int) -> bool:
        return self.from_ms <= decided_ms and (self.upto_ms is None or decided_ms < self.upto_ms)


def refold(past: Past, world: World) -> Refolded:
    """The machines over the fixes, until a state that was reached without the late ones, too."""
    truck = follow(past.start, world)
    # Before the last late fix an equal state says nothing yet.
    known = deque(c for c in past.checkpoints if c.boundary_ms > past.last_late_ms)
    sets = sets_of(*holding(past.fixes, world.fences), np.arange(len(past.fixes)))
    upto_ms: int | None = None
    for i, fix in enumerate(samples(past.fixes)):
        while upto_ms is None and known and known[0].boundary_ms <= fix.ts_ms:
            reached = known.popleft()
            if reached.state == truck.state:
                upto_ms = reached.boundary_ms
        if upto_ms is not None:
            break
        truck.take(fix, sets.get(i, NOWHERE))
    has_converged, kept = upto_ms is not None, truck.checkpoints
    if not has_converged and not past.has_newest:
        # Where the next piece begins, though no boundary lies there.
        upto_ms = truck.state.seen_ms + 1
        kept = [*kept, Checkpoint(upto_ms, truck.state)]
    return Refolded(
        state=truck.state,
        outlook=truck.outlook(),
        from_ms=past.from_ms,
        upto_ms=upto_ms,
        has_converged=has_converged,
        facts=truck.facts,
        checkpoints=kept,
        silent_since_ms=_silent_since(truck) if upto_ms is None else None,
    )


def _silent_since(truck: Followed) -> int | None:
    """What no fix has told must not look as if it were not so."""
    due_ms = signal.due_ms(truck.state, truck.around)
    if due_ms is None:
        return None
    truck.facts.decided_by(due_ms)
    at_ms = truck.around.known_at_ms
    return due_ms if signal.tick(truck.state, truck.around, at_ms, truck.facts) else None
