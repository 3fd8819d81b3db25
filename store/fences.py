"""Fences of a tenant as they are now (APP role), and every version they had (SYSTEM role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from store.errors import AlreadyExistsError
from store.kept import KeptObjects
from store.postgres import AnyConnection, epoch_ms

COLUMNS = "id, name, kind, shape, dwell_s, speed_limit_kmh, schedule, version, revision, created_at"


@dataclass(frozen=True, slots=True)
class Fence:
    id: str
    name: str
    kind: str | None
    shape: dict[str, Any]
    dwell_s: float | None
    speed_limit_kmh: float | None
    schedule: dict[str, Any] | None
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


_kept = KeptObjects("fence", "fences", COLUMNS, Fence)
get, list_page, delete = _kept.get, _kept.list_page, _kept.delete


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
) -> Fence:
    """A deleted fence's id may be used again: its versions then go on counting."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO fences AS f
            (tenant_key, id, name, kind, shape, dwell_s, speed_limit_kmh, schedule)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (tenant_key, id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
            shape = excluded.shape, dwell_s = excluded.dwell_s,
            speed_limit_kmh = excluded.speed_limit_kmh, schedule = excluded.schedule,
            created_at = now(), deleted_at = NULL
        WHERE f.deleted_at IS NOT NULL
        RETURNING {COLUMNS}
        """,
        tenant_key,
        id,
        name,
        kind,
        shape,
        dwell_s,
        speed_limit_kmh,
        schedule,
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
) -> Fence:
    """Replace what may change; with a version, only if the fence is still at it."""
    row = await conn.fetchrow(
        f"""
        UPDATE fences SET name = $2, kind = $3, shape = $4, dwell_s = $5, speed_limit_kmh = $6,
            schedule = $7
        WHERE id = $1 AND deleted_at IS NULL AND version = coalesce($8, version)
        RETURNING {COLUMNS}
        """,
        id,
        name,
        kind,
        shape,
        dwell_s,
        speed_limit_kmh,
        schedule,
        expected_version,
    )
    if row is None:
        raise await _kept.refusal(conn, id, expected_version)
    return Fence(**row)


async def changes_between(conn: AnyConnection, after: int, upto: int | None) -> list[FenceVersion]:
    """The newest version, within these revisions, of each fence that changed; by revision.

    For the SYSTEM role. From 0 it is the whole set of fences as of `upto` (None: as of now).
    """
    rows = await conn.fetch(
        """
        SELECT * FROM (
            SELECT DISTINCT ON (tenant_key, fence_id) tenant_key, fence_id, version, revision,
                CASE WHEN deleted THEN NULL ELSE shape END AS shape, valid_from, name, kind,
                dwell_s, speed_limit_kmh, schedule
            FROM fence_versions WHERE revision > $1 AND ($2::bigint IS NULL OR revision <= $2)
            ORDER BY tenant_key, fence_id, revision DESC
        ) newest ORDER BY revision
        """,
        after,
        upto,
    )
    return [_version(row) for row in rows]


async def head_revision(conn: AnyConnection) -> int:
    """The revision up to which everything is visible; 0 when there was never a fence."""
    head: int = await conn.fetchval("SELECT coalesce(max(revision), 0) FROM fence_versions")
    return head


def _version(row: asyncpg.Record) -> FenceVersion:
    fields = dict(row)
    return FenceVersion(valid_from_ms=epoch_ms(fields.pop("valid_from")), **fields)
