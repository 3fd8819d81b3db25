"""Folding gives the same history however the fixes are cut into batches and in whatever order."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from freight.tracking.fences import FenceBook
from tests.freight.world import Change, MemoryShard, fixes_of, square

# Two fences that overlap between 0.5 and 1.0: points on a line pass none, one or both.
SHAPES = {"west": square(0.0, 0.0), "east": square(0.5, 0.0)}


def book() -> FenceBook:
    found = FenceBook()
    found.apply(Change(name, shape, i + 1) for i, (name, shape) in enumerate(SHAPES.items()))
    return found


def inside(lon: float) -> set[str]:
    return {name for name, west in (("west", 0.0), ("east", 0.5)) if west <= lon <= west + 1.0}


def truth(places: dict[int, float]) -> set[tuple[str, str, int]]:
    """By brute force: walk the fixes in device time and compare each with the one before."""
    out = set()
    before: set[str] = set()
    for ts_ms, lon in sorted(places.items()):
        now = inside(lon)
        out |= {("truck.fence.entered", fence, ts_ms) for fence in now - before}
        out |= {("truck.fence.exited", fence, ts_ms) for fence in before - now}
        before = now
    return out


lons = st.sampled_from([-0.5, 0.25, 0.75, 1.25, 2.0])
journeys = st.dictionaries(st.integers(1, 3), st.lists(lons, min_size=1, max_size=12), min_size=1)


@settings(max_examples=300, deadline=None)
@given(journeys=journeys, seed=st.integers(0, 2**32), batch_size=st.integers(1, 40))
def test_any_order_and_any_batches_give_the_same_final_history(
    journeys: dict[int, list[float]], seed: int, batch_size: int
) -> None:
    fixes = [
        (truck, 1_700_000_000_000 + i * 1000, 0.5, lon)
        for truck, path in journeys.items()
        for i, lon in enumerate(path)
    ]
    rng = random.Random(seed)  # noqa: S311 - a shuffle, not a secret
    sent = fixes + rng.sample(fixes, rng.randint(0, len(fixes)))  # some come twice
    rng.shuffle(sent)
    shard = MemoryShard(book())

    for part in _batches(sent, batch_size):
        shard.take(fixes_of(*part))

    for truck, path in journeys.items():
        places = {1_700_000_000_000 + i * 1000: lon for i, lon in enumerate(path)}
        assert shard.standing(truck) == truth(places)
    assert len(shard.fixes) == len(fixes)


def _batches(
    rows: list[tuple[int, int, float, float]], size: int
) -> list[list[tuple[int, int, float, float]]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def test_a_truck_first_seen_inside_is_inside_without_having_entered_before_our_eyes() -> None:
    shard = MemoryShard(book())

    shard.take(fixes_of((1, 1000, 0.5, 0.25)))

    (event,) = shard.events
    assert (event.type, event.data["fence"]) == ("truck.fence.entered", "west")
    assert event.data["initial"] is True


def test_a_truck_first_seen_outside_says_nothing() -> None:
    shard = MemoryShard(book())

    shard.take(fixes_of((1, 1000, 0.5, 9.0)))

    assert shard.events == []


def test_a_fence_drawn_around_a_parked_truck_is_told_at_its_next_fix_as_initial() -> None:
    fences = book()
    shard = MemoryShard(fences)
    shard.take(fixes_of((1, 1000, 0.5, 5.5)))

    fences.apply([Change("new", square(5.0, 0.0), 10)])
    shard.take(fixes_of((1, 2000, 0.5, 5.5)))

    (event,) = shard.events
    assert (event.data["fence"], event.data["initial"], event.time_ms) == ("new", True, 2000)


def test_deleting_a_fence_is_not_leaving_it() -> None:
    fences = book()
    shard = MemoryShard(fences)
    shard.take(fixes_of((1, 1000, 0.5, 0.25)))
    told = len(shard.events)

    fences.apply([Change("west", None, 10)])
    shard.take(fixes_of((1, 2000, 0.5, 9.0)))

    assert len(shard.events) == told


def test_an_older_fix_never_moves_now_backwards() -> None:
    shard = MemoryShard(book())
    shard.take(fixes_of((1, 5000, 0.5, 9.0)))

    shard.take(fixes_of((1, 1000, 0.5, 0.25)))

    assert shard.columns.of_tenant(7)["ts_ms"].tolist() == [5000]


def test_a_fence_drawn_after_the_fact_does_not_rewrite_the_past() -> None:
    fences = book()
    shard = MemoryShard(fences)
    shard.take(fixes_of((1, 1000, 0.5, 9.0), (1, 3000, 0.5, 5.5)))

    later = Change("new", square(5.0, 0.0), 10, valid_from_ms=2_000_000_000_001)
    fences.apply([later])
    shard.take(fixes_of((1, 2000, 0.5, 5.6)))

    assert shard.events == []


def test_other_tenants_fences_hold_nobody() -> None:
    fences = FenceBook()
    fences.apply([Change("theirs", square(0.0, 0.0), 1, tenant_key=8)])
    shard = MemoryShard(fences)

    shard.take(fixes_of((1, 1000, 0.5, 0.25)))

    assert shard.events == []


def test_a_visit_that_arrives_late_is_found_and_a_wrong_crossing_is_taken_back() -> None:
    shard = MemoryShard(book())
    shard.take(fixes_of((1, 1000, 0.5, -0.5), (1, 9000, 0.5, 0.25)))
    assert shard.standing(1) == {("truck.fence.entered", "west", 9000)}

    shard.take(fixes_of((1, 5000, 0.5, 0.25)))

    assert shard.standing(1) == {("truck.fence.entered", "west", 5000)}
    retraction = shard.events[-1]
    assert retraction.type == "event.retracted"
    assert retraction.data["replaces_type"] == "truck.fence.entered"
