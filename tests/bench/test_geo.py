"""The ground `bench geo` measures on is what its page says, and its brute force finds no error."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from bench import geo, geo_rules, geo_world
from bench.geo_world import STEP_M, TRUCKS, driving, random_points, sites
from geo.point import haversine_m


def test_driving_fixes_of_a_truck_are_a_step_apart() -> None:
    lat, lon = driving(3 * TRUCKS, seed=1)

    first = np.array([lat[:TRUCKS], lon[:TRUCKS]])
    second = np.array([lat[TRUCKS : 2 * TRUCKS], lon[TRUCKS : 2 * TRUCKS]])
    nearest_m = [
        float(haversine_m(*first[:, truck], *second).min()) for truck in range(0, TRUCKS, 50)
    ]

    assert max(nearest_m) <= 1.01 * STEP_M
    assert np.median(nearest_m) > 0.5 * STEP_M


def test_sites_are_valid_and_of_two_sizes() -> None:
    shapes = sites(100, 16, seed=1)

    assert all(shape.is_valid and len(shape.exterior.coords) == 17 for shape in shapes)
    assert np.ptp([shape.bounds[2] - shape.bounds[0] for shape in shapes]) > 0.05


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the trucks for a quarter of the way: what is asked of figures takes all."""
    for module in (geo_world, geo_rules):
        monkeypatch.setattr(module, "TRUCKS", 50)
    monkeypatch.setattr(geo_rules, "STEPS", 30)
    for name in ("RULES_FENCES", "POSTGIS_FENCES"):
        monkeypatch.setattr(geo, name, 300)


@pytest.mark.usefixtures("small")
def test_a_small_run_measures_every_batch_and_stream() -> None:
    parser = argparse.ArgumentParser()
    geo.options(parser)
    args = parser.parse_args(
        ["--fences", "20", "--vertices", "16", "--points", "2048", "--oracle", "100"]
    )

    figures = geo.run(args).as_json()["figures"]

    assert {f"20x16.{s}.batch_{b}_us" for s in ("driving", "random") for b in geo.BATCHES} <= set(
        figures
    )
    assert {f"rules.batch_{b}_us" for b in geo.BATCHES[1:]} <= set(figures)
    assert figures["20x16.driving.differ_from_tree"] == figures["oracle.wrong"] == 0
    assert figures["300x16.postgis.differ"] == 0
    assert random_points(10, seed=1).shape == (2, 10)
