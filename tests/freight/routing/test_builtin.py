"""The built-in highways as a router: snapped places, quickest ways, sections, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from freight.routing.builtin import Highways
from freight.routing.plan import Avoid, PlannedRoute, PlanOptions, RouteRefusedError, Vehicle
from geo.point import Point, haversine_m
from geo.roads import Leg, RoadGraph, read_roads

ANY = PlanOptions()


@pytest.fixture(scope="module")
def graph() -> RoadGraph:
    return read_roads()


@pytest.fixture(scope="module")
def highways(graph: RoadGraph) -> Highways:
    return Highways(graph)


def plan(highways: Highways, *points: Point, options: PlanOptions = ANY) -> PlannedRoute:
    return highways.plan(points, options, snap_m_max=25_000.0, error_m=0.0)


def town(graph: RoadGraph, name: str) -> Point:
    found = graph.towns[graph.town(name)]
    return Point(found.lat, found.lon)


def drawn_m(route: PlannedRoute) -> float:
    line = route.points
    return float(haversine_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1]).sum())


def test_between_towns_it_is_the_graphs_own_way(graph: RoadGraph, highways: Highways) -> None:
    way = graph.route(graph.town("Mumbai"), graph.town("Delhi"))

    route = plan(highways, town(graph, "Mumbai"), town(graph, "Delhi"))

    assert route.length_m == pytest.approx(way.length_m, rel=1e-6)
    assert route.duration_s == pytest.approx(way.drive_s, rel=1e-6)
    assert np.abs(route.points - way.shape()).max() < 1e-9
    classes = [leg.edge.speed_class.name for leg in way.legs]
    changes = [c for i, c in enumerate(classes) if i == 0 or c != classes[i - 1]]
    assert [section.road_class for section in route.sections] == changes


def test_places_beside_the_road_are_snapped_to_it(graph: RoadGraph, highways: Highways) -> None:
    start, end = town(graph, "Mumbai"), town(graph, "Pune")
    beside = Point(start.lat + 0.05, start.lon + 0.05)

    route = plan(highways, beside, end)

    first = route.points[0]
    off_m = float(haversine_m(beside.lat, beside.lon, first[0], first[1]))
    assert 0.0 < off_m < 25_000.0
    assert route.length_m == pytest.approx(drawn_m(route), rel=1e-9)


def on_the_way(leg: Leg, share: float) -> Point:
    index = round(share * (len(leg.shape) - 1))
    return Point(float(leg.shape[index, 0]), float(leg.shape[index, 1]))


def test_along_one_edge_in_both_directions(graph: RoadGraph, highways: Highways) -> None:
    leg = Leg(max(graph.edges, key=lambda edge: edge.length_m), forward=True)
    early, late = on_the_way(leg, 0.25), on_the_way(leg, 0.75)

    there, back = plan(highways, early, late), plan(highways, late, early)

    assert there.length_m == pytest.approx(back.length_m)
    assert there.length_m == pytest.approx(leg.edge.length_m / 2.0, rel=0.05)
    assert np.abs(there.points - back.points[::-1]).max() < 1e-9
    assert there.sections[0].road_class == leg.edge.speed_class.name


def test_places_are_visited_in_their_order(graph: RoadGraph, highways: Highways) -> None:
    mumbai, pune, nashik = (town(graph, name) for name in ("Mumbai", "Pune", "Nashik"))

    via = plan(highways, mumbai, nashik, pune)
    legs = [plan(highways, mumbai, nashik), plan(highways, nashik, pune)]

    assert via.length_m == pytest.approx(sum(leg.length_m for leg in legs))
    assert via.length_m > plan(highways, mumbai, pune).length_m


def test_a_thinned_line_keeps_its_length_and_its_classes(
    graph: RoadGraph, highways: Highways
) -> None:
    ends = town(graph, "Mumbai"), town(graph, "Delhi")
    whole = plan(highways, *ends)

    thin = highways.plan(ends, ANY, snap_m_max=25_000.0, error_m=100.0)

    assert len(thin.points) < len(whole.points) / 2
    assert (thin.length_m, thin.duration_s) == (whole.length_m, whole.duration_s)
    assert [s.road_class for s in thin.sections] == [s.road_class for s in whole.sections]
    for ours, theirs in zip(thin.sections, whole.sections, strict=True):
        assert thin.points[ours.first].tolist() == whole.points[theirs.first].tolist()


def test_what_these_roads_do_not_know_is_said(graph: RoadGraph, highways: Highways) -> None:
    ends = town(graph, "Mumbai"), town(graph, "Pune")
    options = PlanOptions(Vehicle(height_m=4.0), frozenset({Avoid.TOLLS}))

    assert plan(highways, *ends, options=options).ignored == ("vehicle", "avoid")
    assert plan(highways, *ends).ignored == ()


def test_no_way_is_a_refusal(graph: RoadGraph, highways: Highways) -> None:
    delhi = town(graph, "Delhi")

    with pytest.raises(RouteRefusedError, match="no highway within 25 km of place 2"):
        plan(highways, delhi, Point(12.0, 60.0))
    with pytest.raises(RouteRefusedError, match="one spot"):
        plan(highways, delhi, delhi)
