"""Fold a batch of fixes into the trucks' state: the ordered list of steps."""

from __future__ import annotations

import numpy as np

from freight.fixes import FixArray
from freight.tracking.columns import TruckColumns
from freight.tracking.crossings import fence_crossings
from freight.tracking.folding import Folding, Step, World
from freight.tracking.order import order_and_duplicates

# The whole pipeline, in order. Each step reads what the ones before it left in the Folding. The
# last known state follows from `newest` when the folding is committed (TruckColumns.apply).
STEPS: tuple[Step, ...] = (
    order_and_duplicates,
    fence_crossings,
)


def fold(columns: TruckColumns, given: FixArray, world: World) -> Folding:
    """Run every step over one batch; `columns` gains rows for new trucks, but no state."""
    none = np.empty(0, dtype=np.int64)
    folding = Folding(given, given[:0], none, none, none, none, none)
    for step in STEPS:
        step(folding, columns, world)
    return folding
