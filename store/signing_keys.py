"""Keys that sign tokens: published before their first use and until the last token has expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.postgres import AnyConnection, one

COLUMNS = "id, created_at, active_from, private_sealed, public_jwk"
# Whoever looks whether a rotation is due looks alone.
ROTATION_LOCK = (20267, 5)


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    id: str
    created_at: datetime
    active_from: datetime
    private_sealed: bytes | None
    public_jwk: dict[str, str]


async def all_keys(conn: AnyConnection) -> list[StoredSigningKey]:
    """For SYSTEM: in the order in which they sign."""
    rows = await conn.fetch(f"SELECT {COLUMNS} FROM signing_keys ORDER BY active_from, id")
    return [_key(row) for row in rows]


async def lock_rotation(conn: AnyConnection) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", *ROTATION_LOCK)


async def add(
    conn: AnyConnection,
    id: str,  # noqa: A002 - its name everywhere
    public_jwk: dict[str, str],
    private_sealed: bytes | None,
    active_in_s: float,
) -> StoredSigningKey:
    """For SYSTEM. It never signs before one that was added earlier."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO signing_keys (id, public_jwk, private_sealed, active_from)
        VALUES ($1, $2, $3, greatest(
            clock_timestamp() + make_interval(secs => $4),
            (SELECT max(active_from) + interval '1 millisecond' FROM signing_keys)
        ))
        RETURNING {COLUMNS}
        """,
        id,
        public_jwk,
        private_sealed,
        active_in_s,
    )
    return _key(one(row))


async def delete_retired(conn: AnyConnection, token_lives_s: float) -> None:
    """Those whose successor has been signing for longer than any token lives. SYSTEM."""
    await conn.execute(
        """
        DELETE FROM signing_keys WHERE id IN (
            SELECT id FROM (
                SELECT id, lead(active_from) OVER (ORDER BY active_from, id) AS until
                FROM signing_keys
            ) keys WHERE until < now() - make_interval(secs => $1)
        )
        """,
        token_lives_s,
    )


def _key(row: asyncpg.Record) -> StoredSigningKey:
    return StoredSigningKey(**row)
