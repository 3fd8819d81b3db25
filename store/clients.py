"""OAuth clients: who may ask for a token, in which roles, and for whom it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection

COLUMNS = (
    "id, name, roles, carrier, shipper, created_at, rotated_at, revoked_at, previous_until, version"
)


@dataclass(frozen=True, slots=True)
class StoredClient:
    """All that a tenant may see of its client; the hashes are not for the APP role."""

    id: str
    name: str | None
    roles: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    created_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None
    previous_until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """What is needed to check a client that signs in."""

    id: str
    tenant_key: int
    tenant: str
    secret_hash: str
    previous_hash: str | None  # only while it is still good
    roles: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    version: int


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    secret_hash: str,
    roles: tuple[str, ...],
    name: str | None = None,
    carrier: str | None = None,
    shipper: str | None = None,
) -> None:
    """For OWNER, SYSTEM and APP. Ids are unique in the installation: they stand for a tenant."""
    try:
        await conn.execute(
            """
            INSERT INTO oauth_clients (tenant_key, id, secret_hash, roles, name, carrier, shipper)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            tenant_key,
            id,
            secret_hash,
            list(roles),
            name,
            carrier,
            shipper,
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("client", id) from None


async def set_untouched(
    conn: AnyConnection,
    client_id: str,
    roles: tuple[str, ...],
    carrier: str | None,
    shipper: str | None,
) -> None:
    """For OWNER: what a client holds, unless somebody has changed it since it was made."""
    await conn.execute(
        """
        UPDATE oauth_clients SET roles = $2, carrier = $3, shipper = $4
        WHERE id = $1 AND version = 1
            AND (roles, carrier, shipper) IS DISTINCT FROM ($2::text[], $3::text, $4::text)
        """,
        client_id,
        list(roles),
        carrier,
        shipper,
    )


async def find(conn: AnyConnection, client_id: str) -> OAuthClient | None:
    """For OWNER and SYSTEM: the tenant is not known yet when a client signs in."""
    row = await conn.fetchrow(
        """
        SELECT c.id, c.tenant_key, t.id AS tenant, c.secret_hash, c.roles, c.carrier, c.shipper,
            c.version, CASE WHEN c.previous_until > now() THEN c.previous_hash END AS previous_hash
        FROM oauth_clients c JOIN tenants t ON t.key = c.tenant_key
        WHERE c.id = $1 AND c.revoked_at IS NULL
        """,
        client_id,
    )
    return None if row is None else OAuthClient(**{**row, "roles": tuple(row["roles"])})


async def get(conn: AnyConnection, client_id: str) -> StoredClient:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM oauth_clients WHERE id = $1", client_id)
    if row is None:
        raise NotFoundError("client", client_id)
    return _stored(row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[StoredClient]:
    """In the order of their ids, beginning behind `after`; revoked ones too."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM oauth_clients WHERE id > $1 ORDER BY id LIMIT $2",
        after or "",
        limit,
    )
    return [_stored(row) for row in rows]


async def update(
    conn: AnyConnection,
    client_id: str,
    *,
    name: str | None,
    roles: tuple[str, ...],
    carrier: str | None,
    shipper: str | None,
    expected_version: int,
) -> StoredClient:
    row = await conn.fetchrow(
        f"""
        UPDATE oauth_clients
        SET name = $2, roles = $3, carrier = $4, shipper = $5, version = version + 1
        WHERE id = $1 AND version = $6 AND revoked_at IS NULL RETURNING {COLUMNS}
        """,
        client_id,
        name,
        list(roles),
        carrier,
        shipper,
        expected_version,
    )
    return await _changed(conn, row, client_id, expected_version)


async def rotate(
    conn: AnyConnection,
    client_id: str,
    secret_hash: str,
    overlap_s: float,
    expected_version: int,
) -> StoredClient:
    """The secret before stays good for the overlap; one that was already on its way out goes."""
    row = await conn.fetchrow(
        f"""
        UPDATE oauth_clients SET secret_hash = $2, rotated_at = now(), version = version + 1,
            previous_until = CASE WHEN $3::float8 > 0 THEN now() + make_interval(secs => $3) END
        WHERE id = $1 AND version = $4 AND revoked_at IS NULL RETURNING {COLUMNS}
        """,
        client_id,
        secret_hash,
        overlap_s,
        expected_version,
    )
    return await _changed(conn, row, client_id, expected_version)


async def revoke(conn: AnyConnection, client_id: str, expected_version: int) -> StoredClient:
    """For good: it keeps its row, so that its id means nobody else ever after."""
    row = await conn.fetchrow(
        f"""
        UPDATE oauth_clients
        SET revoked_at = now(), previous_until = NULL, version = version + 1
        WHERE id = $1 AND version = $2 AND revoked_at IS NULL RETURNING {COLUMNS}
        """,
        client_id,
        expected_version,
    )
    return await _changed(conn, row, client_id, expected_version)


async def _changed(
    conn: AnyConnection, row: asyncpg.Record | None, client_id: str, expected: int
) -> StoredClient:
    if row is not None:
        return _stored(row)
    raise StaleVersionError("client", client_id, expected, (await get(conn, client_id)).version)


def _stored(row: asyncpg.Record) -> StoredClient:
    return StoredClient(**{**row, "roles": tuple(row["roles"])})
