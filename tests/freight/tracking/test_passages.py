"""Fences driven through without a fix inside: told where it is asked for, and never of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freight.tracking.columns import TruckColumns
from freight.tracking.fences import FenceBook
from freight.tracking.fold import fold
from geo.fences import FenceIndex, compile_shape
from geo.shapes import parse_shape
from geo.stretches import place_on, stretch
from tests.freight.tracking.fencing_journeys import disc, drive, fenced, kinds, lon_at, story, yard
from tests.freight.tracking.journey import LAT, M_PER_DEG, T0, Journey, tell
from tests.freight.tracking.stream import world
from tests.freight.world import TENANT_KEY, Change
from tests.store.fix_arrays import bare_fixes

KMH = 72.0  # 20 m/s


def sparse(every_s: float = 60.0, **how: Any) -> Journey:
    """A fix every 1 200 m."""
    return Journey(every_s, **how).drive(20, KMH)


def gate(east_m: float = 5000.0, **more: Any) -> Change:
    """A toll plaza of 200 m between the fixes at 4 800 and 6 000 m."""
    return Change("gate", disc(100.0, east_m + 300.0), 1, kind="toll", **more)


def test_a_gate_between_two_fixes_is_told_at_the_times_in_between() -> None:
    """5 200 m and 5 400 m at 20 m/s."""
    told = tell(sparse(), fenced(gate(crossings=True)))

    assert story(told) == [("entered", 260), ("exited", 270)]
    (entered,), (exited,) = told.event("truck.fence.entered"), told.event("truck.fence.exited")
    assert entered["crossed"] is exited["crossed"] is True
    assert entered["previous_ts_ms"] == T0 + 240_000
    assert entered["position"] == {"lat": pytest.approx(LAT), "lon": pytest.approx(lon_at(5200.0))}
    assert told.spans("visit") == [(260, 270)]
    (visit,) = told.span_data("visit")
    assert (visit["fixes"], visit["way_km"]) == (0, 0.2)
    assert told.truck.facts.events[-1].decided_ms == T0 + 300_000


def test_who_does_not_ask_is_not_told() -> None:
    assert story(tell(sparse(), fenced(gate()))) == []


def test_one_fix_near_the_border_on_the_way_through_is_a_passage_too() -> None:
    """The fix at 6 000 m lies 20 m inside a gate that asks for 50 to be sure."""
    told = tell(sparse(), fenced(gate(5620.0, crossings=True)))

    assert story(told) == [("entered", 300), ("exited", 360)]
    assert kinds(tell(sparse(), fenced(gate(5620.0)))) == []


def test_one_fix_close_behind_the_gate_hides_no_passage() -> None:
    """The fix at 6 000 m lies 10 m behind the gate's border, where noise might have put it."""
    assert kinds(tell(sparse(), fenced(gate(5590.0, crossings=True)))) == ["entered", "exited"]


def test_a_fix_well_inside_makes_it_an_ordinary_visit() -> None:
    told = tell(sparse(), fenced(gate(5700.0, crossings=True)))

    assert story(told) == [("entered", 300), ("exited", 360)]
    assert "crossed" not in told.event("truck.fence.entered")[0]


def test_only_what_is_asked_for_and_of_whom() -> None:
    only = gate(crossings=True, notify=("exited",), truck_classes=("trailer",))

    assert kinds(tell(sparse(), fenced(only, truck_class="trailer"))) == ["exited"]
    assert kinds(tell(sparse(), fenced(only, truck_class="lcv"))) == []


def test_a_way_through_no_entry_is_a_violation() -> None:
    city = Change("city", disc(100.0, 5300.0), 1, kind="no_entry", crossings=True)

    assert kinds(tell(sparse(), fenced(city))) == ["entered", "no_entry_violated", "exited"]


def test_a_long_silence_is_no_straight_way() -> None:
    journey = Journey(60.0).drive(3, KMH).wait(1800).shift(12_000.0).fix(KMH).drive(3, KMH)

    assert story(tell(journey, fenced(yard(500.0, 9000.0, crossings=True)))) == []


