"""The drawn highway network is plausible, connected, and its router finds the cheapest way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.roads import Cost, NoRouteError, RoadDataError, RoadGraph, apart_m, read_roads

GRAPH = read_roads()
TOWNS = st.integers(0, len(GRAPH.towns) - 1)


def positions(graph: RoadGraph) -> np.ndarray:
    return np.array([(town.lat, town.lon) for town in graph.towns])


def through(*names: str) -> list[int]:
    return [GRAPH.town(name) for name in names]


def test_every_town_lies_in_india_and_has_its_own_name_and_place() -> None:
    where = positions(GRAPH)

    assert np.all((where[:, 0] > 6.5) & (where[:, 0] < 37.1))
    assert np.all((where[:, 1] > 68.1) & (where[:, 1] < 97.4))
    assert len({town.name for town in GRAPH.towns}) == len(GRAPH.towns)
    gaps_m = apart_m(where[:, None], where[None, :]) + np.eye(len(where)) * 1e9
    assert gaps_m.min() > 4_000


def test_every_town_can_be_reached_from_every_other() -> None:
    assert all(GRAPH.legs_from(i) for i in range(len(GRAPH.towns)))
    reached, waiting = {0}, [0]
    while waiting:
        for there, _ in GRAPH.legs_from(waiting.pop()):
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    assert len(reached) == len(GRAPH.towns)


def test_edges_bend_like_roads() -> None:
    where = positions(GRAPH)
    for edge in GRAPH.edges:
        straight_m = float(apart_m(where[edge.start], where[edge.end]))
        about = f"{edge.road} {GRAPH.towns[edge.start].name} - {GRAPH.towns[edge.end].name}"

        assert 0.999 <= edge.length_m / straight_m <= 1.35, about
        assert straight_m < 300_000, about
        assert np.allclose(edge.shape[0], where[edge.start]), about
        assert np.allclose(edge.shape[-1], where[edge.end]), about
        assert np.all(np.diff(edge.along_m) > 0), about
        assert np.diff(edge.along_m).max() < 5_000, about


def test_no_two_edges_join_the_same_towns() -> None:
    pairs = Counter(frozenset((edge.start, edge.end)) for edge in GRAPH.edges)

    assert [pair for pair, n in pairs.items() if n > 1] == []


@pytest.mark.parametrize(
    ("origin", "destination", "by_road_km", "on_the_way"),
    [
        ("Delhi", "Mumbai", 1400, ("Jaipur", "Udaipur", "Ahmedabad", "Surat")),
        ("Mumbai", "Chennai", 1330, ("Pune", "Kolhapur", "Hubballi", "Bengaluru", "Vellore")),
        ("Chennai", "Kolkata", 1660, ("Nellore", "Vijayawada", "Brahmapur", "Cuttack")),
        ("Kolkata", "Delhi", 1480, ("Asansol", "Varanasi", "Kanpur", "Agra")),
        ("Srinagar", "Kanyakumari", 3500, ("Jammu", "Jhansi", "Nagpur", "Hyderabad", "Salem")),
    ],
)
def test_the_great_highways(
    origin: str, destination: str, by_road_km: float, on_the_way: tuple[str, ...]
) -> None:
    route = GRAPH.route(GRAPH.town(origin), GRAPH.town(destination))

    assert route.length_m / 1000 == pytest.approx(by_road_km, rel=0.12)
    assert set(through(*on_the_way)) <= set(route.towns)


@given(TOWNS, TOWNS)
@settings(max_examples=60, deadline=None)
def test_a_route_is_continuous_and_as_good_backwards(origin: int, destination: int) -> None:
    route = GRAPH.route(origin, destination, Cost.DISTANCE)
    back = GRAPH.route(destination, origin, Cost.DISTANCE)

    assert (route.towns[0], route.towns[-1]) == (origin, destination)
    assert route.length_m == pytest.approx(back.length_m)
    assert GRAPH.route(origin, destination).drive_s <= route.drive_s + 1e-6
    shape = route.shape()
    if len(shape):
        where = positions(GRAPH)
        assert np.allclose(shape[[0, -1]], where[[origin, destination]])
        assert apart_m(shape[:-1], shape[1:]).sum() == pytest.approx(route.length_m)


def write_roads(directory: Path, highways: str) -> Path:
    (directory / "towns.csv").write_text("name,state,lat,lon\nA,X,10.0,77.0\nB,X,11.0,77.0\n")
    (directory / "speed_classes.csv").write_text("speed_class,truck_kmh\nfast,60\n")
    (directory / "highways.txt").write_text(highways)
    return directory


def test_towns_without_a_road_have_no_route(tmp_path: Path) -> None:
    graph = read_roads(write_roads(tmp_path, "# nothing drawn yet\n"))

    with pytest.raises(NoRouteError, match="no road from A to B"):
        graph.route(0, 1)


@pytest.mark.parametrize("line", ["R fast: A, Nowhere, B", "R fast: A, P 10.5 77.1", "R fast: A"])
def test_a_line_that_does_not_join_towns_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(RoadDataError):
        read_roads(write_roads(tmp_path, line + "\n"))
