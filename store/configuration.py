"""The configuration tree in Postgres: what is set now, its versions, and its history by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.paths import ANY
from config.resolution import Difference, Override
from store.postgres import AnyConnection

# $1 is the tenant's key, null for the tree of all tenants; $2 and $3 are what `under` gives.
OF_SCOPE = "tenant_key IS NOT DISTINCT FROM $1"
UNDER = "($2 = '' OR key = $2 OR key LIKE $3)"
_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose tree: a tenant's (APP or SYSTEM role), or that of all tenants (SYSTEM role)."""

    tenant_key: int | None
    tenant: str


EVERYONE = Scope(None, ANY)


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, why, and in which request."""

    author: str
    reason: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    version: int
    at: datetime
    author: str
    reason: str
    path: str
    restores: int | None
    correlation_id: str | None
    changes: tuple[Difference, ...]


async def revision(conn: AnyConnection) -> int:
    """Grows with every change of any tree."""
    found: int = await conn.fetchval("SELECT coalesce(max(id), 0) FROM config_versions")
    return found


async def everything(conn: AnyConnection) -> list[Override]:
    """What is set for all tenants and for each of them; SYSTEM role."""
    rows = await conn.fetch(
        """
        SELECT coalesce(t.id, '*') AS tenant, v.key, v.value, v.version
        FROM config_values v LEFT JOIN tenants t ON t.key = v.tenant_key
        """
    )
    return [Override(**row) for row in rows]


async def visible(conn: AnyConnection, scope: Scope) -> list[Override]:
    """What is set in this tree and, for a tenant, in the one it inherits from."""
    rows = await conn.fetch(
        """
        SELECT tenant_key, key, value, version FROM config_values
        WHERE tenant_key IS NULL OR tenant_key = $1
        """,
        scope.tenant_key,
    )
    return [
        Override(
            ANY if row["tenant_key"] is None else scope.tenant,
            row["key"],
            row["value"],
            row["version"],
        )
        for row in rows
    ]


async def version_of(conn: AnyConnection, scope: Scope, folder: str) -> int:
    """The version that last changed something at or below a key or folder; 0 when none did."""
    found: int = await conn.fetchval(
        f"SELECT coalesce(max(version), 0) FROM config_changes WHERE {OF_SCOPE} AND {UNDER}",
        scope.tenant_key,
        *under(folder),
    )
    return found


async def history(
    conn: AnyConnection, scope: Scope, folder: str, before: int | None, limit: int
) -> list[Version]:
    """Versions that changed something at or below a key or folder, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT v.version, v.at, v.author, v.reason, v.path, v.restores, v.correlation_id
        FROM config_versions v
        WHERE v.{OF_SCOPE} AND v.version < coalesce($4, 2147483647) AND EXISTS (
            SELECT FROM config_changes c
            WHERE c.{OF_SCOPE} AND c.version = v.version AND {UNDER})
        ORDER BY v.version DESC LIMIT $5
        """,
        scope.tenant_key,
        *under(folder),
        before,
        limit,
    )
    changes = await conn.fetch(
        f"""
        SELECT version, key, before, after FROM config_changes
        WHERE {OF_SCOPE} AND {UNDER} AND version = ANY ($4::int[]) ORDER BY key
        """,
        scope.tenant_key,
        *under(folder),
        [row["version"] for row in rows],
    )
    return [
        Version(
            **row,
            changes=tuple(
                Difference(c["key"], c["before"], c["after"])
                for c in changes
                if c["version"] == row["version"]
            ),
        )
        for row in rows
    ]


async def newest_version(conn: AnyConnection, scope: Scope) -> int:
    """Of the whole tree; 0 before anything was set."""
    found: int = await conn.fetchval(
        f"SELECT coalesce(max(version), 0) FROM config_versions WHERE {OF_SCOPE}", scope.tenant_key
    )
    return found


def own(overrides: Iterable[Override], scope: Scope) -> dict[str, Any]:
    """Of what is visible: what is set in this very tree, by key."""
    return {one.key: one.value for one in overrides if one.tenant == scope.tenant}


def under(folder: str) -> tuple[str, str]:
    """The arguments of UNDER."""
    return folder, folder.translate(_ESCAPED) + "/%"
