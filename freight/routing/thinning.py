"""Thins out a line drawn by a router, together with what it says of each segment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from freight.routing.plan import PlannedRoute, sections_of
from geo.point import FloatArray
from geo.simplify import simplified

KMH_PER_MPS = 3.6  # fixed: a metre a second is so many kilometres an hour


def thinned(
    points: FloatArray,
    lengths_m: FloatArray,
    durations_s: FloatArray,
    road_classes: Sequence[str | None],
    error_m: float,
) -> PlannedRoute:
    """`lengths_m` and what follows are by segment: one less than points. The sums stay exact."""
    changes = np.zeros(len(points), dtype=bool)
    changes[1:-1] = [a != b for a, b in pairwise(road_classes)]
    kept = np.flatnonzero(simplified(points[:, 0], points[:, 1], error_m, changes))
    length_m = np.add.reduceat(lengths_m, kept[:-1])
    duration_s = np.add.reduceat(durations_s, kept[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        speeds_kmh = (length_m / duration_s * KMH_PER_MPS).tolist()
    known = [speed if np.isfinite(speed) and speed > 0.0 else None for speed in speeds_kmh]
    return PlannedRoute(
        points[kept],
        float(lengths_m.sum()),
        float(durations_s.sum()),
        sections_of([road_classes[first] for first in kept[:-1].tolist()], known),
    )
