"""A million hard pairs of a point and a fence, each answered by brute force in local metres too."""

from __future__ import annotations

import numpy as np
import pytest

from bench import geo_drawing as drawing
from bench.geo_oracle import Oracle
from bench.geo_truth import compare

PAIRS = 1_000_000


def test_a_million_answers_are_those_of_brute_force() -> None:
    """Corners, edges, points a hair beside them, poles, the antimeridian, holes, 10 m to 500 km.

    More of them: `python -m ubertruck bench geo --oracle 10000000`.
    """
    compared = compare(PAIRS, seed=7)

    assert compared.wrong == []
    assert compared.pairs >= PAIRS
    assert compared.inside > PAIRS / 50
    assert compared.unsure < PAIRS / 20


@pytest.mark.parametrize("kind", drawing.EVERY_KIND)
def test_brute_force_asked_at_once_is_brute_force_asked_one_by_one(kind: str) -> None:
    rng = np.random.default_rng(3)
    for place in drawing.PLACES:
        shape = drawing.draw(rng, kind, 3_000.0, place)
        lat, lon = drawing.points_at(rng, shape, 16)
        oracle = Oracle(shape)

        alone = [oracle.holds(y, x) for y, x in zip(lat.tolist(), lon.tolist(), strict=True)]

        together = oracle.holding(lat, lon).tolist()
        assert [None if answer < 0 else answer == 1 for answer in together] == alone
