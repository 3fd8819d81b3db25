"""Visits on any journey: the plain rule without margins, and quiet fixes that change nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from freight.tracking.surroundings import Surroundings
from tests.freight.tracking.fencing_journeys import disc, fenced, lon_at, story
from tests.freight.tracking.journey import (
    LAT,
    M_PER_DEG,
    Journey,
    around_with,
    inside,
    rules_with,
    tell,
)
from tests.freight.world import Change

SURE = {"margin_m": 0.0, "accuracy_factor": 0.0, "evidence_s": 0.0}
HOURS = {
    "time_zone": "Asia/Kolkata",
    "windows": [
        {
            "days": ["thu", "fri"],
            "from": f"{hour:02}:{minute:02}",
            "to": f"{hour:02}:{minute + 9:02}",
        }
        for hour in range(14, 24)
        for minute in (0, 25, 50)
    ],
}


def square(middle_m: float, half_m: float) -> dict[str, Any]:
    west, east = lon_at(middle_m - half_m), lon_at(middle_m + half_m)
    south, north = LAT - half_m / M_PER_DEG, LAT + half_m / M_PER_DEG
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


fences = st.lists(
    st.builds(
        lambda shape, middle_m, half_m, **more: (shape(half_m, middle_m), more),
        shape=st.sampled_from([disc, lambda half_m, middle_m: square(middle_m, half_m)]),
        middle_m=st.integers(-300, 1500),
        half_m=st.sampled_from([15.0, 60.0, 300.0, 1000.0]),
        dwell_s=st.sampled_from([None, 0.0, 300.0]),
        crossings=st.booleans(),
        schedule=st.sampled_from([None, None, HOURS]),
        truck_classes=st.sampled_from([None, None, ("trailer",)]),
        kind=st.sampled_from([None, "depot", "no_entry"]),
    ),
    min_size=1,
    max_size=4,
)
legs = st.lists(
    st.tuples(
        st.sampled_from(["drive", "stand", "silence", "glitch"]),
        st.floats(0.2, 15.0),
        st.sampled_from([-60.0, -36.0, 6.0, 36.0, 90.0]),
        st.sampled_from([0.0, 5.0, 50.0]),
        st.sampled_from([None, None, 5.0, 80.0]),
    ),
    min_size=1,
    max_size=6,
)


def journey_of(legs: list[Any], every_s: float) -> Journey:
    journey = Journey(every_s, seed=len(legs)).fix()
    for what, minutes, kmh, noise_m, accuracy_m in legs:
        said = {} if accuracy_m is None else {"accuracy_m": accuracy_m}
        if what == "drive":
            journey.drive(minutes, kmh, noise_m, **said)
        elif what == "stand":
            journey.stand(minutes, noise_m, **said)
        elif what == "silence":
            journey.wait(60 * minutes).shift(kmh * 10.0).fix(noise_m=noise_m, **said)
        else:
            journey.wait(every_s).shift(kmh).fix().shift(-kmh)
    return journey


@settings(max_examples=60, deadline=None)
@given(drawn=fences, legs=legs, every_s=st.sampled_from([1.0, 10.0, 60.0]))
def test_quiet_fixes_change_nothing_but_sums(drawn: Any, legs: list[Any], every_s: float) -> None:
    changes = [Change(f"f{i}", shape, i + 1, **more) for i, (shape, more) in enumerate(drawn)]

    tell(journey_of(legs, every_s), fenced(*changes, truck_class="trailer"))


def plain(journey: Journey, around: Surroundings) -> list[tuple[str, int]]:
    """Who holds this fix and did not hold the one before, and the other way round."""
    out: list[tuple[str, int]] = []
    before: frozenset[int] | None = None
    for fix in journey.fixes:
        now = inside(fix, around)
        seconds = (fix.ts_ms - journey.fixes[0].ts_ms) // 1000
        out += [("exited", seconds)] * len((before or frozenset()) - now)
        out += [("entered", seconds)] * len(now - (before or frozenset()))
        before = now
    return out


@settings(max_examples=40, deadline=None)
@given(drawn=fences, legs=legs)
def test_without_margins_every_change_of_sides_is_told(drawn: Any, legs: list[Any]) -> None:
    changes = [Change(f"f{i}", shape, i + 1) for i, (shape, _) in enumerate(drawn)]
    rules = rules_with(visits={"entering": SURE, "leaving": SURE}, filtering={"speed_kmh_max": 1e6})
    book = fenced(*changes).fences
    around = around_with(rules, book)
    journey = journey_of(legs, 10.0)

    told = story(tell(journey, around))

    assert sorted(told) == sorted(plain(journey, around))


@settings(max_examples=40, deadline=None)
@given(drawn=fences, legs=legs)
def test_each_fence_is_entered_and_left_in_turn(drawn: Any, legs: list[Any]) -> None:
    """As many visits as entries; each begins and ends within the journey, none in another."""
    changes = [Change(f"f{i}", shape, i + 1, **more) for i, (shape, more) in enumerate(drawn)]
    told = tell(journey_of(legs, 10.0), fenced(*changes, truck_class="trailer"))

    for change in changes:
        mine = [
            (e.time_ms, e.type.rpartition(".")[2])
            for e in told.truck.facts.events
            if e.data.get("fence") == change.fence_id
            and e.type.endswith(("entered", "exited", "dwelled"))
        ]
        assert [kind for _, kind in mine if kind != "dwelled"] == [
            ("entered", "exited")[i % 2] for i in range(sum(k != "dwelled" for _, k in mine))
        ]
        assert mine == sorted(mine, key=lambda one: one[0])
        spans = [s for s in told.truck.facts.spans.values() if s.about == change.fence_id]
        assert [s.from_ms for s in spans] == [ms for ms, kind in mine if kind == "entered"]
        assert [s.to_ms for s in spans if s.to_ms] == [ms for ms, kind in mine if kind == "exited"]
