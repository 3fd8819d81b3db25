"""What must have happened: fence events by brute force from the stored fixes, against what is told.

Knows nothing of H3, of batches or of late fixes: each truck's fixes in the order of device time,
and the distance from every fix to every fence.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import asyncpg
import numpy as np

from bench import world
from bench.world import World
from freight.tracking.crossings import ENTERED, EXITED
from store.postgres import AnyConnection, epoch_ms

RETRACTED = "event.retracted"
CORRECTED = "event.corrected"

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
    standing, turns = await standing_facts(conn, keys)
    once = set(standing)
    return EventAccount(
        expected=len(expected),
        missing=len(expected - once),
        extra=len(once - expected),
        doubled=sum(count - 1 for count in standing.values()),
        turns=turns,
    )


async def expected_facts(conn: AnyConnection, ground: World, keys: list[int]) -> set[Fact]:
    facts: set[Fact] = set()
    for key in keys:
        rows = await conn.fetch(
            "SELECT ts, lat, lon FROM fixes WHERE truck_key = $1 ORDER BY ts", key
        )
        if rows:
            facts |= _crossings(key, ground, rows)
    return facts


def _crossings(key: int, ground: World, rows: list[asyncpg.Record]) -> set[Fact]:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    times = [epoch_ms(moment) for moment in columns[0]]
    radii = np.array([fence.radius_m for fence in ground.fences])
    track = world.metres_between(
        columns[1].astype(np.float64), columns[2].astype(np.float64), ground.fences
    )
    inside = track < radii[None, :]
    before = np.vstack([np.zeros((1, len(radii)), dtype=bool), inside[:-1]])
    facts = set()
    for kind, happened in ((ENTERED, inside & ~before), (EXITED, before & ~inside)):
        for fix, fence in zip(*np.nonzero(happened), strict=True):
            facts.add((key, kind, ground.fences[fence].id, times[fix]))
    return facts


async def standing_facts(conn: AnyConnection, keys: list[int]) -> tuple[Counter[Fact], int]:
    """Events less those retracted; a corrected one stands again."""
    rows = await conn.fetch(
        """
        SELECT id, truck_key, type, time, data FROM events
        WHERE truck_key = any($1) AND type = any($2) ORDER BY seq
        """,
        keys,
        [ENTERED, EXITED, RETRACTED, CORRECTED],
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
