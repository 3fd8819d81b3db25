"""A tenant's trusted issuers of identities, and which roles their claims give."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = """
    id, issuer, audience, role_claim, roles_of, carrier_claim, shipper_claim, is_enabled,
    created_at, version
"""
TRUSTED = "oidc_issuers_trusted"  # the index that lets an issuer be trusted once an audience


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerFields:
    """What can be changed of it."""

    audience: str
    role_claim: str
    roles_of: Mapping[str, list[str]]
    carrier_claim: str | None
    shipper_claim: str | None
    is_enabled: bool

    @property
    def columns(self) -> tuple[object, ...]:
        roles = sorted({role for given in self.roles_of.values() for role in given})
        return (
            *(self.audience, self.role_claim, dict(self.roles_of), roles),
            *(self.carrier_claim, self.shipper_claim, self.is_enabled),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcIssuer(IssuerFields):
    id: str
    issuer: str
    created_at: datetime
    version: int

    @property
    def editable(self) -> dict[str, Any]:
        names = (field.name for field in dataclasses.fields(IssuerFields))
        return {name: getattr(self, name) for name in names}

    def session_id(self, tenant_key: int) -> str:
        """All tokens that were had under these very terms, to be revoked when they change."""
        made_ms = int(self.created_at.timestamp() * 1000)
        return f"oidc:{tenant_key}:{self.id}:{made_ms}:{self.version}"


@dataclass(frozen=True, slots=True)
class TrustedBy:
    tenant_key: int
    tenant: str
    trusted: OidcIssuer


async def create(
    conn: AnyConnection, tenant_key: int, issuer_id: str, issuer: str, given: IssuerFields
) -> OidcIssuer:
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO oidc_issuers (tenant_key, id, issuer, audience, role_claim, roles_of, roles,
                carrier_claim, shipper_claim, is_enabled)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {COLUMNS}
            """,
            tenant_key,
            issuer_id,
            issuer,
            *given.columns,
        )
    except asyncpg.UniqueViolationError as taken:
        raise _taken(taken, issuer_id, given) from None
    return OidcIssuer(**one(row))


async def get(conn: AnyConnection, issuer_id: str) -> OidcIssuer:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM oidc_issuers WHERE id = $1", issuer_id)
    if row is None:
        raise NotFoundError("issuer", issuer_id)
    return OidcIssuer(**row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[OidcIssuer]:
    """In the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM oidc_issuers WHERE id > $1 ORDER BY id LIMIT $2",
        after or "",
        limit,
    )
    return [OidcIssuer(**row) for row in rows]


async def update(
    conn: AnyConnection, issuer_id: str, given: IssuerFields, expected_version: int
) -> OidcIssuer:
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE oidc_issuers SET audience = $3, role_claim = $4, roles_of = $5, roles = $6,
                carrier_claim = $7, shipper_claim = $8, is_enabled = $9, version = version + 1
            WHERE id = $1 AND version = $2 RETURNING {COLUMNS}
            """,
            issuer_id,
            expected_version,
            *given.columns,
        )
    except asyncpg.UniqueViolationError as taken:
        raise _taken(taken, issuer_id, given) from None
    if row is None:
        found = await get(conn, issuer_id)
        raise StaleVersionError("issuer", issuer_id, expected_version, found.version)
    return OidcIssuer(**row)


async def delete(conn: AnyConnection, issuer_id: str, expected_version: int) -> None:
    done = await conn.fetchval(
        "DELETE FROM oidc_issuers WHERE id = $1 AND version = $2 RETURNING true",
        issuer_id,
        expected_version,
    )
    if not done:
        found = await get(conn, issuer_id)
        raise StaleVersionError("issuer", issuer_id, expected_version, found.version)


async def trusted(conn: AnyConnection, tenant: str, issuer: str) -> list[TrustedBy]:
    """For SYSTEM: what this tenant takes from this issuer, one row an audience."""
    rows = await conn.fetch(
        f"""
        SELECT t.key AS tenant_key, t.id AS tenant, i.* FROM tenants t,
            LATERAL (SELECT {COLUMNS} FROM oidc_issuers
                WHERE tenant_key = t.key AND issuer = $2 AND is_enabled) i
        WHERE t.id = $1 ORDER BY i.id
        """,
        tenant,
        issuer,
    )
    return [_trusted(dict(row)) for row in rows]


def _trusted(row: dict[str, Any]) -> TrustedBy:
    return TrustedBy(row.pop("tenant_key"), row.pop("tenant"), OidcIssuer(**row))


def _taken(
    taken: asyncpg.UniqueViolationError, issuer_id: str, given: IssuerFields
) -> AlreadyExistsError:
    if getattr(taken, "constraint_name", None) == TRUSTED:
        return AlreadyExistsError("trust in this issuer for the audience", given.audience)
    return AlreadyExistsError("issuer", issuer_id)
