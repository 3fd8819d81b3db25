"""Which foreign assertions have bought a token, on any replica, so that none does it twice."""

from __future__ import annotations

from store.postgres import AnyConnection


async def use_once(conn: AnyConnection, digest: bytes, until_s: float) -> bool:
    """False when it was used before. SYSTEM."""
    first = await conn.fetchval(
        """
        INSERT INTO used_assertions (hash, until) VALUES ($1, to_timestamp($2))
        ON CONFLICT (hash) DO NOTHING RETURNING true
        """,
        digest,
        until_s,
    )
    return bool(first)


async def delete_expired(conn: AnyConnection, limit: int) -> None:
    """Those that are refused for their age by now. SYSTEM."""
    await conn.execute(
        """
        DELETE FROM used_assertions WHERE hash IN
            (SELECT hash FROM used_assertions WHERE until < now() ORDER BY until LIMIT $1)
        """,
        limit,
    )
