"""The rules that facts were decided by, as they were, and since when they were in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store.postgres import AnyConnection, epoch_ms, moment


@dataclass(frozen=True, slots=True)
class Spell:
    """From `from_ms` on, by our clock, a tenant's fixes were folded by these rules."""

    from_ms: int
    digest: str
    rules: dict[str, Any]


async def begin_spell(
    conn: AnyConnection, tenant_key: int, digest: str, rules: dict[str, Any], from_ms: int
) -> None:
    """Unless the tenant's last one is the same."""
    await conn.execute(
        """
        INSERT INTO rule_sets (tenant_key, digest, rules) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        tenant_key,
        digest,
        rules,
    )
    await conn.execute(
        """
        INSERT INTO rule_spells (tenant_key, digest, from_ts)
        SELECT $1, $2, $3 WHERE $2 IS DISTINCT FROM (SELECT digest FROM rule_spells
            WHERE tenant_key = $1 AND from_ts <= $3 ORDER BY from_ts DESC LIMIT 1)
        ON CONFLICT DO NOTHING
        """,
        tenant_key,
        digest,
        moment(from_ms),
    )


async def spells(conn: AnyConnection, tenant_key: int, since_ms: int) -> list[Spell]:
    """Those in force at any time from then on, in order."""
    rows = await conn.fetch(
        """
        SELECT from_ts, digest, rules FROM rule_spells JOIN rule_sets USING (tenant_key, digest)
        WHERE tenant_key = $1 AND from_ts >= coalesce((SELECT max(from_ts) FROM rule_spells
            WHERE tenant_key = $1 AND from_ts <= $2), '-infinity')
        ORDER BY from_ts
        """,
        tenant_key,
        moment(since_ms),
    )
    return [Spell(epoch_ms(row["from_ts"]), row["digest"], row["rules"]) for row in rows]


async def find(conn: AnyConnection, digest: str) -> dict[str, Any] | None:
    """For a tenant: the rules of this name."""
    rules: dict[str, Any] | None = await conn.fetchval(
        "SELECT rules FROM rule_sets WHERE digest = $1", digest
    )
    return rules
