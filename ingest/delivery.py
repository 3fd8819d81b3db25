"""Stores all of a window: its fixes through the shards, what was refused, what devices told."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from config.sections.ingest import Ingest
from freight.device_topics import position_topic
from freight.fixes import FixBatch
from ingest.commit import CommitsBatches
from ingest.decode.status import command_answer, state_of
from ingest.messages import Address, Notice, Refused
from ingest.shard_line import Hopeless, ShardLine
from ingest.windows import Window
from store import device_commands, device_states, rejections
from store.postgres import STORE_FAILURES, AnyPool
from telemetry import tracing
from telemetry.spans import Kind

log = logging.getLogger(__name__)

# A fix by what it is stored under: its truck and its device time.
FixKey = tuple[int, int]


class Delivery:
    """Tries for as long as it takes; who waits for it decides how long that is."""

    def __init__(
        self,
        *,
        shards: Sequence[CommitsBatches],
        limits: Ingest,
        counts: Counter[str],
        of_truck: Callable[[int], Address | None],
        telemetry: AnyPool,
        system: AnyPool,
    ) -> None:
        self._lines = [ShardLine(shard, limits, counts) for shard in shards]
        self._limits = limits
        self._counts = counts
        self._of_truck = of_truck
        self._telemetry = telemetry
        self._system = system

    async def store(self, window: Window) -> dict[FixKey, str]:
        """Returns once all is committed; the fixes that no shard can take, and why."""
        hopeless: Hopeless = []
        async with asyncio.TaskGroup() as parts:
            for shard, batch in window.by_shard.items():
                parts.create_task(self._fold(shard, batch, hopeless))
        window.refused += [self._refusal_of(one, why) for one, why in hopeless]
        if window.refused:
            await self._insist(lambda: self._reject(window.refused))
        if window.notices:
            await self._insist(lambda: self._note(window.notices))
        self._counts["fixes_total"] += window.fixes
        self._counts["rejections_total"] += len(window.refused)
        return {_key_of(one): why for one, why in hopeless}

    async def _fold(self, shard: int, batch: FixBatch, hopeless: Hopeless) -> None:
        with tracing.span("ingest.shard", Kind.CLIENT, shard=shard, fixes=len(batch.fixes)):
            hopeless += await self._lines[shard].store(batch)

    def _refusal_of(self, batch: FixBatch, detail: str) -> Refused:
        """The one fix of a batch, put into words again."""
        fix = batch.fixes[0]
        address = self._of_truck(int(fix["truck_key"]))
        topic = "" if address is None else position_topic(address.tenant, address.truck)
        raw = msgspec.json.encode({name: str(fix[name]) for name in batch.fixes.dtype.names or ()})
        return Refused(topic, address, "internal", detail, raw, int(fix["received_ms"]))

    async def _reject(self, refused: Sequence[Refused]) -> None:
        rows = [
            rejections.Rejection(
                tenant=one.address.tenant if one.address else "",
                truck=one.address.truck if one.address else "",
                topic=one.topic,
                reason=one.reason,
                detail=one.detail,
                raw=one.raw,
                received_ms=one.received_ms,
            )
            for one in refused
        ]
        async with self._telemetry.acquire() as conn:
            await rejections.insert_many(conn, rows)

    async def _note(self, notices: Sequence[Notice]) -> None:
        """The last word on a connection counts; every answer to a command does."""
        states: dict[int, device_states.Told] = {}
        answers: list[device_commands.Answer] = []
        for address, payload, received_ms in notices:
            is_online = state_of(payload)
            if is_online is not None:
                key = address.truck_key
                states[key] = device_states.Told(key, address.tenant_key, is_online, received_ms)
            elif payload.strip():
                said = command_answer(payload)
                answers.append(
                    device_commands.Answer(
                        id=said.command,
                        truck_key=address.truck_key,
                        is_failure=said.is_failure,
                        result=said.result,
                        detail=said.detail,
                        at_ms=received_ms,
                    )
                )
        async with self._system.acquire() as conn, conn.transaction():
            came = await device_states.note(conn, list(states.values()))
            await device_commands.send_again(conn, came)
            await device_commands.note_answers(conn, answers)

    async def _insist(self, write: Callable[[], Awaitable[None]]) -> None:
        wait_s = self._limits.retry_wait_s_min
        while True:
            try:
                await write()
                return
            except STORE_FAILURES as error:
                log.warning("rejections or notices wait for the store: %s", error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, self._limits.retry_wait_s_max)


def _key_of(batch: FixBatch) -> FixKey:
    fix = batch.fixes[0]
    return int(fix["truck_key"]), int(fix["ts_ms"])
