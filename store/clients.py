"""OAuth clients: who may ask for a token, and what the token will allow."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from store.errors import AlreadyExistsError
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class OAuthClient:
    id: str
    tenant_key: int
    tenant: str
    secret_hash: str
    role: str
    permissions: tuple[str, ...]


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    secret_hash: str,
    role: str,
    permissions: tuple[str, ...],
) -> OAuthClient:
    """For the OWNER role."""
    try:
        tenant = await conn.fetchval(
            """
            INSERT INTO oauth_clients (tenant_key, id, secret_hash, role, permissions)
            VALUES ($1, $2, $3, $4, $5)
            RETURNING (SELECT tenants.id FROM tenants WHERE key = $1)
            """,
            tenant_key,
            id,
            secret_hash,
            role,
            list(permissions),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("client", id) from None
    return OAuthClient(id, tenant_key, tenant, secret_hash, role, permissions)


async def find(conn: AnyConnection, client_id: str) -> OAuthClient | None:
    """For OWNER and SYSTEM: the tenant is not known yet when a client signs in."""
    row = await conn.fetchrow(
        """
        SELECT c.id, c.tenant_key, t.id AS tenant, c.secret_hash, c.role, c.permissions
        FROM oauth_clients c JOIN tenants t ON t.key = c.tenant_key WHERE c.id = $1
        """,
        client_id,
    )
    if row is None:
        return None
    return OAuthClient(**{**row, "permissions": tuple(row["permissions"])})
