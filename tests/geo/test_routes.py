"""Progress along routes: brute force in local metres, and the rule told at length."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.places import Place, Position, Search
from geo.point import EARTH_RADIUS_M, FloatArray, haversine_m
from geo.route import GRAIN_M, HEADING_DEG, START_M, Route, RouteError, compile_route
from geo.route_table import RouteTable

DEGREE_M = math.radians(EARTH_RADIUS_M)
NAN = math.nan
SEARCH = Search(behind_m=200.0, ahead_m=1500.0, fit_m=300.0, tie_m=40.0, angle_deg=90.0)


def line(*places: tuple[float, float], lat: float = 20.0, lon: float = 77.0) -> FloatArray:
    """Kilometres east and north of a place as latitudes and longitudes."""
    east, north = np.array(places).T * 1000.0 / DEGREE_M
    return np.column_stack([lat + north, lon + east / math.cos(math.radians(lat))])


def table_of(*routes: Route) -> RouteTable:
    table = RouteTable()
    for number, route in enumerate(routes):
        table.put(number, route)
    return table


def locate(
    route: Route,
    east_km: float,
    north_km: float,
    *,
    last_m: float = NAN,
    heading_deg: float = NAN,
    search: Search = SEARCH,
) -> Place:
    ((lat, lon),) = line((east_km, north_km)).tolist()
    return table_of(route).locate_one(0, Position(lat, lon, heading_deg, last_m), search)


STRAIGHT = compile_route(line((0, 0), (50, 0)))
OUT_AND_BACK = compile_route(line((0, 0), (10, 0), (0, 0)))
EIGHT = compile_route(line((-5, 0), (5, 0), (5, 5), (0, 5), (0, -5)))
CARRIAGEWAYS = compile_route(line((0, 0), (10, 0), (10, 0.03), (0, 0.03)))


def test_distance_is_to_the_segment_and_not_to_its_ends() -> None:
    place = locate(STRAIGHT, 25.0, 0.1)
    assert place.off_m == pytest.approx(100.0, rel=1e-3)
    assert place.progress_m == pytest.approx(25_000.0, rel=1e-3)
    assert place.heading_deg == pytest.approx(90.0, abs=0.2)


@pytest.mark.parametrize(
    ("last_m", "heading_deg", "progress_km"),
    [
        (9_000.0, NAN, 9.5),  # still on the way out
        (9_750.0, NAN, 10.5),  # behind is less likely than ahead
        (10_400.0, NAN, 10.5),
        (9_400.0, 270.0, 10.5),  # it heads back already
        (9_400.0, 90.0, 9.5),
        (NAN, NAN, 9.5),  # never seen on the route: its first pass
        (NAN, 270.0, 10.5),
    ],
)
def test_out_and_back(last_m: float, heading_deg: float, progress_km: float) -> None:
    place = locate(OUT_AND_BACK, 9.5, 0.005, last_m=last_m, heading_deg=heading_deg)
    assert place.progress_m / 1000.0 == pytest.approx(progress_km, abs=0.01)


@pytest.mark.parametrize(("last_km", "progress_km"), [(4.5, 5.0), (24.5, 25.0)])
def test_a_crossing_of_the_route_with_itself(last_km: float, progress_km: float) -> None:
    place = locate(EIGHT, 0.0, 0.0, last_m=last_km * 1000.0)
    assert place.progress_m / 1000.0 == pytest.approx(progress_km, abs=0.01)


@pytest.mark.parametrize(
    ("north_km", "heading_deg", "progress_km"),
    [(0.02, 90.0, 9.0), (0.01, 270.0, 11.03), (0.02, NAN, 9.0)],
)
def test_parallel_carriageways_are_told_apart_by_the_heading(
    north_km: float, heading_deg: float, progress_km: float
) -> None:
    search = SEARCH._replace(ahead_m=3000.0)
    place = locate(
        CARRIAGEWAYS, 9.0, north_km, last_m=8_900.0, heading_deg=heading_deg, search=search
    )
    assert place.progress_m / 1000.0 == pytest.approx(progress_km, abs=0.01)


def test_a_loop_is_begun_at_its_beginning_and_ended_at_its_end() -> None:
    loop = compile_route(line((0, 0), (5, 0), (5, 5), (0, 5), (0, 0)))
    assert locate(loop, 0.05, 0.0).progress_m == pytest.approx(50.0, abs=1.0)
    assert locate(loop, 0.01, 0.02, last_m=19_500.0).progress_m == pytest.approx(19_980, abs=3.0)


def test_a_truck_that_went_on_unseen_is_found_again_where_it_is() -> None:
    """A ferry, a train, a dead zone: far ahead of all that could have been driven."""
    place = locate(STRAIGHT, 45.0, 0.02, last_m=5_000.0)
    assert place.jumped
    assert place.progress_m == pytest.approx(45_000.0, rel=1e-3)


def test_a_truck_far_off_keeps_to_its_window() -> None:
    place = locate(STRAIGHT, 12.0, 2.0, last_m=11_000.0)
    assert not place.jumped
    assert place.off_m == pytest.approx(2_000.0, rel=2e-3)
    assert place.progress_m == pytest.approx(12_000.0, rel=2e-3)


def test_a_truck_that_never_came_near_is_nowhere() -> None:
    place = locate(STRAIGHT, 12.0, 2.0)
    assert math.isnan(place.progress_m)
    assert place.off_m == math.inf


def test_a_route_of_3000_km_is_as_long_as_great_circles_say() -> None:
    lat = np.linspace(8.0, 34.0, 2001)
    points = np.column_stack([lat, 77.0 + 3.0 * np.sin(lat)])
    route = compile_route(points)
    truth_m = float(haversine_m(lat[:-1], points[:-1, 1], lat[1:], points[1:, 1]).sum())
    assert route.length_m > 3_000_000.0
    assert route.length_m == pytest.approx(truth_m, abs=1.0)


def test_long_segments_are_cut_and_remember_what_they_were() -> None:
    route = compile_route(line((0, 0), (50, 0), (50, 10)))
    assert route.segment.tolist() == [0, 0, 0, 1]
    assert route.pieces[:, START_M].tolist() == pytest.approx([0, 16_667, 33_333, 50_000], rel=1e-3)
    assert route.length_m == pytest.approx(60_000.0, rel=2e-3)


def test_a_line_across_the_antimeridian_stays_short() -> None:
    route = compile_route(np.array([[-17.0, 179.95], [-17.0, -179.95]]))
    assert route.length_m == pytest.approx(0.1 * DEGREE_M * math.cos(math.radians(17)), rel=1e-6)
    place = table_of(route).locate_one(0, Position(-17.0, -179.99, NAN, NAN), SEARCH)
    assert place.progress_m / route.length_m == pytest.approx(0.6)
    assert route.point_at(0.6 * route.length_m).lon == pytest.approx(-179.99)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([[20.0, 77.0]], "at least 2 points"),
        ([[20.0, 77.0], [20.0, 77.0]], "all points are the same"),
        ([[20.0, 77.0], [20.0, NAN]], "point 1 is not on the earth"),
        ([[91.0, 77.0], [20.0, 77.0]], "point 0 is not on the earth"),
        ([[0.0, i * 100.0 % 360 - 180] for i in range(9)], "longer than 8389 km"),
    ],
)
def test_lines_that_nobody_can_follow(points: list[list[float]], says: str) -> None:
    with pytest.raises(RouteError, match=says):
        compile_route(np.array(points))


# ------------------------------------------------------------------------------------ brute force

steps = st.tuples(st.integers(-4, 4), st.integers(-4, 4))
drawn = st.lists(steps, min_size=2, max_size=30)
long = st.lists(steps, min_size=30, max_size=80)


def route_of(path: list[tuple[int, int]], lon: float = 77.0) -> Route | None:
    """Corners on a grid of half a kilometre: loops, crossings and ways back are the rule."""
    corners = line(*(np.cumsum([(0, 0), *path], axis=0) * 0.5).tolist(), lon=lon)
    corners[:, 1] = (corners[:, 1] + 180.0) % 360.0 - 180.0
    try:
        return compile_route(corners)
    except RouteError:
        return None


def oracle(route: Route, fix: Position, search: Search) -> list[tuple[float, float]]:
    """Every (distance, progress) that is a place of its own, by walking in metres of the fix."""
    reached = not math.isnan(fix.last_m)
    low_m = fix.last_m - search.behind_m if reached else 0.0
    high_m = fix.last_m + search.ahead_m if reached else route.length_m
    found = []
    ends = [*route.pieces[:, START_M].tolist(), route.length_m]
    for start_m, end_m in itertools.pairwise(ends):
        at_m = np.array([max(start_m, low_m), min(end_m, high_m)])
        if at_m[0] > at_m[1]:
            continue
        (ax, ay), (bx, by) = (_metres(route, fix, m) for m in at_m)
        dx, dy = bx - ax, by - ay
        length2 = dx * dx + dy * dy
        share = min(max(-(ax * dx + ay * dy) / length2, 0.0), 1.0) if length2 else 0.0
        off_m = math.hypot(ax + share * dx, ay + share * dy)
        found.append((off_m, float(at_m[0] + share * (at_m[1] - at_m[0]))))
    return found


def _metres(route: Route, fix: Position, progress_m: float) -> tuple[float, float]:
    place = route.point_at(progress_m)
    east_m = DEGREE_M * math.cos(math.radians(fix.lat))
    return (place.lon - fix.lon) * east_m, (place.lat - fix.lat) * DEGREE_M


@settings(max_examples=300, deadline=None)
@given(
    path=drawn,
    place=st.tuples(st.floats(-6, 6), st.floats(-6, 6)),
    last=st.one_of(st.none(), st.floats(0, 1)),
    heading_deg=st.one_of(st.just(NAN), st.floats(0, 359)),
    ahead_m=st.floats(0, 9000),
)
def test_every_place_is_one_that_brute_force_finds_too(
    path: list[tuple[int, int]],
    place: tuple[float, float],
    last: float | None,
    heading_deg: float,
    ahead_m: float,
) -> None:
    route = route_of(path)
    if route is None:
        return
    last_m = NAN if last is None else last * route.length_m
    search = SEARCH._replace(ahead_m=ahead_m)
    ((lat, lon),) = line(place).tolist()
    fix = Position(lat, lon, heading_deg, last_m)
    found = table_of(route).locate_one(0, fix, search)

    inside = oracle(route, fix, search)
    nearest_m = min(inside)[0]
    if found.jumped or last is None:
        inside = oracle(route, fix._replace(last_m=NAN), search)
        everywhere_m = min(inside)[0]
        assert last is None or nearest_m > search.fit_m * 0.998
        assert found.off_m <= search.fit_m or everywhere_m > search.fit_m * 0.998
        nearest_m = everywhere_m
    if math.isnan(found.progress_m):
        return
    assert nearest_m * 0.998 - 0.01 <= found.off_m <= nearest_m * 1.002 + search.tie_m + 0.01
    assert any(
        abs(off_m - found.off_m) <= 0.01 + 0.002 * off_m
        and abs(progress_m - found.progress_m) <= 0.1 + 0.002 * off_m
        for off_m, progress_m in inside
    )


# --------------------------------------------------------------------------- told at length


def told_at_length(route: Route, fix: Position, search: Search) -> Place:
    """The rule in plain Python: of all pieces in question, without boxes or short cuts."""
    last_m, everywhere = fix.last_m, range(len(route.pieces))
    nowhere = Place(NAN, math.inf, NAN, -1, False)
    expected = nowhere
    if not math.isnan(last_m):
        low_m, high_m = (
            math.floor(at_m / GRAIN_M) * GRAIN_M
            for at_m in (last_m - search.behind_m, last_m + search.ahead_m)
        )
        starts = route.pieces[:, START_M].tolist()
        low = max(bisect_right(starts, low_m) - 1, 0)
        some = range(low, max(bisect_right(starts, high_m), low + 1))
        expected = chosen(route, some, fix, (last_m, low_m, high_m, math.inf), search) or nowhere
        if expected.off_m <= search.fit_m:
            return expected
    part = (0.0 if math.isnan(last_m) else last_m, 0.0, math.inf, search.fit_m)
    anywhere = chosen(route, everywhere, fix, part, search)
    return expected if anywhere is None else anywhere._replace(jumped=True)


def chosen(
    route: Route,
    some: range,
    fix: Position,
    part: tuple[float, float, float, float],
    search: Search,
) -> Place | None:
    near_m, low_m, high_m, off_m_max = part
    beside = [_beside(route.pieces[each].tolist(), fix, low_m, high_m) for each in some]
    limit_m = min(min(off_m for off_m, *_ in beside) + search.tie_m, off_m_max)
    found = []
    for nth, (off_m, along_m, end) in enumerate(beside):
        passing = (end < 0 and nth > 0 and beside[nth - 1][0] <= off_m) or (
            end > 0 and nth + 1 < len(beside) and beside[nth + 1][0] < off_m
        )
        if off_m > limit_m or passing:
            continue
        road_deg = float(route.pieces[some[nth], HEADING_DEG])
        apart_deg = abs(fix.heading_deg - road_deg)
        against = min(apart_deg, 360.0 - apart_deg) > search.angle_deg
        ahead_m = along_m - near_m
        rank = (-4.0 * ahead_m if ahead_m < 0.0 else ahead_m) + (1e9 if against else 0.0)
        found.append((rank, nth, Place(along_m, off_m, road_deg, some[nth], jumped=False)))
    return min(found)[2] if found else None


def _beside(
    piece: list[float], fix: Position, low_m: float, high_m: float
) -> tuple[float, float, int]:
    """How far off, how far along the route, and at which end of the piece that is, if at any."""
    lat, lon, east_m, ux, uy, start_m, length_m, _ = piece
    dlon = fix.lon - lon
    x = (dlon - 360.0 * round(dlon / 360.0)) * east_m
    y = (fix.lat - lat) * DEGREE_M
    along_m = max(x * ux + y * uy, low_m - start_m, 0.0)
    along_m = min(along_m, high_m - start_m, length_m)
    x -= along_m * ux
    y -= along_m * uy
    end = -1 if along_m == 0.0 else int(along_m == length_m)
    return math.sqrt(x * x + y * y), start_m + along_m, end


@settings(max_examples=300, deadline=None)
@given(
    paths=st.lists(drawn | long, min_size=1, max_size=4),
    asked=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(st.floats(0, 1), st.integers(0, 99)),
            st.one_of(st.just(0.0), st.floats(-0.5, 0.5)),
            st.sampled_from([NAN, -300.0, 0.0, 300.0, 3_000.0, 40_000.0]),
            st.sampled_from([NAN, 0.0, 90.0, 180.0, 225.5]),
            st.sampled_from([0.0, 500.0, 5_000.0, 50_000.0]),
            st.sampled_from([0.0, 40.0, 600.0]),
        ),
        min_size=1,
        max_size=20,
    ),
    lon=st.sampled_from([77.0, 179.99]),
    gone=st.integers(0, 3),
)
def test_the_place_is_what_the_rule_says_to_the_last_bit(
    paths: list[list[tuple[int, int]]],
    asked: list[tuple[int, float, float, float, float, float, float]],
    lon: float,
    gone: int,
) -> None:
    routes = [route for path in paths if (route := route_of(path, lon)) is not None]
    if not routes:
        return
    table = table_of(*routes)
    for number in (gone % len(routes), 0):  # changed under way: the places must be the same
        table.discard(number)
        table.put(number, routes[number])
    for number, at, aside_km, driven_m, heading_deg, ahead_m, tie_m in asked:
        route = routes[number % len(routes)]
        starts_m = route.pieces[:, START_M].tolist()
        at_m = starts_m[at % len(starts_m)] if isinstance(at, int) else at * route.length_m
        here, last_m = route.point_at(at_m), max(0.0, at_m - driven_m)
        ((lat, _),) = line((0.0, aside_km), lat=here.lat).tolist()
        fix = Position(lat, here.lon, heading_deg, NAN if math.isnan(driven_m) else last_m)
        search = SEARCH._replace(ahead_m=ahead_m, tie_m=tie_m)
        found = table.locate_one(number % len(routes), fix, search)
        assert repr(found) == repr(told_at_length(route, fix, search))


def test_a_route_that_is_not_there_is_nowhere() -> None:
    table = table_of(STRAIGHT)
    table.discard(0)
    for number in (-1, 0, 1, 1_000):
        assert table.locate_one(number, Position(20.0, 77.0, NAN, 0.0), SEARCH).piece == -1


def test_routes_come_and_go_and_the_others_stay_where_they_are() -> None:
    routes = [compile_route(line((0, i), (10, i), (10, i + 0.5))) for i in range(40)]
    table = table_of(*routes)
    for number in range(0, 40, 2):
        table.discard(number)
    for number in range(40, 90):
        table.put(number, routes[number % 40])
    for number in [*range(1, 40, 2), *range(40, 90)]:
        ((lat, lon),) = line((5.0, number % 40 + 0.001))
        place = table.locate_one(number, Position(lat, lon, NAN, 4_900.0), SEARCH)
        assert place.progress_m == pytest.approx(5_000.0, rel=1e-2)
        assert place.off_m < 2.0
