"""Tracks by columns: what was stored comes back, read from the days that are asked for alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.facts import Flaw
from store import tracks
from store.fix_codec import COPY_COLUMNS, copy_payload
from store.fixes import copy_new, days_of, ensure_partitions
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.shard_numbers import new_shard
from tests.store.fix_arrays import any_fixes, bare_fixes

DAY_MS = 86_400_000
SHARD = new_shard()
# Days of no other test.
FIRST_DAY_MS = 1_270_944_000_000  # 2010-04-11
TRUCKS, A_DAY = 40, 720


@pytest.fixture
def truck_key() -> int:
    return int(np.random.default_rng().integers(2**40, 2**41))


async def store(telemetry: AnyPool, fixes: FixArray, extras: dict[int, bytes]) -> None:
    async with telemetry.acquire() as conn:
        await ensure_partitions(conn, days_of(fixes))
        await copy_new(conn, fixes, extras, SHARD, 1)


async def test_what_was_stored_comes_back(telemetry: AnyPool, app: AnyPool, tenant: Tenant) -> None:
    keys = iter(np.random.default_rng().integers(2**40, 2**41, 1000).tolist())

    @settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        key = next(keys)
        drawn.append((key, np.sort(data.draw(any_fixes(tenant.key, key)), order="ts_ms")))

    drawn: list[tuple[int, FixArray]] = []
    draw()
    for key, fixes in drawn:
        extras = {row: b'{"io": %d}' % row for row in range(0, len(fixes), 2)}
        await store(telemetry, fixes, extras)
        span = int(fixes["ts_ms"][0]), int(fixes["ts_ms"][-1]) + 1
        async with as_tenant(app, tenant.key) as conn:
            piece = await tracks.read(conn, key, span, 99, flawed=False)
        for name in FIX_DTYPE.names or ():
            np.testing.assert_array_equal(piece.fixes[name], fixes[name], name)
        times = fixes["ts_ms"].tolist()
        assert piece.extras == {times[row]: {"io": row} for row in extras}
        assert not piece.flaws.any()


async def test_limits_flaws_and_foreign_eyes(  # noqa: PLR0917 - fixtures
    telemetry: AnyPool,
    app: AnyPool,
    superuser: AnyConnection,
    tenant: Tenant,
    other_tenant: Tenant,
    truck_key: int,
) -> None:
    times = [FIRST_DAY_MS + step for step in range(5)]
    await store(telemetry, bare_fixes(tenant.key, truck_key, times), {})
    for step, flaw in ((1, Flaw.NOWHERE), (2, Flaw.BEYOND_HORIZON)):
        await superuser.execute(
            "UPDATE fixes SET flaw = $3 WHERE truck_key = $1 AND ts = to_timestamp($2)",
            truck_key,
            times[step] / 1000.0,
            int(flaw),
        )

    async def read(tenant: Tenant, limit: int, flawed: bool) -> list[tuple[int, int]]:
        async with as_tenant(app, tenant.key) as conn:
            piece = await tracks.read(conn, truck_key, (times[0], times[4]), limit, flawed=flawed)
        steps = (piece.fixes["ts_ms"] - FIRST_DAY_MS).tolist()
        return list(zip(steps, piece.flaws.tolist(), strict=True))

    assert await read(tenant, 9, False) == [(0, 0), (2, 4), (3, 0)]
    assert await read(tenant, 9, True) == [(0, 0), (1, 3), (2, 4), (3, 0)]
    assert await read(tenant, 2, True) == [(0, 0), (1, 3)]
    assert await read(other_tenant, 9, True) == []


@pytest.fixture
async def days(telemetry: AnyPool, owner: AnyConnection, tenant: Tenant) -> list[int]:
    """Three days of a small fleet, as they arrive: by time, then by truck; and their statistics."""
    keys = np.random.default_rng().integers(2**40, 2**41, TRUCKS)
    for day in range(3):
        steps = np.repeat(np.arange(A_DAY), TRUCKS) * (DAY_MS // A_DAY)
        fixes = bare_fixes(tenant.key, 0, (FIRST_DAY_MS + day * DAY_MS + steps).tolist())
        fixes["truck_key"] = np.tile(keys, A_DAY)
        async with telemetry.acquire() as conn:
            await ensure_partitions(conn, days_of(fixes))
            await conn.copy_to_table(
                "fixes",
                source=_one_piece(copy_payload(fixes, {}, SHARD, day + 1)),
                columns=COPY_COLUMNS,
                format="binary",
            )
    await owner.execute("ANALYZE fixes_20100411, fixes_20100412, fixes_20100413")
    return [int(key) for key in keys]


async def _one_piece(payload: bytes) -> Any:
    yield payload


async def plan(app: AnyPool, tenant: Tenant, question: str) -> list[dict[str, Any]]:
    """The nodes of the plan that read from disk."""
    async with as_tenant(app, tenant.key) as conn:
        text = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {question}")
    found: list[dict[str, Any]] = []
    waiting = [(text if isinstance(text, list) else json.loads(text))[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if "Relation Name" in node or "Index Name" in node:
            found.append(node)
    return found


async def test_a_day_of_a_truck_is_read_by_the_index_of_that_day_alone(
    app: AnyPool, tenant: Tenant, days: list[int]
) -> None:
    span = FIRST_DAY_MS + DAY_MS, FIRST_DAY_MS + 2 * DAY_MS
    for flawed in (False, True):
        asked = tracks.question(days[0], span, flawed=flawed)
        nodes = await plan(app, tenant, f"SELECT * {asked} ORDER BY ts LIMIT 2000")

        assert {node.get("Index Name") for node in nodes} <= {"fixes_20100412_pkey", None}
        assert {n["Relation Name"] for n in nodes if "Relation Name" in n} == {"fixes_20100412"}
        assert all("Seq Scan" not in node["Node Type"] for node in nodes)


async def test_a_night_across_two_days_is_read_from_both(
    app: AnyPool, tenant: Tenant, days: list[int]
) -> None:
    span = FIRST_DAY_MS + DAY_MS - 3_600_000, FIRST_DAY_MS + DAY_MS + 3_600_000
    asked = tracks.question(days[0], span, flawed=True)
    nodes = await plan(app, tenant, f"SELECT * {asked} ORDER BY ts LIMIT 2000")

    relations = {n["Relation Name"] for n in nodes if "Relation Name" in n}
    assert relations == {"fixes_20100411", "fixes_20100412"}
    async with as_tenant(app, tenant.key) as conn:
        piece = await tracks.read(conn, days[0], span, 2000, flawed=True)
    assert len(piece) == A_DAY // 12
    assert np.all(np.diff(piece.fixes["ts_ms"]) > 0)
