"""The simulated fleet is deterministic, stays on its roads and drives like trucks."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from config.policy import policy
from config.sections.simulation import Simulation
from freight.fixes import FixArray
from geo.point import EARTH_RADIUS_M
from geo.roads import apart_m, read_roads
from sim.journeys import HaltKind
from sim.scenario import Scenario, perfect_network, scenario
from sim.tracks import tolls_m
from sim.world import LastKnown, World

GRAPH = read_roads()
RULES = policy().simulation
NOON_IST_MS = 1_760_000_000_000 // 86_400_000 * 86_400_000 + int(6.5 * 3_600_000)


@cache
def the_drive() -> Scenario:
    return drive()


def drive(rules: Simulation = RULES, *, seed: int = 7, trucks: int = 60) -> Scenario:
    return scenario(
        GRAPH,
        rules,
        trucks=trucks,
        rate_hz=0.2,
        seed=seed,
        start_ms=NOON_IST_MS,
        duration_s=300,
    )


def of_truck(fixes: FixArray, truck: int) -> FixArray:
    return np.asarray(fixes[fixes["truck_key"] == truck])


def same(one: Scenario, other: Scenario) -> bool:
    return one.fixes.tobytes() == other.fixes.tobytes() and [
        (truck, fixes.tobytes()) for truck, fixes in one.messages
    ] == [(truck, fixes.tobytes()) for truck, fixes in other.messages]


def test_one_seed_gives_one_world_and_another_seed_another() -> None:
    assert same(the_drive(), drive())
    assert not same(the_drive(), drive(seed=8))


def test_each_truck_reports_at_its_interval_by_its_own_clock() -> None:
    fixes = the_drive().fixes

    for truck in range(60):
        own = of_truck(fixes, truck)
        assert len(own) == 60
        assert set(np.diff(own["ts_ms"]).tolist()) == {5000}
        assert own["seq"].tolist() == list(range(1, 61))
    assert np.all(fixes["ts_ms"] >= NOON_IST_MS)
    assert np.all(fixes["ts_ms"] < NOON_IST_MS + 300_000)


@pytest.mark.parametrize("rate_hz", [4.0, 1.0, 0.3])
def test_the_rate_is_kept(rate_hz: float) -> None:
    fixes = scenario(
        GRAPH, RULES, trucks=5, rate_hz=rate_hz, seed=1, start_ms=NOON_IST_MS, duration_s=30
    ).fixes

    assert len(fixes) / 5 / 30 == pytest.approx(rate_hz, rel=0.15)


def metres_off_the_roads(fixes: FixArray) -> np.ndarray:
    """Distance to the nearest segment of any road, in a plane around each fix."""
    starts = np.concatenate([edge.shape[:-1] for edge in GRAPH.edges])
    ends = np.concatenate([edge.shape[1:] for edge in GRAPH.edges])
    scale = np.pi / 180.0 * EARTH_RADIUS_M
    off = []
    for fix in fixes:
        to_plane = np.array([scale, scale * np.cos(np.radians(fix["lat"]))])
        here = np.array([fix["lat"], fix["lon"]])
        a, b = (starts - here) * to_plane, (ends - here) * to_plane
        along = np.clip(-(a * (b - a)).sum(1) / ((b - a) ** 2).sum(1), 0.0, 1.0)
        off.append(np.linalg.norm(a + along[:, None] * (b - a), axis=1).min())
    return np.array(off)


def test_trucks_stay_on_their_road_but_for_lane_yard_and_noise() -> None:
    fixes = the_drive().fixes
    noise_m = RULES.gps.jitter_m * RULES.gps.jitter_sigma_max * 2**0.5
    sample = fixes[:: len(fixes) // 300]

    off_m = metres_off_the_roads(sample)

    allowed_m = RULES.driving.lane_offset_m + RULES.driving.yard_offset_m_max + noise_m + 1
    assert off_m.max() <= allowed_m
    on_the_way = sample["speed_kmh"] > 45
    assert off_m[on_the_way].max() <= RULES.driving.lane_offset_m + noise_m + 1


def test_nobody_drives_faster_than_the_governor_or_jumps() -> None:
    fixes = the_drive().fixes
    noise_m = 2 * RULES.gps.jitter_m * RULES.gps.jitter_sigma_max * 2**0.5
    fastest_m = RULES.driving.speed_kmh_max / 3.6 * 5

    assert fixes["speed_kmh"].max() < RULES.driving.speed_kmh_max + 3
    for truck in range(60):
        own = of_truck(fixes, truck)
        where = np.column_stack([own["lat"], own["lon"]])
        moved_m = apart_m(where[:-1], where[1:])
        # Turning into the yard adds a little sideways.
        assert moved_m.max() <= 1.4 * fastest_m + noise_m
        driven_m = np.diff(own["odometer_km"]) * 1000
        assert driven_m.min() >= 0
        assert driven_m.max() <= fastest_m + 25
        assert np.abs(np.diff(own["speed_kmh"])).max() < 45


def test_values_are_what_sensors_can_measure() -> None:
    fixes = the_drive().fixes

    assert np.all((fixes["heading_deg"] >= 0) & (fixes["heading_deg"] < 360))
    assert np.all((fixes["fuel_pct"] >= 0) & (fixes["fuel_pct"] <= 100))
    assert np.all((fixes["satellites"] >= 7) & (fixes["satellites"] <= 16))
    assert np.all((fixes["accuracy_m"] >= 3) & (fixes["accuracy_m"] <= 12))
    assert set(fixes["ignition"].tolist()) == {0, 1}
    assert np.all(fixes["speed_kmh"][fixes["ignition"] == 0] == 0)


def test_heading_follows_the_motion() -> None:
    own = the_drive().fixes
    agreeing = []
    for truck in range(60):
        track = of_truck(own, truck)
        fast = (track["speed_kmh"][:-1] > 40) & (track["speed_kmh"][1:] > 40)
        north = np.diff(track["lat"])
        east = np.diff(track["lon"]) * np.cos(np.radians(track["lat"][:-1]))
        course = np.degrees(np.arctan2(east, north))
        apart = np.abs((course - track["heading_deg"][:-1] + 180) % 360 - 180)
        agreeing += (apart[fast] < 30).tolist()
    assert len(agreeing) > 500
    assert np.mean(agreeing) > 0.97


def long_world(hours: float, *, start_ms: int = NOON_IST_MS, trucks: int = 60) -> World:
    world = World(GRAPH, RULES, trucks=trucks, seed=3, start_ms=start_ms)
    for _ in range(round(hours * 3600 / 5)):
        world.step(5.0)
    return world


def test_days_of_driving_bring_every_kind_of_halt_and_new_trips() -> None:
    world = World(GRAPH, RULES, trucks=60, seed=3, start_ms=NOON_IST_MS)
    begun_m = world.driven_m.copy()
    halts: set[int] = set()
    for _ in range(24 * 360):
        world.step(10.0)
        halts.update(world.halt[~world.driving].tolist())

    assert halts == {int(kind) for kind in HaltKind} - {HaltKind.NONE}
    driven_km = (world.driven_m - begun_m) / 1000
    assert 250 < driven_km.min() < driven_km.max() < 1300
    assert world.fuel_l.min() > 0


def test_a_fleet_goes_on_from_where_it_was_seen() -> None:
    before = long_world(2.0)
    there = before.places(np.arange(60), np.zeros(60))
    after = World(GRAPH, RULES, trucks=60, seed=99, start_ms=before.now_ms)
    for truck in range(60):
        after.resume(
            truck,
            LastKnown(
                there.lat[truck],
                there.lon[truck],
                heading_deg=there.heading_deg[truck],
                odometer_km=before.driven_m[truck] / 1000,
                fuel_pct=40.0,
            ),
        )
    here = after.places(np.arange(60), np.zeros(60))
    apart = apart_m(np.column_stack([there.lat, there.lon]), np.column_stack([here.lat, here.lon]))

    assert apart.max() < 2 * RULES.driving.yard_offset_m_max + 20
    ahead = np.cos(np.radians(there.heading_deg - here.heading_deg)) > 0
    assert ahead.mean() > 0.6  # the others' new trips begin with a turn
    assert np.allclose(after.driven_m, before.driven_m)
    assert np.allclose(after.fuel_l, 0.4 * RULES.gps.tank_l)
    for _ in range(360):
        after.step(10.0)
    assert np.all(after.driven_m >= before.driven_m)
    assert (after.driven_m - before.driven_m).mean() > 20_000


def test_a_truck_seen_off_the_roads_starts_where_the_seed_says() -> None:
    world = World(GRAPH, RULES, trucks=1, seed=3, start_ms=NOON_IST_MS)
    before = world.places(np.array([0]), np.zeros(1))
    world.resume(0, LastKnown(15.0, 65.0))  # in the Arabian Sea

    assert world.places(np.array([0]), np.zeros(1)).lat == before.lat


def test_nights_are_slower() -> None:
    def pace(start_ms: int) -> float:
        world = long_world(0.3, start_ms=start_ms)
        return float(world.speed_mps[world.driving].mean())

    night = NOON_IST_MS + 11 * 3_600_000
    assert pace(night) / pace(NOON_IST_MS) == pytest.approx(RULES.driving.night_pace, rel=0.05)


def test_ghats_are_driven_slowly() -> None:
    world = long_world(0.5, trucks=2000)
    is_ghat = np.array([edge.speed_class.name == "ghat" for edge in GRAPH.edges])[world.edge]

    assert world.speed_mps[is_ghat & world.driving].mean() * 3.6 < 30
    assert world.speed_mps[~is_ghat & world.driving].mean() * 3.6 > 45


def test_toll_plazas_are_spread_evenly_on_big_roads() -> None:
    expressway = max(
        (e for e in GRAPH.edges if e.speed_class.name == "expressway"), key=lambda e: e.length_m
    )
    ghat = next(e for e in GRAPH.edges if e.speed_class.name == "ghat")

    assert len(tolls_m(ghat, 62)) == 0
    gaps_m = np.diff(tolls_m(expressway, 62))
    assert np.allclose(gaps_m, gaps_m[0])
    assert 45_000 < gaps_m[0] < 80_000


def test_a_perfect_network_sends_every_fix_once_and_in_order() -> None:
    found = drive(perfect_network(RULES))

    assert all(len(fixes) == 1 for _, fixes in found.messages)
    sent = np.concatenate([fixes for _, fixes in found.messages])
    assert sent.tobytes() == found.fixes.tobytes()
    assert np.all(np.diff(sent["ts_ms"]) >= -1000)