def test_a_fence_drawn_since_the_fix_before_was_not_driven_through() -> None:
    assert story(tell(sparse(), fenced(gate(crossings=True, valid_from_ms=T0 + 250_000)))) == []


def test_noise_over_the_corner_of_a_fence_is_no_passage() -> None:
    """A truck parked 55 m from a lane of 2 m; its receiver wanders 150 m."""
    line = [{"lat": LAT - 0.01, "lon": lon_at(1055.0)}, {"lat": LAT + 0.01, "lon": lon_at(1055.0)}]
    lane = Change("lane", {"line": line, "width_m": 2.0}, 1, crossings=True)
    journey = Journey().shift(1000.0).fix().stand(60, noise_m=150.0)

    told = tell(journey, fenced(lane))

    assert not any("crossed" in data for data in told.event("truck.fence.entered"))


def test_trucks_far_from_all_such_fences_stay_quiet() -> None:
    journey = Journey().drive(60, 54.0)
    far = [gate(50_000.0 + 900.0 * i, crossings=True) for i in range(20)]

    assert tell(journey, fenced(*far)).shown <= tell(journey, fenced()).shown + 5


def test_driving_with_dense_fixes_is_told_once() -> None:
    assert kinds(tell(drive(20), fenced(yard(crossings=True)))) == ["entered", "exited"]


def test_quiet_trucks_heed_a_fence_that_is_drawn_beside_their_road() -> None:
    """All batches are quiet but for the fence that has come: it holds nobody's fix."""
    fences, columns = FenceBook(), TruckColumns()
    around = world(fences)
    fixes = bare_fixes(TENANT_KEY, 1, [T0 + 10_000 * i for i in range(120)])
    fixes["lat"], fixes["lon"] = LAT, [lon_at(200.0 * i) for i in range(120)]
    fixes["received_ms"], fixes["speed_kmh"] = fixes["ts_ms"], KMH
    told = []
    for i in range(120):
        if i == 90:
            fences.apply([Change("gate", disc(30.0, 20_100.0), 1, crossings=True)])
        folding = fold(columns, fixes[i : i + 1], around)
        told += [event.type for event in folding.events if ".fence." in event.type]
        columns.apply(folding, T0)

    assert told == ["truck.fence.entered", "truck.fence.exited"]


# ------------------------------------------------------------------------------- geometry


def index_of(shape: dict[str, Any]) -> FenceIndex:
    return FenceIndex({0: compile_shape(parse_shape(shape))})


def test_where_a_way_is_inside() -> None:
    """A circle of 100 m in the middle of a way of 10 km, a millimetre wrong at most."""
    start, end = (LAT, lon_at(0.0)), (LAT, lon_at(10_000.0))

    first, last = stretch(index_of(disc(100.0, 5000.0)), 0, start, end)

    assert first == pytest.approx(0.49, abs=1e-7)
    assert last == pytest.approx(0.51, abs=1e-7)


def test_a_way_that_begins_inside_and_one_that_only_touches() -> None:
    index = index_of(disc(100.0, 5000.0))
    first, last = stretch(index, 0, (LAT, lon_at(5000.0)), (LAT, lon_at(6000.0)))
    assert first == 0.0
    assert last == pytest.approx(0.1, abs=1e-7)
    grazing = 100.0 / M_PER_DEG + 1e-12
    first, last = stretch(
        index, 0, (LAT + grazing, lon_at(4000.0)), (LAT + grazing, lon_at(6000.0))
    )
    assert first == pytest.approx(0.5, abs=1e-3)
    assert last == pytest.approx(0.5, abs=1e-3)


def test_a_way_over_the_antimeridian() -> None:
    assert place_on((0.0, 179.5), (1.0, -179.5), 0.75) == (0.75, -179.75)
    index = index_of({"center": {"lat": 0.0, "lon": 180.0}, "radius_m": 1000.0})
    shares = stretch(index, 0, (0.0, 179.9), (0.0, -179.9))
    assert np.allclose(shares, (0.5 - 1.0 / 22.239, 0.5 + 1.0 / 22.239), atol=1e-5)
