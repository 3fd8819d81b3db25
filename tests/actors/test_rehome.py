"""Changing the number of shards moves trucks with their whole state, and loses no fix."""

from __future__ import annotations

from actors.journal import Journal
from actors.placement import shard_of
from actors.rehome import rehome
from config.policy import policy
from store.postgres import AnyConnection, AnyPool
from tests.actors.test_journal import Yard, batch, crossings, stored_count, yard

__all__ = ["yard"]


async def test_trucks_keep_their_history_when_shards_are_added_and_removed(
    yard: Yard, app: AnyPool, telemetry: AnyPool, system: AnyPool, superuser: AnyConnection
) -> None:
    await superuser.execute("TRUNCATE shard_leases, shard_batches, truck_snapshots")
    names = [f"T{i}" for i in range(len(yard.truck_keys))]
    second = 0
    for count in (2, 5, 1, 3):
        limits = policy().tracking.model_copy(update={"shards": count})
        await rehome(telemetry, system, limits)
        journals = [Journal(telemetry, system, shard, limits) for shard in range(count)]
        for journal in journals:
            await journal.recover()
        for truck, name in enumerate(names):
            home = journals[shard_of(yard.tenant.id, name, count)]
            # In the yard, out of it, and a repetition of the last round's fix.
            rows = [(truck, second + 1, 0.5), (truck, second + 2, 7.0)]
            await home.commit(batch(yard, rows + ([(truck, second, 7.0)] if second else [])))
        second += 2

    expected = [
        (truck, kind, at)
        for truck in range(len(names))
        for at in range(1, second, 2)
        for kind, at in (("entered", at), ("exited", at + 1))
    ]
    assert await crossings(app, yard) == sorted(expected)
    assert await stored_count(app, yard) == len(names) * second
    assert await rehome(telemetry, system, limits) == 0
