"""Has everything compiled that a fold needs, so that no first batch waits for a compiler."""

from __future__ import annotations

import numpy as np

from freight.fixes import FIX_DTYPE
from freight.tracking import courses
from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import NOBODY, fold
from freight.tracking.folding import World
from freight.tracking.outlook import Outlook
from freight.tracking.quiet import FurtherOn
from freight.tracking.rules import TrackingRules
from freight.tracking.sample import Sample
from geo import fences
from geo.ways import way_mm


def warm_up(rules: TrackingRules) -> None:
    """Folds nothing: what is compiled depends on the kinds of arrays only."""
    fences.warm_up()
    courses.warm_up()
    way_mm(0.0, 0.0, 0.0, 0.0)
    columns, nothing = TruckColumns(), np.empty(0, dtype=FIX_DTYPE)
    around = World(FenceBook(), {}, lambda _tenant: rules, known_at_ms=0)
    columns.apply(fold(columns, nothing, around), committed_ms=0)
    further = FurtherOn(nothing, NOBODY, around.journeys.routes)
    further.quietly(Outlook(), rules.filtering, Sample(0, 0, 0.0, 0.0), 0, 0)
