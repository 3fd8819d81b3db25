"""Facts about a truck in any order, twice and taken back say what they say in order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from freight.booking.milestones import commands_for
from freight.events import TruckEvent
from freight.load import StopKind
from tests.freight.booking.story import (
    MINUTE,
    Story,
    corrected,
    entered,
    exited,
    load,
    moved,
    retracted,
    stop,
    stopped,
)

TIMES = st.integers(0, 300).map(lambda minutes: minutes * MINUTE)
FENCES = st.sampled_from(["plant", "site"])
CROSSINGS = st.one_of(st.builds(entered, FENCES, TIMES), st.builds(exited, FENCES, TIMES))
RESTS = st.builds(
    stopped, TIMES, st.sampled_from([18.6, 18.7, 18.8]), st.just(73.8), FENCES | st.none()
)
MOVES = st.builds(moved, TIMES, st.sampled_from([18.6, 18.7, 18.8]), st.just(73.8))
LOAD = load(
    stop(1, StopKind.PICKUP, 20_000, "plant"),
    stop(2, StopKind.DROP, 8_000, "site"),
    stop(3, StopKind.DROP, 12_000),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[TruckEvent], list[TruckEvent]]:
    """As tracking tells it, with corrections and retractions, and as it comes."""
    facts = draw(st.lists(st.one_of(CROSSINGS, RESTS, MOVES), max_size=12))
    told = {one.id: one for one in facts}
    for number, one in enumerate(list(told.values())):
        if one.type == "truck.moved":
            continue  # told once, by the first; who tells of it later is not asked
        turns = draw(st.lists(st.sampled_from([retracted, corrected]), max_size=2))
        for nr, turn in enumerate(turns, start=1):
            again = turn(one, (400 + number * 10 + nr) * MINUTE, nr)
            told[again.id] = again
    in_order = sorted(told.values(), key=lambda one: one.known_at_ms)
    twice = draw(st.lists(st.sampled_from(in_order), max_size=3)) if in_order else []
    return in_order, draw(st.permutations([*in_order, *twice]))


@settings(max_examples=150, deadline=None)
@given(history=histories())
def test_any_order_says_the_same(history: tuple[list[TruckEvent], list[TruckEvent]]) -> None:
    in_order, as_it_comes = history
    one, other = (Story().assigned(load=LOAD) for _ in range(2))

    one.hears(*in_order)
    other.hears(*as_it_comes)

    assert one.marks() == other.marks()
    assert one.now.status is other.now.status
    assert sum(c.amount_minor for c in one.now.charges.values()) == sum(
        c.amount_minor for c in other.now.charges.values()
    )
    for fact in in_order:
        for command in commands_for(other.now, fact, other.rules):
            assert other.does(command) == []
