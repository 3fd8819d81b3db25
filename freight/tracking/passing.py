"""Trucks that come into another section of their routes: all else about their fixes is quiet."""

from __future__ import annotations

import numpy as np

from freight.tracking.columns import TruckColumns
from freight.tracking.facts import Facts
from freight.tracking.folding import Folding, Passed, World
from freight.tracking.sample import samples
from freight.tracking.tracked import passed


def pass_on(folding: Folding, columns: TruckColumns, world: World) -> None:
    """Show the last quiet fix of these to what follows their routes, and to nothing else."""
    quiet = folding.quiet
    passing = np.flatnonzero(quiet.passing)
    if not len(passing):
        return
    rows = quiet.rows.take(passing).tolist()
    fixes = samples(folding.fixes.take(quiet.last.take(passing)))
    for row, fix in zip(rows, fixes, strict=True):
        known = columns.looked_at(row)
        around = world.around(known.tenant_key, known.truck_key)
        facts = Facts(known.tenant_key, known.truck_key, around.name, around.known_at_ms)
        state, ahead = passed(known, fix, around, facts)
        folding.passed.append(Passed(row, state, ahead))
        folding.tell(state, facts)
