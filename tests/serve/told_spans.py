"""Spans of trucks as shards store them, for tests that read them back."""

from __future__ import annotations

from typing import Any

from freight.tracking.facts import Span
from store import spans
from store.postgres import AnyPool
from store.spans import TruckSpan
from store.tenants import Tenant

KNOWN_MS = 1_760_100_000_000


async def tell(
    telemetry: AnyPool,
    tenant: Tenant,
    truck_key: int,
    *told: tuple[str, str, int, int | None, dict[str, Any]],
) -> None:
    """Each: kind, about, from, to, data."""
    rows = [
        TruckSpan(tenant.key, truck_key, Span(kind, about, from_ms, to_ms, data))
        for kind, about, from_ms, to_ms, data in told
    ]
    async with telemetry.acquire() as conn:
        await spans.put(conn, rows, KNOWN_MS)
