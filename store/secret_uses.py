"""When each version of a secret was last read, and how often; for the SYSTEM role to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from store.postgres import AnyConnection
from store.secrets import Use


@dataclass(frozen=True, slots=True)
class LastUse:
    at: datetime
    uses: int


async def add(conn: AnyConnection, uses: Mapping[Use, int]) -> None:
    """Adds up; readers of the same version count together."""
    counts: dict[tuple[int, str, int], int] = {}
    for use, count in uses.items():
        key = use.of.scope.tenant_key, use.of.name, use.version
        counts[key] = counts.get(key, 0) + count
    now = datetime.now(UTC)
    # In one order, so that two processes do not wait for each other in a ring.
    await conn.executemany(
        """
        INSERT INTO secret_uses AS u (tenant_key, name, version, uses, last_used_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_key, name, version) DO UPDATE
        SET uses = u.uses + excluded.uses, last_used_at = excluded.last_used_at
        """,
        [(*key, counts[key], now) for key in sorted(counts)],
    )


async def of_tenant(
    conn: AnyConnection, tenant_key: int, names: list[str]
) -> dict[tuple[str, int], LastUse]:
    """By name and version."""
    rows = await conn.fetch(
        "SELECT name, version, last_used_at, uses FROM secret_uses "
        "WHERE tenant_key = $1 AND name = ANY ($2)",
        tenant_key,
        names,
    )
    return {(r["name"], r["version"]): LastUse(r["last_used_at"], r["uses"]) for r in rows}
