"""Tenants: the companies that share an installation and see nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from store.errors import AlreadyExistsError
from store.postgres import AnyConnection, one

COLUMNS = "key, id, name, parent_key"


@dataclass(frozen=True, slots=True)
class Tenant:
    key: int
    id: str
    name: str
    parent_key: int | None


async def create(
    conn: AnyConnection,
    id: str,  # noqa: A002 - its name everywhere
    name: str,
    parent_key: int | None = None,
) -> Tenant:
    """For OWNER and SYSTEM."""
    try:
        row = await conn.fetchrow(
            f"INSERT INTO tenants (id, name, parent_key) VALUES ($1, $2, $3) RETURNING {COLUMNS}",
            id,
            name,
            parent_key,
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("tenant", id) from None
    return Tenant(**one(row))


async def find(conn: AnyConnection, id: str) -> Tenant | None:  # noqa: A002
    """For OWNER and SYSTEM; APP finds its own tenant only."""
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM tenants WHERE id = $1", id)
    return None if row is None else Tenant(**row)


async def all_tenants(conn: AnyConnection) -> list[Tenant]:
    """For OWNER and SYSTEM: those that are not erased."""
    rows = await conn.fetch(f"SELECT {COLUMNS} FROM tenants WHERE status <> 'erased' ORDER BY key")
    return [Tenant(**row) for row in rows]
