"""A tenant's roles: named sets of permissions, seeded with the product and editable after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "name, permissions, seeded, created_at, version"


@dataclass(frozen=True, slots=True)
class StoredRole:
    name: str
    permissions: tuple[str, ...]
    seeded: bool
    created_at: datetime
    version: int


async def permissions_of(
    conn: AnyConnection, tenant_key: int, names: Iterable[str]
) -> frozenset[str]:
    """All that these roles allow together, for SYSTEM or APP; an unknown role allows nothing."""
    allowed = await conn.fetchval(
        """
        SELECT array_agg(DISTINCT allowed) FROM roles, unnest(permissions) AS allowed
        WHERE tenant_key = $1 AND name = ANY ($2::text[])
        """,
        tenant_key,
        list(names),
    )
    return frozenset(allowed or ())


async def unknown(conn: AnyConnection, tenant_key: int, names: Iterable[str]) -> list[str]:
    """Those of the names that are no role of the tenant, for SYSTEM or APP."""
    wanted = set(names)
    rows = await conn.fetch(
        "SELECT name FROM roles WHERE tenant_key = $1 AND name = ANY ($2::text[])",
        tenant_key,
        list(wanted),
    )
    return sorted(wanted - {row["name"] for row in rows})


async def seed(
    conn: AnyConnection, tenant_key: int, permissions: Mapping[str, Collection[str]]
) -> None:
    """For OWNER or SYSTEM: what the product brings; what a tenant has edited stays as it is."""
    await conn.executemany(
        """
        INSERT INTO roles AS r (tenant_key, name, permissions, seeded) VALUES ($1, $2, $3, true)
        ON CONFLICT (tenant_key, name) DO UPDATE
            SET permissions = excluded.permissions, version = r.version + 1
            WHERE r.seeded AND NOT r.edited AND r.permissions <> excluded.permissions
        """,
        [(tenant_key, name, sorted(held)) for name, held in permissions.items()],
    )


async def create(
    conn: AnyConnection, tenant_key: int, name: str, permissions: Collection[str]
) -> StoredRole:
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO roles (tenant_key, name, permissions) VALUES ($1, $2, $3)
            RETURNING {COLUMNS}
            """,
            tenant_key,
            name,
            sorted(permissions),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("role", name) from None
    return _role(one(row))


async def get(conn: AnyConnection, name: str) -> StoredRole:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM roles WHERE name = $1", name)
    if row is None:
        raise NotFoundError("role", name)
    return _role(row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[StoredRole]:
    """In the order of their names, beginning behind `after`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM roles WHERE name > $1 ORDER BY name LIMIT $2",
        after or "",
        limit,
    )
    return [_role(row) for row in rows]


async def update(
    conn: AnyConnection, name: str, permissions: Collection[str], expected_version: int
) -> StoredRole:
    row = await conn.fetchrow(
        f"""
        UPDATE roles SET permissions = $2, edited = true, version = version + 1
        WHERE name = $1 AND version = $3 RETURNING {COLUMNS}
        """,
        name,
        sorted(permissions),
        expected_version,
    )
    if row is None:
        raise StaleVersionError("role", name, expected_version, (await get(conn, name)).version)
    return _role(row)


async def delete(conn: AnyConnection, name: str, expected_version: int) -> None:
    done = await conn.fetchval(
        "DELETE FROM roles WHERE name = $1 AND version = $2 RETURNING true",
        name,
        expected_version,
    )
    if not done:
        raise StaleVersionError("role", name, expected_version, (await get(conn, name)).version)


async def is_used(conn: AnyConnection, name: str) -> bool:
    """Whether anybody of the tenant (a client, a user, a key) has this role."""
    used: bool = await conn.fetchval("SELECT role_is_used($1)", name)
    return used


def _role(row: asyncpg.Record) -> StoredRole:
    return StoredRole(**{**row, "permissions": tuple(row["permissions"])})
