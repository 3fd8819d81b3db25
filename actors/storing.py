"""A batch's new fixes on their way into Postgres while they are folded.

Either takes about as long as the other, and neither needs the other's outcome: folded first and
stored then, one of two processors waits half of the time.
"""

from __future__ import annotations

import asyncio

from freight.fixes import FixBatch, extras_of
from freight.tracking.columns import TruckColumns
from freight.tracking.fold import fold_ordered
from freight.tracking.folding import Folding, World
from freight.tracking.order import ordered
from store import fixes
from store.postgres import AnyConnection
from telemetry import tracing


async def fold_while_storing(  # noqa: PLR0917 - a batch's shard and number belong at its end
    conn: AnyConnection,
    columns: TruckColumns,
    batch: FixBatch,
    world: World,
    shard: int,
    number: int,
) -> Folding:
    news = ordered(batch.fixes, columns)
    extras = extras_of(news.given_index, batch.extras)
    storing = asyncio.ensure_future(fixes.copy_new(conn, news.fixes, extras, shard, number))
    try:
        # They are handed over, and the loop sends them: a megabyte and more goes at once.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        begun_ns = tracing.clock()
        folding = fold_ordered(columns, batch.fixes, news, world)
        begun_ns = tracing.lap("shard.fold", begun_ns)
        await storing
        tracing.lap("store.copy", begun_ns)
    finally:
        # No other command may follow on this connection before.
        storing.cancel()
        await asyncio.gather(storing, return_exceptions=True)
    return folding
