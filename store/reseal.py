"""Moves what older keys sealed in the database to the newest key, after the key file's rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store import documents, webhooks
from store.key_file import KeyFile
from store.personal import PURPOSE
from store.postgres import AnyConnection
from store.sealing import Sealer

# Which columns are sealed their names say. Signing keys end by themselves, long before a key does;
# what is kept for Mosquitto moves when a device's secret is rotated, which its triggers watch.
SEALED = """
    SELECT c.table_name AS table, c.column_name AS column, keys.names AS key
    FROM information_schema.columns c CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = format('public.%I', c.table_name)::regclass AND i.indisprimary
    ) keys
    WHERE c.table_schema = 'public' AND c.column_name LIKE '%\\_sealed'
        AND c.table_name NOT IN ('signing_keys', 'device_credentials')
    ORDER BY 1, 2
"""
# What is not sealed as personal data.
PURPOSES = {
    ("users", "totp_sealed"): "one-time-codes",
    ("documents", "content_secret_sealed"): documents.PURPOSE,
    ("webhook_endpoints", "secret_sealed"): webhooks.PURPOSE,
    ("webhook_endpoints", "previous_secret_sealed"): webhooks.PURPOSE,
}


@dataclass(frozen=True, slots=True)
class SealedColumn:
    table: str
    column: str
    key: tuple[str, ...]  # the columns of its primary key

    @property
    def purpose(self) -> str:
        return PURPOSES.get((self.table, self.column), PURPOSE)


async def sealed_columns(conn: AnyConnection) -> list[SealedColumn]:
    rows = await conn.fetch(SEALED)
    return [SealedColumn(row["table"], row["column"], tuple(row["key"])) for row in rows]


async def reseal_database(conn: AnyConnection, keys: KeyFile, rows: int) -> dict[str, int]:
    """For SYSTEM: how many values of each column were moved; can be broken off and done again."""
    return {
        f"{of.table}.{of.column}": await _reseal_column(conn, keys, of, rows)
        for of in await sealed_columns(conn)
    }


async def _reseal_column(conn: AnyConnection, keys: KeyFile, of: SealedColumn, rows: int) -> int:
    sealer, moved = Sealer(keys, of.purpose), 0
    key = ", ".join(of.key)
    newest = keys.ring.newest.to_bytes(4, "big")
    while True:
        # Behind the form's byte stands the version of the key.
        old = await conn.fetch(
            f"SELECT {key}, {of.column} AS sealed FROM {of.table} "
            f"WHERE substring({of.column} FROM 2 FOR 4) <> $1 LIMIT $2",
            newest,
            rows,
        )
        if not old:
            return moved
        await conn.executemany(_update_of(of), [_renewed(row, sealer) for row in old])
        moved += len(old)


def _update_of(of: SealedColumn) -> str:
    """Nothing of a value that somebody changed meanwhile: that one is new already."""
    own = " AND ".join(f"{name} = ${place}" for place, name in enumerate(of.key, start=3))
    return f"UPDATE {of.table} SET {of.column} = $1 WHERE {of.column} = $2 AND {own}"


def _renewed(row: Any, sealer: Sealer) -> tuple[Any, ...]:
    *key, sealed = row.values()
    return (sealer.seal(sealer.open(sealed)), sealed, *key)
