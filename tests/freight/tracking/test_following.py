"""Trucks on their routes: what is told of each story, with and without quiet fixes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from freight.tracking.fences import FenceBook
from freight.tracking.journeys import AllowedPlace, PlannedStop
from tests.freight.test_journeys import KM
from tests.freight.tracking.journey import LAT, LON, T0
from tests.freight.tracking.trips_on_routes import Trip, plan, route_events, told_of
from tests.freight.world import Change as FenceChange

EAST = plan((0, 0), (60, 0))


def kinds(told: Any) -> list[str]:
    return [kind for kind, _ in route_events(told)]


def test_a_trip_along_its_route_from_end_to_end() -> None:
    trip = Trip().drive((60, 0), aside_m=5.0)
    told = told_of(trip, EAST)
    # 60 km/h are a kilometre a minute: started after one, arrived half a kilometre before the end.
    assert route_events(told) == [("route.started", 60), ("route.arrived", 3570)]
    assert told.spans("journey") == [(60, 3570)]
    assert told.shown < len(trip.fixes) / 4


def test_distance_is_to_the_road_and_not_to_its_nearest_corner() -> None:
    """Rivals measure to the nearest vertex: on a straight highway that is kilometres away."""
    told = told_of(Trip().drive((59, 0), aside_m=30.0), EAST)
    assert kinds(told) == ["route.started"]


def test_every_deviation_is_told_and_not_only_the_first_of_a_journey() -> None:
    """Rivals note on the order that it has deviated, and never look again."""
    trip = Trip().drive((10, 0), (10, 3), (14, 3), (14, 0), (30, 0), (30, -2), (34, -2), (34, 0))
    told = told_of(trip.drive((59, 0)), EAST)
    assert kinds(told) == [
        "route.started",
        "route.deviated",
        "route.rejoined",
        "route.deviated",
        "route.rejoined",
    ]
    assert len(told.spans("deviation")) == 2


def test_a_haul_of_a_week_is_watched_to_its_end() -> None:
    """Rivals stop watching orders that are two days old."""
    trip = Trip(every_s=60.0).drive((10, 0)).stand(5 * 24 * 60).drive((30, 0), (30, 5), (40, 5))
    told = told_of(trip, EAST)
    assert kinds(told) == ["route.started", "route.deviated"]


def test_an_episode_says_where_it_began_how_far_it_went_and_what_it_cost() -> None:
    trip = Trip().drive((20, 0), (20, 3), (25, 3), (25, 0), (59, 0))
    told = told_of(trip, EAST)
    (deviated,), (rejoined,) = (
        told.event("truck.route.deviated"),
        told.event("truck.route.rejoined"),
    )
    # At 300 m off the route, 18 s after the corner: the last fix before is the place left.
    ((began_s, ended_s),) = told.spans("deviation")
    assert began_s == 1210
    assert deviated["left"]["ts_ms"] == T0 + 1_210_000
    assert deviated["left"]["progress_km"] == pytest.approx(20.0, abs=0.02)
    assert rejoined["farthest"]["off_m"] == pytest.approx(3000.0, rel=0.01)
    # Back 150 m before the road: 2.83 km up, 5 along, 2.83 down.
    assert rejoined["way_km"] == pytest.approx(10.7, abs=0.2)
    assert rejoined["route_km"] == pytest.approx(5.0, abs=0.02)
    assert rejoined["extra_km"] == pytest.approx(5.7, abs=0.2)
    assert ended_s is not None
    # The planned five kilometres take 7.5 minutes at 40 km/h.
    minutes = (ended_s - began_s) / 60.0 - 7.5
    assert rejoined["extra_minutes"] == pytest.approx(minutes, abs=0.1)
    cost = rejoined["extra_cost"]
    assert cost["currency"] == "INR"
    by_hand = rejoined["extra_km"] * 4500 + max(0.0, minutes / 60.0) * 25_000
    assert cost["amount_minor"] == pytest.approx(by_hand, abs=500)


def test_a_journey_may_have_costs_of_its_own() -> None:
    trip = Trip().drive((20, 0), (20, 3), (25, 3), (25, 0), (59, 0))
    told = told_of(trip, plan((0, 0), (60, 0), paise_per_km=0, paise_per_hour=0))
    assert told.event("truck.route.rejoined")[0]["extra_cost"]["amount_minor"] == 0


@pytest.mark.parametrize(
    ("off_km", "along_km", "expected"),
    [
        (0.25, 10, []),  # within the distance
        (0.4, 1.0, []),  # off the road for a minute and a half
        (0.4, 10, ["route.deviated", "route.rejoined"]),
        (5.0, 10, ["route.deviated", "route.rejoined"]),
    ],
)
def test_what_is_a_deviation(off_km: float, along_km: float, expected: list[str]) -> None:
    trip = Trip().drive((20, 0), (20, off_km), (20 + along_km, off_km), (20 + along_km, 0), (59, 0))
    assert kinds(told_of(trip, EAST))[1:] == expected


@pytest.mark.parametrize(
    ("off_km", "corridor_m", "expected"),
    [
        (0.4, 500.0, []),
        (0.6, 500.0, ["route.deviated", "route.rejoined"]),
        (0.2, 100.0, ["route.deviated", "route.rejoined"]),
        (0.05, 100.0, []),
    ],
)
def test_a_journey_may_have_a_corridor_of_its_own(
    off_km: float, corridor_m: float, expected: list[str]
) -> None:
    trip = Trip().drive((20, 0), (20, off_km), (30, off_km), (30, 0), (59, 0))
    told = told_of(trip, plan((0, 0), (60, 0), corridor_m=corridor_m))
    assert kinds(told)[1:] == expected


def test_in_a_corridor_of_its_own_the_way_back_is_in_proportion() -> None:
    """Half of it: 1 000 m of 2 000 m, as 150 m of 300 m."""
    trip = Trip().drive((20, 0), (20, 4), (25, 1.2), (30, 4), (35, 0.8), (45, 0.8), (59, 0))
    told = told_of(trip, plan((0, 0), (60, 0), corridor_m=2000.0))
    assert kinds(told) == ["route.started", "route.deviated", "route.rejoined"]
    ((began_s, ended_s),) = told.spans("deviation")
    assert ended_s is not None
    assert ended_s - began_s > 10 * 60


def test_who_comes_near_without_coming_back_has_not_come_back() -> None:
    """Leaving and returning have distances of their own: 300 m and 150 m."""
    trip = Trip().drive((20, 0), (20, 2), (25, 0.25), (30, 2), (30, 0), (59, 0))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.deviated", "route.rejoined"]


def test_who_parks_off_the_route_has_left_it() -> None:
    trip = Trip().drive((20, 0), (20, 0.6)).stand(90)
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.deviated"]


def test_crossing_the_route_is_not_coming_back_to_it() -> None:
    trip = Trip(every_s=30.0).drive((20, 0), (20, 4), (24, 4), (24, -4), (30, -4))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.deviated"]


def test_inaccurate_fixes_do_not_leave_the_route() -> None:
    trip = Trip().drive((20, 0))
    said = len(trip.fixes)
    trip.drive((30, 0), aside_m=380.0).drive((40, 0))
    trip.fixes[said:] = [replace(fix, accuracy_m=150.0) for fix in trip.fixes[said:]]
    assert kinds(told_of(trip, EAST)) == ["route.started"]


# --------------------------------------------------------------------------- shapes of routes


def test_loop() -> None:
    loop = ((0.0, 0.0), (15.0, 0.0), (15.0, 15.0), (0.0, 15.0), (0.0, 0.0))
    told = told_of(Trip().drive(*loop[1:]), plan(*loop))
    assert kinds(told) == ["route.started", "route.arrived"]
    assert route_events(told)[1][1] == pytest.approx(3570, abs=40)


@pytest.mark.parametrize("says_heading", [True, False])
def test_out_and_back_on_the_same_road(says_heading: bool) -> None:
    told = told_of(
        Trip(says_heading=says_heading).drive((30, 0)).stand(40).drive((0, 0)),
        plan((0, 0), (30, 0), (0, 0)),
    )
    assert kinds(told) == ["route.started", "route.arrived"]
    assert route_events(told)[1][1] == pytest.approx(2 * 1800 + 2400 - 30, abs=40)


@pytest.mark.parametrize("every_s", [5.0, 30.0, 120.0])
@pytest.mark.parametrize("turn_km", [27.7, 30.0, 31.3])
@pytest.mark.parametrize("says_heading", [True, False])
def test_turning_where_the_route_turns(every_s: float, turn_km: float, says_heading: bool) -> None:
    trip = Trip(every_s=every_s, says_heading=says_heading).drive((turn_km, 0), (0, 0))
    told = told_of(trip, plan((0, 0), (turn_km, 0), (0, 0)))
    assert kinds(told) == ["route.started", "route.arrived"]


@pytest.mark.parametrize("every_s", [5.0, 30.0, 60.0])
@pytest.mark.parametrize("says_heading", [True, False])
def test_three_times_round(every_s: float, says_heading: bool) -> None:
    loop = ((3.0, 0.0), (3.0, 3.0), (0.0, 3.0), (0.0, 0.0))
    trip = Trip(every_s=every_s, says_heading=says_heading).drive(*loop * 3)
    told = told_of(trip, plan((0, 0), *loop * 3))
    assert kinds(told) == ["route.started", "route.arrived"]
    assert route_events(told)[1][1] == pytest.approx(2130, abs=60)


def test_route_that_crosses_itself() -> None:
    eight = ((0.0, 0.0), (20.0, 0.0), (20.0, 10.0), (10.0, 10.0), (10.0, -10.0))
    told = told_of(Trip().drive(*eight[1:]), plan(*eight))
    assert kinds(told) == ["route.started", "route.arrived"]


def test_parallel_carriageways() -> None:
    """The way back is 30 m beside the way out; receivers err by as much."""
    route = ((0.0, 0.0), (30.0, 0.0), (30.0, 0.03), (0.0, 0.03))
    trip = Trip().drive((10, 0), aside_m=25.0).drive((20, 0), aside_m=-10.0).drive((30, 0))
    told = told_of(trip.drive((30, 0.03), (0, 0.03)), plan(*route))
    assert kinds(told) == ["route.started", "route.arrived"]
    assert route_events(told)[1][1] == pytest.approx(3600 - 30, abs=60)


def test_ferry_jumps_along_the_route_and_deviates_from_nothing() -> None:
    trip = Trip().drive((10, 0)).jump((45, 0), minutes=120).drive((60, 0))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.arrived"]


def test_tunnel_is_silent_and_no_deviation() -> None:
    trip = Trip().drive((10, 0)).jump((14, 0), minutes=4).drive((60, 0))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.arrived"]


# ------------------------------------------------------------------------------------- wrong way


def test_u_turn_is_driving_the_wrong_way_until_the_truck_turns_again() -> None:
    trip = Trip().drive((20, 0), (15, 0), (59, 0))
    told = told_of(trip, EAST)
    assert kinds(told) == ["route.started", "route.wrong_way"]
    (wrong,) = told.event("truck.route.wrong_way")
    assert wrong["from_km"] == pytest.approx(20.0, abs=2.0)
    ((from_s, to_s),) = told.spans("wrong_way")
    # Turned after 20 minutes, and again after 25; a kilometre forward shows it.
    assert from_s == pytest.approx(1200, abs=130)
    assert to_s == pytest.approx(1560, abs=30)


@pytest.mark.parametrize("every_s", [5.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize("says_heading", [True, False])
def test_wrong_way_however_often_a_device_speaks(every_s: float, says_heading: bool) -> None:
    trip = Trip(every_s=every_s, says_heading=says_heading).drive((20, 0), (12, 0), (59, 0))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.wrong_way"]


@pytest.mark.parametrize("stands", [False, True])
def test_one_fix_too_far_ahead_is_no_way_back(stands: bool) -> None:
    """The truck goes on, or stands and jitters, behind a place where it never was."""
    trip = Trip(every_s=60.0).drive((18.0, 0.0), kmh=54.0)
    east_km, _ = trip.at
    trip.jump((east_km + 3.1, 0.25), 1.0)
    trip.at = (east_km + 0.9, 0.0)
    for nr in range(6):
        there_km = east_km + 0.9 + (0.01 * (-1) ** nr if stands else nr * 0.9)
        trip.drive((there_km, 0.0), kmh=54.0)
    assert kinds(told_of(trip, EAST)) == ["route.started"]


def test_manoeuvring_is_not_driving_the_wrong_way() -> None:
    told = told_of(Trip().drive((20, 0), (19.5, 0), (59, 0)), EAST)
    assert kinds(told) == ["route.started"]


# ---------------------------------------------------------------------------- beginning and end


def test_trip_not_started_by_its_time() -> None:
    late = plan((0, 0), (60, 0), start_by_ms=T0 + 1_800_000)
    told = told_of(Trip().stand(60).drive((59, 0)), late)
    assert route_events(told)[0] == ("route.not_started", 1800)
    assert kinds(told) == ["route.not_started", "route.started"]
    assert told.event("truck.route.started")[0]["late_s"] == pytest.approx(1860, abs=60)


def test_trip_that_starts_in_time_is_not_called_late() -> None:
    in_time = plan((0, 0), (60, 0), start_by_ms=T0 + 1_800_000)
    assert kinds(told_of(Trip().stand(20).drive((59, 0)), in_time)) == ["route.started"]


def test_driving_to_where_the_route_begins_is_no_trip_yet() -> None:
    """Along the route, the other way round: it is neither started nor wrong."""
    trip = Trip(at=(40, 0)).drive((0, 0)).stand(10).drive((59, 0))
    told = told_of(trip, EAST)
    assert kinds(told) == ["route.started"]
    assert route_events(told)[0][1] == pytest.approx(2400 + 600 + 60, abs=10)


def test_arrival_in_a_yard_beside_the_end_of_the_route() -> None:
    trip = Trip().drive((59.4, 0.0), (59.9, 0.4)).stand(60)
    told = told_of(trip, EAST)
    assert kinds(told) == ["route.started", "route.arrived"]


def test_after_the_arrival_nothing_more_is_told() -> None:
    trip = Trip().drive((60, 0)).stand(10).drive((60, 30), (0, 30))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.arrived"]


def test_the_next_journey_is_followed_from_its_time_on() -> None:
    back = plan((60, 0), (0, 0), from_ms=T0 + 4_000_000)
    trip = Trip().drive((60, 0)).stand(10).drive((0, 0))
    told = told_of(trip, EAST, back)
    assert kinds(told) == ["route.started", "route.arrived"] * 2


def test_a_journey_that_ends_while_the_truck_is_away_ends_the_episode() -> None:
    other = plan((0, 20), (60, 20), from_ms=T0 + 3_000_000)
    trip = Trip().drive((20, 0), (20, 20), (59, 20))
    told = told_of(trip, EAST, other)
    assert kinds(told) == ["route.started", "route.deviated", "route.started"]
    ((_, ended_s),) = told.spans("deviation")
    assert ended_s == 3000


# ------------------------------------------------------------------------------- allowed detours


def test_an_alternate_is_as_good_as_the_route() -> None:
    bypass = plan((20, 0), (25, 5), (30, 0)).route
    trip = Trip().drive((20, 0), (25, 5), (30, 0), (60, 0))
    assert kinds(told_of(trip, EAST))[:2] == ["route.started", "route.deviated"]
    told = told_of(trip, plan((0, 0), (60, 0), alternates=(bypass,)))
    assert kinds(told) == ["route.started", "route.arrived"]


def test_from_an_alternate_one_may_deviate_too() -> None:
    bypass = plan((20, 0), (20, 8), (40, 8), (40, 0)).route
    trip = Trip().drive((20, 0), (20, 8), (25, 8), (25, 14), (30, 14), (30, 8), (40, 8), (40, 0))
    told = told_of(trip.drive((60, 0)), plan((0, 0), (60, 0), alternates=(bypass,)))
    assert kinds(told) == ["route.started", "route.deviated", "route.rejoined", "route.arrived"]
    (rejoined,) = told.event("truck.route.rejoined")
    assert rejoined["farthest"]["off_m"] == pytest.approx(6000.0, rel=0.01)


def test_off_the_route_at_a_listed_stop_is_no_deviation() -> None:
    stop = PlannedStop("dairy", LAT + 2 * KM, LON + 20 * KM / 0.9397, radius_m=2500.0)
    trip = Trip().drive((20, 0), (20, 2)).stand(30).drive((20, 0), (59, 0))
    assert kinds(told_of(trip, EAST)) == ["route.started", "route.deviated", "route.rejoined"]
    assert kinds(told_of(trip, plan((0, 0), (60, 0), stops=(stop,)))) == ["route.started"]


def test_off_the_route_at_an_allowed_place_is_no_deviation() -> None:
    place = AllowedPlace(LAT + 2 * KM, LON + 20 * KM / 0.9397, 2500.0)
    trip = Trip().drive((20, 0), (20, 2)).stand(30).drive((20, 0), (59, 0))
    assert kinds(told_of(trip, plan((0, 0), (60, 0), allowed=(place,)))) == ["route.started"]


@pytest.mark.parametrize(("kind", "deviates"), [("fuel", False), ("dhaba", True)])
def test_off_the_route_at_a_fuel_station_is_no_deviation(kind: str, deviates: bool) -> None:
    center = {"lat": LAT + 0.7 * KM, "lon": LON + 20 * KM / 0.9397}
    fences = FenceBook()
    fences.apply([FenceChange("pump", {"center": center, "radius_m": 300.0}, 1, kind=kind)])
    trip = Trip().drive((20, 0), (20, 0.7), kmh=40).stand(30).drive((20, 0), (59, 0))
    told = told_of(trip, EAST, fences=fences)
    assert ("route.deviated" in kinds(told)) is deviates
    assert told.shown < len(trip.fixes) / 2  # who stands there is left in peace
