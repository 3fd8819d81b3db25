"""States of trucks are read as they were kept, by this release and by the first."""

from __future__ import annotations

import msgspec
import pytest

from freight.tracking.columns import TruckState
from freight.tracking.kept_states import decoded, encoded
from freight.tracking.sample import Sample
from freight.tracking.tracked import Tracked


def test_a_state_is_read_as_it_was_kept() -> None:
    good = Sample(1_000, 2_000, 20.0, 77.0, speed_kmh=41.5, ignition=True)
    state = TruckState(2_500, Tracked(1, 7, seen_ms=1_500, good=good))

    assert decoded(encoded(state)) == state


def test_a_state_of_the_first_release_keeps_the_truck_in_its_fences() -> None:
    first = [1, 7, 1_000, 2_500, 20.0, 77.0, 41.5, None, ["YARD", "CITY"]]

    state = decoded(msgspec.msgpack.encode(first))

    assert state.committed_ms == 2_500
    assert state.tracked.good == Sample(1_000, 2_500, 20.0, 77.0, 41.5)
    assert [visit.fence for visit in state.tracked.visits.visits] == ["CITY", "YARD"]
    assert state.tracked.visits.held == ("CITY", "YARD")


def test_anything_else_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(msgspec.msgpack.encode([1, 2, 3]))
