"""A fold of batches gives what the machines give fix by fix, whatever the batches."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from msgspec.structs import replace

from config.policy import defaults
from freight.events import TruckEvent
from freight.tracking.columns import TruckColumns
from freight.tracking.facts import Flaw, Span
from freight.tracking.fold import fold
from freight.tracking.tracked import Tracked
from tests.freight.tracking.stream import START_MS, book, driven, plainly, world
from tests.freight.world import TENANT_KEY


@pytest.mark.parametrize("seed", range(12))
def test_batches_of_any_size_give_what_fix_by_fix_gives(seed: int) -> None:
    fixes, around, columns = driven(seed, 150), world(book()), TruckColumns()
    chance = random.Random(seed)  # noqa: S311 - a test's own stream
    events: list[TruckEvent] = []
    spans: dict[tuple[int, tuple[str, str, int]], Span] = {}
    flaws: dict[tuple[int, int], Flaw] = {}
    checkpoints: dict[tuple[int, int], Tracked] = {}
    at = 0
    while at < len(fixes):
        size = chance.choice([1, 3, 20, 100, 1000])
        folding = fold(columns, fixes[at : at + size], around)
        events += folding.events
        for _, key, span in folding.spans:
            spans[key, span.key] = _as_kept(spans.get((key, span.key)), span)
        for i, why in folding.flaws.items():
            flaws[int(folding.fixes["truck_key"][i]), int(folding.fixes["ts_ms"][i])] = why
        for kept in folding.checkpoints:
            checkpoints[kept.state.truck_key, kept.boundary_ms] = kept.state
        columns.apply(folding, START_MS)
        at += size

    plain = plainly(fixes, around)
    for key, truck in plain.items():
        row = int(columns.rows_of(np.array([key]))[0])
        assert columns.tracked_of(row, TENANT_KEY, key) == truck.state
        assert [e for e in events if e.truck_key == key] == truck.facts.events
        assert {k[1]: s for k, s in spans.items() if k[0] == key} == truck.facts.spans
        assert {ts: why for (t, ts), why in flaws.items() if t == key} == dict(truck.facts.flaws)
        assert {ms: s for (t, ms), s in checkpoints.items() if t == key} == {
            kept.boundary_ms: kept.state for kept in truck.checkpoints
        }
    assert flaws


@pytest.mark.parametrize("seed", range(3))
def test_trucks_that_are_held_to_no_rules_keep_their_places_only(seed: int) -> None:
    rules = defaults().tracking_rules.model_copy(update={"in_use": False})
    fixes, columns = driven(seed, 150), TruckColumns()
    around = dataclasses.replace(world(book()), rules_of=lambda _tenant: rules)
    for at in range(0, len(fixes), 7):
        folding = fold(columns, fixes[at : at + 7], around)
        assert not folding.events
        assert not folding.spans
        columns.apply(folding, START_MS)

    for key, truck in plainly(fixes, around).items():
        row = int(columns.rows_of(np.array([key]))[0])
        assert columns.tracked_of(row, TENANT_KEY, key) == truck.state
        assert truck.state.good is not None
        assert columns.last["ts_ms"][row] == truck.state.good.ts_ms


def _as_kept(before: Span | None, span: Span) -> Span:
    """An end told in a later batch leaves what was told of the begin."""
    if before is None or span.begun_ms is not None:
        return span
    return replace(span, begun_ms=before.begun_ms, begun=before.begun)
