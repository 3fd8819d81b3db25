"""Tenants: the companies that share an installation and see nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from store.errors import AlreadyExistsError
from store.postgres import AnyConnection, one


@dataclass(frozen=True, slots=True)
class Tenant:
    key: int
    id: str
    name: str


async def create(conn: AnyConnection, id: str, name: str) -> Tenant:  # noqa: A002 - its name
    """For the OWNER role."""
    try:
        row = await conn.fetchrow(
            "INSERT INTO tenants (id, name) VALUES ($1, $2) RETURNING key, id, name", id, name
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("tenant", id) from None
    return Tenant(**one(row))


async def find(conn: AnyConnection, id: str) -> Tenant | None:  # noqa: A002
    """For OWNER and SYSTEM; APP finds its own tenant only."""
    row = await conn.fetchrow("SELECT key, id, name FROM tenants WHERE id = $1", id)
    return None if row is None else Tenant(**row)


async def all_tenants(conn: AnyConnection) -> list[Tenant]:
    """For OWNER and SYSTEM."""
    return [
        Tenant(**row) for row in await conn.fetch("SELECT key, id, name FROM tenants ORDER BY key")
    ]
