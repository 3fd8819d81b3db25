"""Routes for simulated trucks: the way they drive, a bypass they do not take, and the promise."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from config.policy import policy
from geo.roads import RoadGraph, read_roads
from geo.route import compile_route
from sim import lanes
from sim.lanes import Trip
from sim.tracks import Floats
from sim.world import World

RULES = policy().simulation.setup.dispatching
NOW_MS = 1_793_520_000_000  # 2026-11-01T08:00Z


@pytest.fixture(scope="module")
def graph() -> RoadGraph:
    return read_roads()


def trip_of(graph: RoadGraph, start: str, end: str, driven_m: float = 0.0) -> Trip:
    return Trip(graph.route(graph.town(start), graph.town(end)).legs, driven_m)


def line_of(route: dict[str, object]) -> Floats:
    shape = route["shape"]
    assert isinstance(shape, dict)
    return np.array(shape["coordinates"])[:, ::-1]


def test_a_lane_is_the_way_that_is_driven(graph: RoadGraph) -> None:
    trip = trip_of(graph, "Mumbai", "Nashik")

    route = lanes.lane(graph, trip)

    drawn = graph.route(graph.town("Mumbai"), graph.town("Nashik")).shape()
    assert np.abs(line_of(route) - drawn).max() < 1e-6
    assert route["name"] == "Mumbai - Nashik"
    assert str(route["id"]).startswith("lane-mumbai-nashik-")
    assert lanes.lane(graph, trip_of(graph, "Mumbai", "Nashik", 5000.0)) == route
    back = lanes.lane(graph, trip_of(graph, "Nashik", "Mumbai"))
    assert back["id"] != route["id"]
    assert len(str(back["id"])) <= 64
    assert route["sections"][0]["first"] == 0


def test_a_bypass_leaves_the_road_ahead_and_comes_back(graph: RoadGraph) -> None:
    trip = trip_of(graph, "Mumbai", "Nashik", 40_000.0)
    road = compile_route(line_of(lanes.lane(graph, trip)))

    bypass = lanes.other_lane(graph, trip, RULES, "T1")

    assert bypass is not None
    line = line_of(bypass)
    off_m = np.array([_off_m(line_of(lanes.lane(graph, trip)), point) for point in line])
    along_m = np.linspace(0.0, road.length_m, len(line))
    assert off_m[along_m < 40_000.0].max() < 100.0, "behind it and where it is nothing changes"
    assert off_m[along_m > 65_000.0].max() < 100.0
    assert off_m.max() == pytest.approx(RULES.astray_aside_km * 1000.0, rel=0.3)
    assert bypass["id"] != lanes.lane(graph, trip)["id"]
    near_its_end = trip_of(graph, "Mumbai", "Nashik", road.length_m - 5000.0)
    assert lanes.other_lane(graph, near_its_end, RULES, "T1") is None


def _off_m(line: Floats, point: Floats) -> float:
    """To the nearest drawn point of the line, which are 1.5 km apart; itself if not moved."""
    return float(np.min(np.hypot(*((line - point) * [111_195.0, 104_000.0]).T)))


def test_the_arrival_is_promised_for_what_is_left(graph: RoadGraph) -> None:
    whole = trip_of(graph, "Mumbai", "Nashik")
    length_m = sum(leg.edge.length_m for leg in whole.legs)
    assert whole.to_go_s == pytest.approx(sum(leg.edge.drive_s for leg in whole.legs))
    assert Trip(whole.legs, length_m).to_go_s == pytest.approx(0.0)
    last = whole.legs[-1].edge
    half_a_leg = Trip(whole.legs, length_m - last.length_m / 2.0)
    assert half_a_leg.to_go_s == pytest.approx(last.drive_s / 2.0)

    told = lanes.journey(graph, whole, "r", NOW_MS, promise=1.5, stop_m=400.0)

    promised = datetime.fromisoformat(told["arrival"]["until"]).timestamp()
    assert promised == pytest.approx(NOW_MS / 1000.0 + 1.5 * whole.to_go_s, abs=1.0)
    assert told["route"] == {"id": "r"}
    (stop,) = told["stops"]
    assert (stop["name"], stop["radius_m"]) == ("Nashik depot", 400.0)


def test_every_truck_of_the_world_is_on_its_lane(graph: RoadGraph) -> None:
    world = World(graph, policy().simulation, trucks=30, seed=3, start_ms=NOW_MS)
    first = world.trips.copy()
    assert (first == 1).all()

    for row in range(30):
        trip = world.trip(row)
        route = compile_route(line_of(lanes.lane(graph, trip)))
        here = route.point_at(trip.driven_m)
        where = world.places(np.array([row]), np.zeros(1))
        north_m = (here.lat - float(where.lat[0])) * 111_195.0
        east_m = (here.lon - float(where.lon[0])) * 111_195.0 * np.cos(np.radians(here.lat))
        assert np.hypot(north_m, east_m) < 250.0
