"""What somebody who looks is told of a truck on its way: awaited, along, off, back, arrived."""

from __future__ import annotations

import msgspec
import pytest

from freight.tracking.journeys import JourneyBook, JourneyPlan
from freight.tracking.progress import Progress, progress_of
from tests.freight.test_journeys import Change
from tests.freight.tracking.journey import T0, around_with, tell
from tests.freight.tracking.trips_on_routes import Trip, plan

EAST = plan((0, 0), (60, 0), promised_to_ms=T0 + 90 * 60_000)


def seen(trip: Trip, *plans: JourneyPlan) -> Progress | None:
    book = JourneyBook()
    book.apply(Change(i + 1, each, journey_id="J1") for i, each in enumerate(plans))
    around = around_with(journeys=book)
    return progress_of(tell(trip.fixes, around).truck.state, around)


def test_without_a_journey_there_is_none() -> None:
    assert seen(Trip().drive((10, 0))) is None


def test_before_it_has_come_to_its_route_it_is_awaited() -> None:
    found = seen(Trip(at=(0, -20)).drive((0, -15)), EAST)

    assert found is not None
    assert (found.journey, found.version, found.mode) == ("J1", 1, "awaited")
    assert (found.along_m, found.expected, found.away) == (None, None, None)


def test_on_its_way_it_is_seen_where_it_is_now() -> None:
    """And not where its machines looked last, which may be two kilometres back."""
    for km in (20.3, 20.9, 21.7):
        trip = Trip().drive((km, 0), aside_m=30.0)
        found = seen(trip, EAST)

        assert found is not None
        assert (found.mode, found.ts_ms, found.away) == ("under_way", trip.ts_ms, None)
        assert found.along_m == pytest.approx(km * 1000.0, abs=20.0)
        assert found.off_m == pytest.approx(30.0, abs=1.0)
        assert found.length_m == pytest.approx(60_000.0, rel=1e-3)
        assert found.expected is not None
        expected = found.expected
        assert trip.ts_ms < expected.p50_ms < expected.p80_ms < expected.p95_ms
        assert expected.late_share is not None


def test_off_its_way_it_says_since_when_and_how_far() -> None:
    soon = seen(Trip().drive((20, 0), (20, 0.6)), EAST)
    later = seen(Trip().drive((20, 0), (20, 4)), EAST)
    back = seen(Trip().drive((20, 0), (20, 4), (25, 4), (25, 0), (30, 0)), EAST)

    assert soon is not None
    assert soon.away is not None
    assert not soon.away.is_told
    assert later is not None
    assert later.away is not None
    assert later.away.is_told
    assert later.away.farthest_m == pytest.approx(4000.0, rel=0.02)
    assert later.off_m == pytest.approx(4000.0, rel=0.02)
    assert back is not None
    assert (back.away, back.is_wrong_way) == (None, False)
    assert back.along_m == pytest.approx(30_000.0, abs=20.0)


def test_the_wrong_way_is_seen() -> None:
    found = seen(Trip().drive((20, 0), (17, 0)), EAST)

    assert found is not None
    assert found.is_wrong_way


def test_at_its_end_it_is_over() -> None:
    found = seen(Trip().drive((60, 0)).stand(10), EAST)

    assert found is not None
    assert (found.mode, found.along_m) == ("over", found.length_m)


def test_what_was_told_after_the_last_fix_is_not_shown_yet() -> None:
    """The truck's state is about the version before."""
    book = JourneyBook()
    book.apply([Change(1, EAST)])
    around = around_with(journeys=book)
    state = tell(Trip().drive((20, 0)).fixes, around).truck.state
    changed = msgspec.structs.replace(EAST, promised_to_ms=None)

    book.apply([Change(2, changed, valid_from_ms=T0 + 60_000, version=2)])

    assert progress_of(state, around) is None
