"""What must have happened, by the machines over the stored fixes in order, against what is told."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from bench.world import World
from config.policy import defaults
from freight.tracking.machines.visiting import ENTERED, EXITED
from freight.tracking.standing import CORRECTED, RETRACTED
from sim.truth import expected_crossings
from store import late_fixes
from store.postgres import AnyConnection, epoch_ms

FIXES_MAX = 1_000_000

# Truck key, kind, fence, device time.
Fact = tuple[int, str, str, int]


@dataclasses.dataclass(frozen=True)
class EventAccount:
    """Expected against standing; `turns` says how often late truth corrected early truth."""

    expected: int
    missing: int
    extra: int
    doubled: int
    turns: int

    @property
    def right(self) -> bool:
        return not (self.missing or self.extra or self.doubled)


async def event_account(conn: AnyConnection, ground: World, keys: list[int]) -> EventAccount:
    expected = await expected_facts(conn, ground, keys)
    standing, turns = await standing_facts(conn, ground, keys)
    once = set(standing)
    return EventAccount(
        expected=len(expected),
        missing=len(expected - once),
        extra=len(once - expected),
        doubled=sum(count - 1 for count in standing.values()),
        turns=turns,
    )


async def expected_facts(conn: AnyConnection, ground: World, keys: list[int]) -> set[Fact]:
    fixes = await late_fixes.pieces(conn, dict.fromkeys(keys, 0), FIXES_MAX)
    fences = [{"id": fence.id, "shape": fence.shape()} for fence in ground.fences]
    told = expected_crossings(
        np.concatenate(list(fixes.values())), fences, defaults().tracking_rules
    )
    return {(each.truck_key, each.kind, each.fence, each.ts_ms) for each in told}


async def standing_facts(
    conn: AnyConnection, ground: World, keys: list[int]
) -> tuple[Counter[Fact], int]:
    """Events of our fences less those retracted; a corrected one stands again."""
    ours = [fence.id for fence in ground.fences]
    rows = await conn.fetch(
        """
        SELECT id, truck_key, type, time, data FROM events
        WHERE truck_key = any($1) AND type = any($2) AND data ->> 'fence' = any($3) ORDER BY seq
        """,
        keys,
        [ENTERED, EXITED, RETRACTED, CORRECTED],
        ours,
    )
    facts: dict[str, Fact] = {}
    standing: dict[str, bool] = {}
    turns = 0
    for row in rows:
        if row["type"] in (ENTERED, EXITED):
            about = str(row["id"])
            facts[about] = (
                row["truck_key"],
                row["type"],
                row["data"]["fence"],
                epoch_ms(row["time"]),
            )
            standing[about] = True
        else:
            standing[row["data"]["replaces"]] = row["type"] == CORRECTED
            turns += 1
    return Counter(facts[about] for about, stands in standing.items() if stands), turns
