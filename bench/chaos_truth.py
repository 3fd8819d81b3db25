"""What must have happened: fence events by brute force from the stored fixes, against what is told.

Knows nothing of H3, of batches or of late fixes: each truck's fixes in the order of device time,
and the distance from every fix to every fence.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from bench import world
from bench.world import Floats, World
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
    facts: set[Fact] = set()
    for key in keys:
        rows = await conn.fetch(
            "SELECT ts, lat, lon FROM fixes WHERE truck_key = $1 ORDER BY ts", key
        )
        if rows:
            times_ms = [epoch_ms(row["ts"]) for row in rows]
            lat = np.array([row["lat"] for row in rows])
            lon = np.array([row["lon"] for row in rows])
            facts |= crossings(key, ground, times_ms, lat, lon)
    return facts


def crossings(key: int, ground: World, times_ms: list[int], lat: Floats, lon: Floats) -> set[Fact]:
    """Of one truck's fixes, in the order of device time."""
    radii = np.array([fence.radius_m for fence in ground.fences])
    track = world.metres_between(lat, lon, ground.fences)
    inside = track < radii[None, :]
    before = np.vstack([np.zeros((1, len(radii)), dtype=bool), inside[:-1]])
    facts = set()
    for kind, happened in ((ENTERED, inside & ~before), (EXITED, before & ~inside)):
        for fix, fence in zip(*np.nonzero(happened), strict=True):
            facts.add((key, kind, ground.fences[fence].id, times_ms[fix]))
    return facts


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
