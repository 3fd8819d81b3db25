"""Days at a border: each scenario with the story that is expected of it."""

from __future__ import annotations

import math
import random

import pytest

from freight.tracking.facts import Facts
from freight.tracking.machines import visits
from freight.tracking.sample import Moment, Sample
from freight.tracking.surroundings import Surroundings
from geo.ways import way_mm
from tests.freight.tracking.fencing_journeys import fenced, kinds, lon_at, story, to, yard
from tests.freight.tracking.journey import LAT, M_PER_DEG, T0, Journey, inside, tell

# What a receiver does: scattered evenly within so many metres, by chance, or drifting for minutes.
NOISES = ("disc", "gauss", "drift")
DRIFT_S = 120.0


def errors(noise: str, size_m: float, every_s: int, chance: random.Random) -> tuple[float, float]:
    if noise == "disc":
        angle, far = chance.uniform(0.0, math.tau), size_m * math.sqrt(chance.random())
        return far * math.cos(angle), far * math.sin(angle)
    return chance.gauss(0.0, size_m), chance.gauss(0.0, size_m)


def parked(
    noise: str, size_m: float, every_s: int, seed: int, accuracy_m: float | None
) -> list[Sample]:
    """An hour at the westernmost place of a fence's border."""
    chance = random.Random(seed)  # noqa: S311 - a test's own stream
    keep = math.exp(-every_s / DRIFT_S) if noise == "drift" else 0.0
    east_m, north_m = errors(noise, size_m, every_s, chance)
    out = []
    for second in range(0, 3_601, every_s):
        fresh = math.sqrt(1.0 - keep * keep)
        now = errors(noise, size_m, every_s, chance)
        east_m, north_m = keep * east_m + fresh * now[0], keep * north_m + fresh * now[1]
        ts_ms = T0 + second * 1000
        lat, lon = LAT + north_m / M_PER_DEG, lon_at(east_m)
        out.append(Sample(ts_ms, ts_ms, lat, lon, accuracy_m=accuracy_m))
    return out


def visits_of(fixes: list[Sample], around: Surroundings) -> list[str]:
    """By the machine alone: other machines have nothing to say here."""
    facts = Facts(around.tenant_key, around.truck_key, around.name, T0)
    state, before = visits.START, None
    for fix in fixes:
        way = 0 if before is None else way_mm(before.lat, before.lon, fix.lat, fix.lon)
        state = visits.step(state, Moment(fix, before, way, inside(fix, around)), around, facts)
        before = fix
    return [event.type for event in facts.events]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("radius_m", [30.0, 100.0, 500.0, 5_000.0])
@pytest.mark.parametrize("every_s", [5, 30, 300])
def test_an_hour_of_jitter_around_a_border_is_at_most_one_pair(
    noise: str, radius_m: float, every_s: int
) -> None:
    """A receiver that errs by 50 m, and says so or not; the truck stands exactly on the border."""
    around = fenced(yard(radius_m, radius_m))
    size_m = 25.0 if noise == "drift" else 50.0

    for seed, accuracy_m in ((1, None), (2, None), (3, 1.5 * size_m)):
        told = visits_of(parked(noise, size_m, every_s, seed, accuracy_m), around)

        assert len(told) <= 2, (seed, told)


def test_shuffling_in_the_yard_is_one_visit() -> None:
    """A tractor moves trailers for two hours between a shed 160 m inside and the fence's gate,
    over which it swings 20 m each time, for two minutes: it entered once and left once, when it
    drove away."""
    journey = to(4150.0).stand(5)
    for _ in range(12):
        journey.drive(1, -10.8).stand(2, noise_m=10.0).drive(1, 10.8).stand(6, noise_m=10.0)
    journey.wait(60).shift(-2000.0).stand(5)

    told = tell(journey, fenced(yard()))

    assert kinds(told) == ["entered", "exited"]
    assert story(told)[1][1] == journey.at_s - 290


def test_waiting_in_the_queue_before_the_gate_is_no_visit_until_it_drives_in() -> None:
    """An hour 25 m before the gate, the receiver wandering 20 m, then in: entered that minute."""
    journey = to(3965.0).stand(60, noise_m=20.0)
    drives_in_s = journey.at_s
    journey.drive(2, 36.0)

    told = tell(journey, fenced(yard()))

    assert kinds(told)[0] == "entered"
    assert len(kinds(told)) == 1
    assert drives_in_s <= story(told)[0][1] <= drives_in_s + 20


def test_unloading_at_the_kerb_of_a_small_shop_is_one_visit() -> None:
    """A circle of 40 m; the truck stands 15 m from its middle and its receiver errs by 30 m."""
    journey = to(5015.0).stand(90, noise_m=30.0).wait(10).shift(2000.0).stand(5)

    told = tell(journey, fenced(yard(40.0, dwell_s=1800.0)))

    assert kinds(told) == ["entered", "dwelled", "exited"]


def test_a_shuttle_makes_a_visit_of_every_trip() -> None:
    """Twenty trips of 6 km between a quarry and a plant, a quarter of an hour each."""
    journey = Journey(30.0).stand(2)
    for _ in range(10):
        journey.drive(10, 36.0).stand(5, noise_m=15.0).drive(10, -36.0).stand(5, noise_m=15.0)
    plant, quarry = yard(200.0, 6000.0), yard(200.0, 0.0)
    quarry = type(quarry)("quarry", quarry.shape, 2)

    told = tell(journey, fenced(plant, quarry))

    entered = [d["fence"] for d in told.event("truck.fence.entered")]
    assert (entered.count("yard"), entered.count("quarry")) == (10, 11)


def test_a_night_outside_the_fence_costs_no_work() -> None:
    """Eight hours parked 12 m outside, a fix a minute: the machines sleep through nearly all."""
    journey = to(3978.0, every_s=60.0).stand(480)

    assert tell(journey, fenced(yard())).shown < 40
