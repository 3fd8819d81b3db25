"""The questions that are asked most are answered by their indexes, under row level security."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from store import events, history
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

DAY_MS = 86_400_000
FIRST_MS = 1_270_944_000_000
TRUCKS, A_TRUCK = 200, 100


@pytest.fixture
async def truck_key(telemetry: AnyPool, owner: AnyConnection, tenant: Tenant) -> int:
    """One of many, each with stops and facts; and their statistics."""
    first = int(np.random.default_rng().integers(2**40, 2**41))
    place = {"lat": 19.0, "lon": 73.0}
    async with telemetry.acquire() as conn:
        await conn.execute(
            """
            INSERT INTO spans (tenant_key, truck_key, kind, about, from_ts, to_ts, data, known_at)
            SELECT $1, truck, 'stop', '', begun, begun + interval '2 hours', $5, begun
            FROM generate_series($2::bigint, $2 + $3 - 1) truck, generate_series(1, $4) nr,
                LATERAL (SELECT to_timestamp($6) + nr * interval '1 day') t (begun)
            """,
            *(tenant.key, first, TRUCKS, A_TRUCK, place, FIRST_MS / 1000.0),
        )
        await conn.execute(
            """
            INSERT INTO events (id, time, known_at, truck_key, tenant_key, type, subject, data)
            SELECT gen_random_uuid(), at, at, truck, $1, 'truck.stopped', 'trucks/T', '{}'
            FROM generate_series(1, $4) nr, generate_series($2::bigint, $2 + $3 - 1) truck,
                LATERAL (SELECT to_timestamp($5) + nr * interval '1 day') t (at)
            """,
            *(tenant.key, first, TRUCKS, A_TRUCK, FIRST_MS / 1000.0),
        )
    await owner.execute("ANALYZE spans, events")
    return first


class Explained:
    """Notes how a question would be answered, instead of asking it."""

    def __init__(self, conn: AnyConnection) -> None:
        self._conn = conn
        self.indexes: set[str] = set()
        self.scanned: set[str] = set()

    async def fetch(self, query: str, *args: object) -> list[Any]:
        text = await self._conn.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *args)
        waiting = [(text if isinstance(text, list) else json.loads(text))[0]["Plan"]]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            if "Index Name" in node:
                self.indexes.add(node["Index Name"])
            if node["Node Type"] == "Seq Scan":
                self.scanned.add(node["Relation Name"])
        return []


async def test_they_are_answered_by_their_indexes(
    app: AnyPool, tenant: Tenant, truck_key: int
) -> None:
    late_ms = FIRST_MS + (A_TRUCK - 3) * DAY_MS
    wanted = history.Wanted(truck_key, ("stop",))
    asked: list[tuple[str, Any]] = [
        (
            "spans_truck",
            lambda conn: history.list_page(conn, wanted, after=None, limit=51, newest_first=True),
        ),
        (
            "spans_stops",
            lambda conn: history.stop_places(conn, late_ms, late_ms + DAY_MS, None, 1000),
        ),
        (
            "events_truck_seq",
            lambda conn: events.list_page(conn, truck=truck_key, limit=51, newest_first=True),
        ),
        (
            "events_booking",
            lambda conn: events.list_page(
                conn, subject="bookings/B-1", limit=51, newest_first=True
            ),
        ),
        (
            "events_truck",
            lambda conn: events.list_page(
                conn, truck=truck_key, from_ms=late_ms, to_ms=late_ms + DAY_MS, limit=51
            ),
        ),
    ]
    for index, ask in asked:
        async with as_tenant(app, tenant.key) as conn:
            explained = Explained(conn)
            await ask(explained)
        assert index in explained.indexes, (index, explained.indexes)
        assert explained.scanned.isdisjoint({"spans", "events"})
