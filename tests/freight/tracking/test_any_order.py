"""The same fixes give the same history, in whatever order, batches and repetitions they arrive."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from freight.fixes import FixArray
from freight.tracking.standing import as_stored
from tests.freight.tracking.memory import MemoryShard
from tests.freight.tracking.stream import book, driven, plainly, world

SIZES = (1, 2, 7, 40, 250, 1000)


def delivered(fixes: FixArray, chance: random.Random) -> Iterator[FixArray]:
    """In batches, shuffled by ways devices and networks have; some fixes lost and sent again."""
    delay_ms = chance.choice([0, 30_000, 3_600_000, 40_000_000, 10**12])
    sent = [(int(ts) + chance.uniform(0, delay_ms), i) for i, ts in enumerate(fixes["ts_ms"])]
    sent += [(at + chance.uniform(0, 10**8), i) for at, i in chance.sample(sent, len(sent) // 5)]
    order = [i for _, i in sorted(sent)]
    while order:
        size = chance.choice(SIZES)
        yield fixes[order[:size]]
        order = order[size:]


@pytest.mark.parametrize("seed", range(20))
def test_any_arrival_ends_in_the_history_of_the_fixes_in_order(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a scenario, not a secret
    fixes, around = driven(seed, chance.choice([10, 60, 150])), world(book())
    shard = MemoryShard(
        around, piece=chance.choice([3, 20, 10_000]), pieces_a_batch=chance.choice([1, 3, 1000])
    )

    for batch in delivered(fixes, chance):
        shard.take(batch)
    shard.finish()

    for key, truck in plainly(fixes, around).items():
        assert shard.standing(key) == {
            e.id: (e.type, e.time_ms, as_stored(e.data)) for e in truck.facts.events
        }
        assert shard.truck(key).spans == truck.facts.spans
        assert shard.truck(key).flaws == dict(truck.facts.flaws)
        assert shard.state(key) == truck.state


def test_what_is_shown_never_moves_backwards() -> None:
    fixes = driven(3, 60)
    chance = random.Random(3)  # noqa: S311 - a scenario, not a secret
    shard = MemoryShard(world(book()))
    shown = np.zeros(0)

    for batch in delivered(fixes, chance):
        shard.take(batch)
        last = shard.columns.of_tenant(7)
        now = last[np.argsort(last["truck_key"])]["ts_ms"]
        assert len(now) > len(shown) or (now >= shown).all()
        shown = now
