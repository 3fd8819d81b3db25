"""Heat by H3 cells: what is in which, added up, the hottest first."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from geo.hexagons import heat, outline

DELHI, MUMBAI = (28.6139, 77.209), (19.076, 72.8777)


def at(*places: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = np.array(places).reshape(-1, 2).T
    return lat, lon


@pytest.mark.parametrize("resolution", [0, 5, 9, 15])
def test_cells_are_those_of_the_library(resolution: int) -> None:
    found = heat(*at(DELHI), resolution)

    assert found.names == [h3.latlng_to_cell(*DELHI, resolution)]
    (center,) = found.centers()
    assert center == pytest.approx(h3.cell_to_latlng(found.names[0]))


def test_points_are_counted_and_weights_added_up() -> None:
    places = at(DELHI, MUMBAI, MUMBAI)
    mumbai = h3.latlng_to_cell(*MUMBAI, 7)

    assert (heat(*places, 7).names[0], heat(*places, 7).sums.tolist()) == (mumbai, [2.0, 1.0])
    weighted = heat(*places, 7, np.array([10.0, 1.0, 2.5]), np.array([4.0, 1.0, 2.0]))
    assert weighted.sums.tolist() == [10.0, 3.5]
    assert weighted.counts.tolist() == [4, 3]
    assert weighted.hottest(1).sums.tolist() == [10.0]


def test_nothing_is_nowhere() -> None:
    none = heat(*at(), 7)

    assert (none.names, none.centers()) == ([], [])


def test_an_outline_is_a_closed_ring_around_the_cell() -> None:
    ring = outline(h3.latlng_to_cell(*DELHI, 6))

    assert ring[0] == ring[-1]
    assert len(ring) == 7
    assert min(lon for lon, _ in ring) < DELHI[1] < max(lon for lon, _ in ring)
