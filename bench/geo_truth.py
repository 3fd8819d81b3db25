"""The index's answers against brute force: random fences, hard points, every pair of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from bench import geo_drawing
from bench.geo_oracle import Oracle
from geo.fences import FenceIndex, compile_shape
from geo.shapes import ShapeError, parse_shape

FENCES_AT_ONCE = 8
POINTS_EACH = 96
BATCHES = (1, 2, 7, 64, 1_000)


@dataclasses.dataclass
class Compared:
    """How many pairs were asked about, how many of them lay too near a border to say, and those
    of which the index and brute force say different things."""

    pairs: int = 0
    unsure: int = 0
    inside: int = 0
    wrong: list[tuple[Any, float, float]] = dataclasses.field(default_factory=list)


def compare(pairs: int, seed: int) -> Compared:
    rng = np.random.default_rng(seed)
    compared = Compared()
    while compared.pairs < pairs:
        shapes = [_shape(rng) for _ in range(FENCES_AT_ONCE)]
        at = [geo_drawing.points_at(rng, shape, POINTS_EACH) for shape in shapes]
        lat, lon = (np.concatenate([place[axis] for place in at]) for axis in (0, 1))
        index = FenceIndex({i: compile_shape(parse_shape(s)) for i, s in enumerate(shapes)})
        found = _ask(index, lat, lon, int(rng.choice(BATCHES)))
        for number, shape in enumerate(shapes):
            truth = Oracle(shape).holding(lat, lon)
            compared.pairs += len(lat)
            compared.unsure += int((truth < 0).sum())
            compared.inside += int((truth > 0).sum())
            differ = np.flatnonzero((truth >= 0) & (found[:, number] != (truth > 0)))
            compared.wrong += [(shape, float(lat[i]), float(lon[i])) for i in differ]
    return compared


def _ask(index: FenceIndex, lat: Any, lon: Any, batch: int) -> Any:
    """Few points are asked another way than many: both must be right."""
    found = np.zeros((len(lat), FENCES_AT_ONCE), dtype=bool)
    for first in range(0, len(lat), batch):
        points, numbers = index.holding(lat[first : first + batch], lon[first : first + batch])
        found[first + points, numbers] = True
    return found


def _shape(rng: np.random.Generator) -> Any:
    """One that the product takes: random rings may cross themselves."""
    while True:
        shape = geo_drawing.draw(
            rng,
            str(rng.choice(geo_drawing.EVERY_KIND)),
            float(rng.choice(geo_drawing.SIZES_M)),
            geo_drawing.PLACES[int(rng.integers(len(geo_drawing.PLACES)))],
        )
        try:
            parse_shape(shape)
        except ShapeError:
            continue
        return shape
