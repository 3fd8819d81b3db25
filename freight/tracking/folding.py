"""What the steps of a fold share: one batch in work, and the world around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from freight.events import TruckEvent
from freight.fixes import FixArray
from freight.tracking.columns import IntArray, TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.names import TruckName


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What the steps may know besides the trucks' own state; time comes in, it is not read."""

    fences: FenceBook
    names: Mapping[int, TruckName]
    known_at_ms: int


@dataclasses.dataclass(slots=True)
class Folding:
    """The working set of one batch. Nothing of it is the trucks' state until it is committed."""

    given: FixArray
    # The first step fills these: the fixes that are news, by truck and device time.
    fixes: FixArray
    given_index: IntArray
    rows: IntArray
    # Index of the same truck's fix before, within this batch, or -1.
    previous: IntArray
    # Index of each truck's newest fix.
    newest: IntArray
    # Given fixes not newer than their truck's newest: late ones and repetitions.
    older_index: IntArray
    events: list[TruckEvent] = dataclasses.field(default_factory=list)
    inside_after: dict[int, frozenset[int]] = dataclasses.field(default_factory=dict)


Step = Callable[[Folding, TruckColumns, World], None]
