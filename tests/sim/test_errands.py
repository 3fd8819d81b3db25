"""Trucks that are sent go the shortest way, stay until they are told, and then go on."""

from __future__ import annotations

import numpy as np
import pytest

from config.policy import policy
from geo.point import haversine_m
from geo.roads import read_roads
from sim import lanes
from sim.errands import Here, Spot, way_to
from sim.world import LastKnown, World

GRAPH = read_roads()
RULES = policy().simulation
NOW_MS = 1_793_520_000_000
EDGE = next(edge for edge in GRAPH.edges if edge.length_m > 80_000)


def world_with(truck_at_m: float, trucks: int = 1) -> World:
    """Its trucks drive on one road, so far from its beginning."""
    world = World(GRAPH, RULES, trucks=trucks, seed=3, start_ms=NOW_MS)
    for row in range(trucks):
        lat, lon = place(truck_at_m)
        world.resume(row, LastKnown(lat, lon))
    return world


def place(drawn_m: float) -> tuple[float, float]:
    tracks = World(GRAPH, RULES, trucks=1, seed=1, start_ms=NOW_MS).tracks
    at = tracks.locate(np.array([EDGE.index]), np.array([True]), np.array([drawn_m]))
    return float(at.lat[0]), float(at.lon[0])


def drive(world: World, minutes: float) -> None:
    for _ in range(round(minutes * 60 / 2)):
        world.step(2.0)


def metres_to(world: World, lat: float, lon: float) -> float:
    at = world.places(np.array([0]), np.zeros(1))
    return float(haversine_m(float(at.lat[0]), float(at.lon[0]), lat, lon))


@pytest.mark.parametrize(("target_m", "km"), [(30_000, 6), (18_000, 6)])
def test_ahead_is_driven_to_and_behind_is_turned_round_for(target_m: float, km: float) -> None:
    for forward in (True, False):
        along_m = 24_000.0 if forward else EDGE.length_m - 24_000.0
        here = Here(EDGE, forward, along_m)
        way = way_to(GRAPH, GRAPH.ways_from, here, Spot(EDGE.index, target_m))

        assert way is not None
        assert way.length_m == pytest.approx(km * 1000)
        assert len(way.legs) == 1


def test_another_road_is_reached_by_its_nearer_end() -> None:
    other_town, leg = GRAPH.legs_from(EDGE.end)[0]
    if leg.edge.index == EDGE.index:
        other_town, leg = GRAPH.legs_from(EDGE.end)[1]
    drawn_m = 5_000.0 if leg.forward else leg.edge.length_m - 5_000.0
    here = Here(EDGE, forward=True, along_m=EDGE.length_m - 1_000.0)
    beside = way_to(GRAPH, GRAPH.ways_from, here, Spot(leg.edge.index, drawn_m))
    depot = way_to(GRAPH, GRAPH.ways_from, here, Spot(leg.edge.index, 0.0, other_town))

    assert beside is not None
    assert beside.length_m == pytest.approx(6_000)
    assert depot is not None
    assert depot.length_m == pytest.approx(1_000 + leg.edge.length_m)
    assert depot.ends_m is None


def test_one_that_is_sent_stays_there_until_it_is_released() -> None:
    world = world_with(24_000)
    lat, lon = place(27_000)
    spot = world.spot(lat, lon)
    assert spot is not None
    assert world.send(0, spot)
    drive(world, 12)
    came = world.has_come(0)
    drive(world, 180)
    after_m = metres_to(world, lat, lon)
    world.release(0)
    drive(world, 10)

    assert came
    assert world.has_come(0) is False
    assert after_m < 20
    assert metres_to(world, lat, lon) > 500


def test_a_depot_is_reached_inside_its_fence() -> None:
    world = world_with(4_000)
    town = GRAPH.towns[EDGE.start]
    spot = world.spot(town.lat, town.lon)
    assert spot is not None
    assert spot.town == EDGE.start
    world.send(0, spot)
    drive(world, 25)

    assert world.has_come(0)
    assert metres_to(world, town.lat, town.lon) < RULES.setup.depot_radius_m


def test_one_that_is_held_stands_and_then_goes_where_it_was_sent() -> None:
    world = world_with(24_000)
    lat, lon = place(27_000)
    spot = world.spot(lat, lon)
    assert spot is not None
    world.send(0, spot)
    world.hold(0, 600_000)
    before_m = metres_to(world, lat, lon)
    drive(world, 9)
    held_m = metres_to(world, lat, lon)
    drive(world, 15)

    assert held_m == before_m
    assert world.has_come(0)


def test_far_from_every_road_there_is_no_place_to_stop() -> None:
    world = world_with(24_000)

    assert world.spot(0.0, 60.0) is None


def test_its_route_ends_where_it_is_sent() -> None:
    world = world_with(24_000)
    lat, lon = place(40_000)
    spot = world.spot(lat, lon)
    assert spot is not None
    world.send(0, spot)
    trip = world.trip(0)
    route = lanes.lane(GRAPH, trip)
    journey = lanes.journey(GRAPH, trip, route["id"], NOW_MS, promise=1.0, stop_m=400.0)
    point = journey["stops"][0]["point"]
    last = route["shape"]["coordinates"][-1]

    assert trip.to_go_m == pytest.approx(16_000, abs=200)
    assert float(haversine_m(point["lat"], point["lon"], lat, lon)) < 50
    assert float(haversine_m(last[1], last[0], lat, lon)) < 50
