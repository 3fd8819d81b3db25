"""API keys: long-lived secrets of programs, stored hashed, holding no more than who made them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection

COLUMNS = """
    id, name, scopes, carrier, shipper, created_by, created_at, expires_at, used_at, revoked_at,
    version
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    name: str
    scopes: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What a presented key stands for; its tenant is not known before."""

    id: str
    tenant_key: int
    tenant: str
    scopes: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    expires_at: datetime
    version: int
    # The roles its maker has now: what is taken from them is taken from the key as well.
    maker_roles: tuple[str, ...]


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    name: str,
    scopes: Collection[str],
    carrier: str | None,
    shipper: str | None,
    created_by: str,
    expires_at: datetime,
    key_hash: bytes,
) -> ApiKey:
    await conn.execute(
        """
        INSERT INTO api_keys (tenant_key, id, name, scopes, carrier, shipper, created_by,
            expires_at, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        tenant_key,
        id,
        name,
        sorted(scopes),
        carrier,
        shipper,
        created_by,
        expires_at,
        key_hash,
    )
    return await get(conn, id)


async def find(conn: AnyConnection, key_hash: bytes) -> KnownKey | None:
    """For SYSTEM: None when there is none, it is revoked or expired, or its maker is."""
    row = await conn.fetchrow(
        """
        SELECT k.id, k.tenant_key, t.id AS tenant, k.scopes, k.carrier, k.shipper, k.expires_at,
            k.version, coalesce(c.roles, u.roles) AS maker_roles
        FROM api_keys k JOIN tenants t ON t.key = k.tenant_key
            LEFT JOIN oauth_clients c ON c.tenant_key = k.tenant_key
                AND 'client:' || c.id = k.created_by AND c.revoked_at IS NULL
            LEFT JOIN users u ON u.tenant_key = k.tenant_key
                AND 'user:' || u.id = k.created_by AND u.disabled_at IS NULL
        WHERE k.hash = $1 AND k.revoked_at IS NULL AND k.expires_at > now()
            AND coalesce(c.roles, u.roles) IS NOT NULL
        """,
        key_hash,
    )
    if row is None:
        return None
    lists = {name: tuple(row[name]) for name in ("scopes", "maker_roles")}
    return KnownKey(**{**row, **lists})


async def get(conn: AnyConnection, key_id: str) -> ApiKey:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM api_keys WHERE id = $1", key_id)
    if row is None:
        raise NotFoundError("API key", key_id)
    return _key(row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[ApiKey]:
    """In the order of their ids, beginning behind `after`; revoked and expired ones too."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2", after or "", limit
    )
    return [_key(row) for row in rows]


async def revoke(conn: AnyConnection, key_id: str, expected_version: int) -> ApiKey:
    row = await conn.fetchrow(
        f"""
        UPDATE api_keys SET revoked_at = now(), version = version + 1
        WHERE id = $1 AND version = $2 AND revoked_at IS NULL RETURNING {COLUMNS}
        """,
        key_id,
        expected_version,
    )
    if row is None:
        found = await get(conn, key_id)
        raise StaleVersionError("API key", key_id, expected_version, found.version)
    return _key(row)


async def revoke_made_by(conn: AnyConnection, maker: str) -> list[ApiKey]:
    """All live keys of a principal that itself is gone."""
    rows = await conn.fetch(
        f"""
        UPDATE api_keys SET revoked_at = now(), version = version + 1
        WHERE created_by = $1 AND revoked_at IS NULL RETURNING {COLUMNS}
        """,
        maker,
    )
    return [_key(row) for row in rows]


async def note_used(conn: AnyConnection, used: Mapping[str, datetime]) -> None:
    """For SYSTEM: many at once, off the path of requests."""
    await conn.execute(
        """
        UPDATE api_keys k SET used_at = n.used_at
        FROM unnest($1::text[], $2::timestamptz[]) AS n (id, used_at)
        WHERE k.id = n.id AND (k.used_at IS NULL OR k.used_at < n.used_at)
        """,
        list(used),
        list(used.values()),
    )


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})
