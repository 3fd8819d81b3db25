"""Hands one running shard the fixes of many trucks (`-m bench.shard_filler SUMMARY TRUCKS RESULT`).

It joins the installation's Ray as the product's own processes do and calls the shard directly.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import psutil

from actors.handles import SHARD as SHARD_NAME
from actors.handles import ShardHandle, TruckShards, connect
from actors.service_tokens import TokenMaker, maker_for
from bench import stack, world
from bench.seeding import TENANT, add_fences, add_trucks, reader, tenant_key
from bench.stack import Stack
from config.policy import policy
from freight.fixes import FIX_DTYPE, MISSING_INT8, MISSING_INT16, MISSING_INT64, FixArray, FixBatch

FENCES = 5_000
BATCH_FIXES = 1_000
ROUNDS = 3
SHARD = 0
SNAPSHOT_S_MAX = 180.0


class Filled(msgspec.Struct, frozen=True):
    """Private bytes of the shard's process, without and with the trucks."""

    before: int
    after: int


async def fill(running: Stack, trucks: int) -> Filled:
    connect(running.installation)
    ids = world.truck_ids(trucks)
    ground = world.build(ids, 2 * ROUNDS, 0, 1)
    fences = world.build(ids[:500], 2 * ROUNDS, FENCES, 1).fences
    tenant = await tenant_key(running, TENANT)
    await add_fences(running, fences)
    tokens = maker_for(running.installation, "bench")
    shard = ShardHandle(SHARD, tokens)
    # One fix makes the shard compile the fences, which are not the trucks' memory.
    probe = await add_trucks(running, ["bench-probe"])
    await shard.fold(FixBatch(_fixes(tenant, np.array([*probe.values()]), ground, 0), {}))
    process = psutil.Process(await _pid_of_shard(tokens))
    before = process.memory_full_info().uss
    keys = np.array([*(await add_trucks(running, ids)).values()], dtype=np.int64)
    for round_ in range(ROUNDS):
        fixes = _fixes(tenant, keys, ground, round_)
        for first in range(0, len(fixes), BATCH_FIXES):
            await shard.fold(FixBatch(fixes[first : first + BATCH_FIXES], {}))
    await _snapshot_written(running, len(keys))
    return Filled(before, process.memory_full_info().uss)


async def _pid_of_shard(tokens: TokenMaker) -> int:
    """By its own word: the installation lists the shards by process id."""
    stats = await TruckShards.from_policy(policy(), tokens).stats()
    return next(s.pid for s in stats if s.name == SHARD_NAME.format(SHARD))


def _fixes(tenant: int, keys: np.ndarray, ground: world.World, round_: int) -> FixArray:
    fixes = np.zeros(len(keys), dtype=FIX_DTYPE)
    for name in FIX_DTYPE.names or ():
        if FIX_DTYPE[name].kind == "f":
            fixes[name] = np.nan
    now_ms = time.time_ns() // 1_000_000
    fixes["tenant_key"], fixes["truck_key"] = tenant, keys
    fixes["ts_ms"] = fixes["received_ms"] = now_ms
    fixes["lat"], fixes["lon"] = (
        ground.lat[: len(keys), round_],
        ground.lon[: len(keys), round_],
    )
    fixes["speed_kmh"], fixes["seq"] = 60.0, MISSING_INT64
    fixes["satellites"], fixes["ignition"] = MISSING_INT16, 1
    fixes["alarm"] = MISSING_INT8
    return fixes


async def _snapshot_written(running: Stack, trucks: int) -> None:
    conn = await reader(running)
    wanted_s = policy().tracking.snapshot_interval_s + SNAPSHOT_S_MAX
    try:
        deadline = time.monotonic() + wanted_s
        while time.monotonic() < deadline:
            saved = await conn.fetchval(
                "SELECT count(*) FROM truck_snapshots WHERE shard = $1", SHARD
            )
            if saved >= trucks:
                return
            await asyncio.sleep(1.0)
        raise TimeoutError(f"no snapshot of {trucks} trucks within {wanted_s:g} s")
    finally:
        await conn.close()


def main(summary_file: Path, trucks: int, result: Path) -> None:
    filled = asyncio.run(fill(stack.attach(summary_file), trucks))
    result.write_bytes(msgspec.json.encode(filled))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
