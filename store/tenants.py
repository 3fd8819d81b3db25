"""Tenants: the companies that share an installation and see nothing of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, AnyPool, one

COLUMNS = "key, id, name, parent_key"
DETAIL_COLUMNS = f"{COLUMNS}, created_at, status, status_reason, status_since, version"


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    # Being exported and erased; there is no way back from here.
    OFFBOARDING = "offboarding"
    # Only its id is left, so that nobody gets it again and the audit trail keeps its name.
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Tenant:
    key: int
    id: str
    name: str
    parent_key: int | None


@dataclass(frozen=True, slots=True)
class TenantDetail(Tenant):
    created_at: datetime
    status: TenantStatus
    status_reason: str | None
    status_since: datetime
    version: int


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


async def leaving(conn: AnyConnection) -> list[tuple[Tenant, TenantStatus]]:
    """For SYSTEM: those that are being offboarded, or were."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS}, status FROM tenants WHERE status IN ('offboarding', 'erased')"
    )
    return [
        (Tenant(*(row[name] for name in Tenant.__slots__)), TenantStatus(row["status"]))
        for row in rows
    ]


async def all_tenants(conn: AnyConnection) -> list[Tenant]:
    """For OWNER and SYSTEM: those that are not erased."""
    rows = await conn.fetch(f"SELECT {COLUMNS} FROM tenants WHERE status <> 'erased' ORDER BY key")
    return [Tenant(**row) for row in rows]


# -------------------------------------------------------------- for who runs the installation


async def get(
    conn: AnyConnection,
    id: str,  # noqa: A002
    seen_by: int,
    *,
    with_children: bool,
) -> TenantDetail:
    """For SYSTEM: the asking tenant itself, or one it onboarded."""
    row = await conn.fetchrow(
        f"""
        SELECT {DETAIL_COLUMNS} FROM tenants
        WHERE id = $1 AND (key = $2 OR ($3 AND parent_key = $2))
        """,
        id,
        seen_by,
        with_children,
    )
    if row is None:
        raise NotFoundError("tenant", id)
    return _detail(row)


async def by_key(conn: AnyConnection, key: int) -> TenantDetail:
    """For SYSTEM."""
    row = await conn.fetchrow(f"SELECT {DETAIL_COLUMNS} FROM tenants WHERE key = $1", key)
    return _detail(one(row))


async def list_page(
    conn: AnyConnection, seen_by: int, after: str | None, limit: int, *, with_children: bool
) -> list[TenantDetail]:
    """For SYSTEM: in the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"""
        SELECT {DETAIL_COLUMNS} FROM tenants
        WHERE id > $1 AND (key = $2 OR ($3 AND parent_key = $2)) ORDER BY id LIMIT $4
        """,
        after or "",
        seen_by,
        with_children,
        limit,
    )
    return [_detail(row) for row in rows]


async def rename(
    conn: AnyConnection, now: TenantDetail, name: str, expected_version: int
) -> TenantDetail:
    """For SYSTEM."""
    row = await conn.fetchrow(
        f"""
        UPDATE tenants SET name = $2, version = version + 1
        WHERE key = $1 AND version = $3 RETURNING {DETAIL_COLUMNS}
        """,
        now.key,
        name,
        expected_version,
    )
    if row is None:
        raise StaleVersionError("tenant", now.id, expected_version, now.version)
    return _detail(row)


async def set_status(
    conn: AnyConnection, now: TenantDetail, status: TenantStatus, reason: str | None
) -> TenantDetail:
    """For SYSTEM. Under the version that was read: two that change it at once do not cross."""
    row = await conn.fetchrow(
        f"""
        UPDATE tenants SET status = $3, status_reason = $4, status_since = clock_timestamp(),
            version = version + 1
        WHERE key = $1 AND version = $2 RETURNING {DETAIL_COLUMNS}
        """,
        now.key,
        now.version,
        status.value,
        reason,
    )
    if row is None:
        raise StaleVersionError("tenant", now.id, now.version, now.version + 1)
    return _detail(row)


class TenantStatuses:
    """Every process's own copy of which tenants are not active; asking it costs no I/O."""

    def __init__(self) -> None:
        self.closed: Mapping[int, TenantStatus] = {}

    async def refresh(self, pool: AnyPool) -> None:
        """For SYSTEM; there are few of them, so all are read each time."""
        async with pool.acquire() as conn:
            rows = await conn.fetch("SELECT key, status FROM tenants WHERE status <> 'active'")
        self.closed = {row["key"]: TenantStatus(row["status"]) for row in rows}


def _detail(row: asyncpg.Record) -> TenantDetail:
    return TenantDetail(**{**row, "status": TenantStatus(row["status"])})
