"""Fences of a tenant as they are now (APP role), and every version they had (SYSTEM role)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from store.errors import AlreadyExistsError
from store.kept import KeptObjects
from store.postgres import AnyConnection, epoch_ms, moment

RULES = (
    *("name", "kind", "shape", "dwell_s", "speed_limit_kmh", "schedule"),
    *("group", "crossings", "notify", "truck_classes"),
)
_RULES = ", ".join(f'"{name}"' for name in RULES)
_EXCLUDED = ", ".join(f'"{name}" = excluded."{name}"' for name in RULES)
COLUMNS = f"id, {_RULES}, version, revision, created_at"


VERSION_COLUMNS = """
    tenant_key, fence_id, version, revision, CASE WHEN deleted THEN NULL ELSE shape END AS shape,
    valid_from, name, kind, dwell_s, speed_limit_kmh, schedule, "group", crossings, notify,
    truck_classes
"""


@dataclass(frozen=True, slots=True)
class Fence:
    id: str
    name: str
    kind: str | None
    shape: dict[str, Any]
    dwell_s: float | None
    speed_limit_kmh: float | None
    schedule: dict[str, Any] | None
    group: str | None
    crossings: bool
    notify: list[str] | None
    truck_classes: list[str] | None
    version: int
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FenceVersion:
    """One version as the shards fold it; a deleted fence has no shape."""

    tenant_key: int
    fence_id: str
    version: int
    revision: int
    shape: dict[str, Any] | None
    valid_from_ms: int
    name: str
    kind: str | None
    dwell_s: float | None
    speed_limit_kmh: float | None
    schedule: dict[str, Any] | None
    group: str | None
    crossings: bool
    notify: list[str] | None
    truck_classes: list[str] | None


_kept = KeptObjects("fence", "fences", COLUMNS, Fence)
get, delete = _kept.get, _kept.delete


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    name: str,
    kind: str | None,
    shape: dict[str, Any],
    dwell_s: float | None = None,
    speed_limit_kmh: float | None = None,
    schedule: dict[str, Any] | None = None,
    group: str | None = None,
    crossings: bool = False,
    notify: Sequence[str] | None = None,
    truck_classes: Sequence[str] | None = None,
) -> Fence:
    """A deleted fence's id may be used again: its versions then go on counting."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO fences AS f (tenant_key, id, {_RULES})
        VALUES ($1, $2, {_numbered(3)})
        ON CONFLICT (tenant_key, id) DO UPDATE SET {_EXCLUDED},
            created_at = now(), deleted_at = NULL
        WHERE f.deleted_at IS NOT NULL
        RETURNING {COLUMNS}
        """,
        tenant_key,
        id,
        *(name, kind, shape, dwell_s, speed_limit_kmh, schedule),
        *(group, crossings, notify, truck_classes),
    )
    if row is None:
        raise AlreadyExistsError("fence", id)
    return Fence(**row)


async def update(
    conn: AnyConnection,
    id: str,  # noqa: A002
    *,
    name: str,
    kind: str | None,
    shape: dict[str, Any],
    dwell_s: float | None,
    speed_limit_kmh: float | None,
    schedule: dict[str, Any] | None,
    expected_version: int | None,
    group: str | None = None,
    crossings: bool = False,
    notify: Sequence[str] | None = None,
    truck_classes: Sequence[str] | None = None,
) -> Fence:
    """Replace what may change; with a version, only if the fence is still at it."""
    row = await conn.fetchrow(
        f"""
        UPDATE fences SET ({_RULES}) = ({_numbered(3)})
        WHERE id = $1 AND deleted_at IS NULL AND version = coalesce($2, version)
        RETURNING {COLUMNS}
        """,
        id,
        expected_version,
        *(name, kind, shape, dwell_s, speed_limit_kmh, schedule),
        *(group, crossings, notify, truck_classes),
    )
    if row is None:
        raise await _kept.refusal(conn, id, expected_version)
    return Fence(**row)


async def list_page(
    conn: AnyConnection,
    after: str | None,
    limit: int,
    *,
    kind: str | None = None,
    group: str | None = None,
) -> list[Fence]:
    """In the order of their ids, beginning behind `after`; of one kind, of one group, or all."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM fences WHERE deleted_at IS NULL AND id > $1
            AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR "group" = $4)
        ORDER BY id LIMIT $2
        """,
        after or "",
        limit,
        kind,
        group,
    )
    return [Fence(**row) for row in rows]


async def changes_between(conn: AnyConnection, after: int, upto: int | None) -> list[FenceVersion]:
    """The newest version, within these revisions, of each fence that changed; by revision.

    For the SYSTEM role. From 0 it is the whole set of fences as of `upto` (None: as of now).
    """
    rows = await conn.fetch(
        f"""
        SELECT * FROM (
            SELECT DISTINCT ON (tenant_key, fence_id) {VERSION_COLUMNS}
            FROM fence_versions WHERE revision > $1 AND ($2::bigint IS NULL OR revision <= $2)
            ORDER BY tenant_key, fence_id, revision DESC
        ) newest ORDER BY revision
        """,
        after,
        upto,
    )
    return [_version(row) for row in rows]


async def changed_since(
    conn: AnyConnection, tenant_keys: Sequence[int], since_ms: int
) -> list[FenceVersion]:
    """For SYSTEM: of each fence of these tenants that changed after this time by our clock, all
    versions from the one that was in force then on."""
    rows = await conn.fetch(
        f"""
        WITH changed AS (
            SELECT DISTINCT tenant_key, fence_id FROM fence_versions
            WHERE tenant_key = ANY ($1) AND valid_from > $2)
        SELECT {VERSION_COLUMNS} FROM fence_versions JOIN changed USING (tenant_key, fence_id)
        WHERE revision >= coalesce((SELECT max(revision) FROM fence_versions before
            WHERE before.tenant_key = changed.tenant_key AND before.fence_id = changed.fence_id
                AND before.valid_from <= $2), 0)
        """,
        tenant_keys,
        moment(since_ms),
    )
    return [_version(row) for row in rows]


async def zones_of(
    conn: AnyConnection, tenant_key: int, kinds: Sequence[str], groups: Sequence[str]
) -> list[FenceVersion]:
    """For a tenant: its fences of these kinds and groups as they are now."""
    rows = await conn.fetch(
        f"""
        SELECT tenant_key, id AS fence_id, version, revision, created_at AS valid_from, {_RULES}
        FROM fences WHERE tenant_key = $1 AND deleted_at IS NULL
            AND (kind = ANY ($2) OR "group" = ANY ($3))
        """,
        *(tenant_key, kinds, groups),
    )
    return [_version(row) for row in rows]


async def version_of(conn: AnyConnection, fence_id: str, version: int) -> FenceVersion | None:
    """For a tenant: a fence as it was."""
    row = await conn.fetchrow(
        f"SELECT {VERSION_COLUMNS} FROM fence_versions WHERE fence_id = $1 AND version = $2",
        fence_id,
        version,
    )
    return None if row is None else _version(row)


def _numbered(first: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + len(RULES)))


def _version(row: asyncpg.Record) -> FenceVersion:
    fields = dict(row)
    return FenceVersion(valid_from_ms=epoch_ms(fields.pop("valid_from")), **fields)
