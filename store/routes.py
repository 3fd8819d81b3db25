"""Routes of a tenant in immutable versions: the line, how long it is, and where it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from freight.routing.plan import Section
from store.errors import AlreadyExistsError, InUseError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection, one

HEAD = "r.id, v.version, v.name, v.length_m, v.duration_s, v.points, v.source, v.made_at"
WHOLE = f"{HEAD}, v.line, v.sections, v.asked"
# Of a route that is not deleted, in the version that holds.
CURRENT = (
    "FROM routes r JOIN route_versions v ON v.tenant_key = r.tenant_key AND v.route_id = r.id "
    "AND v.version = r.version WHERE r.deleted_at IS NULL"
)


class RouteRef(NamedTuple):
    """A route in one version, of the tenant at hand."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class RouteHead:
    id: str
    version: int
    name: str
    length_m: float
    duration_s: float | None
    points: int
    source: str
    made_at: datetime

    @property
    def ref(self) -> RouteRef:
        return RouteRef(self.id, self.version)


@dataclass(frozen=True, slots=True)
class Route(RouteHead):
    line: str  # encoded polyline of precision 6
    sections: tuple[Section, ...] | None
    asked: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFields:
    name: str
    line: str
    points: int
    length_m: float
    source: str
    duration_s: float | None = None
    sections: tuple[Section, ...] | None = None
    asked: dict[str, Any] | None = None


async def create(conn: AnyConnection, tenant_key: int, id: str, given: RouteFields) -> Route:  # noqa: A002 - its name everywhere
    """A deleted route's id may be used again: its versions then go on counting."""
    version: int | None = await conn.fetchval(
        """
        INSERT INTO routes AS r (tenant_key, id) VALUES ($1, $2)
        ON CONFLICT (tenant_key, id) DO UPDATE
            SET version = r.version + 1, created_at = now(), deleted_at = NULL
            WHERE r.deleted_at IS NOT NULL
        RETURNING version
        """,
        tenant_key,
        id,
    )
    if version is None:
        raise AlreadyExistsError("route", id)
    return await _keep(conn, tenant_key, RouteRef(id, version), given)


async def update(
    conn: AnyConnection,
    tenant_key: int,
    id: str,  # noqa: A002
    given: RouteFields,
    expected_version: int | None,
) -> Route:
    """Another version; who follows an older one goes on following that."""
    version: int | None = await conn.fetchval(
        "UPDATE routes SET version = version + 1 WHERE id = $1 AND deleted_at IS NULL "
        "AND version = coalesce($2, version) RETURNING version",
        id,
        expected_version,
    )
    if version is None:
        raise await _refusal(conn, id, expected_version)
    return await _keep(conn, tenant_key, RouteRef(id, version), given)


async def _keep(conn: AnyConnection, tenant_key: int, ref: RouteRef, given: RouteFields) -> Route:
    made_at = await conn.fetchval(
        """
        INSERT INTO route_versions (tenant_key, route_id, version, name, line, points, length_m,
            duration_s, source, sections, asked)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING made_at
        """,
        tenant_key,
        ref.id,
        ref.version,
        given.name,
        given.line,
        given.points,
        given.length_m,
        given.duration_s,
        given.source,
        given.sections,
        given.asked,
    )
    return Route(
        id=ref.id,
        version=ref.version,
        name=given.name,
        length_m=given.length_m,
        duration_s=given.duration_s,
        points=given.points,
        source=given.source,
        made_at=made_at,
        line=given.line,
        sections=given.sections,
        asked=given.asked,
    )


async def get(conn: AnyConnection, id: str, version: int | None = None) -> Route:  # noqa: A002
    """The version that holds, or an older one, of a route that is not deleted."""
    if version is None:
        row = await conn.fetchrow(f"SELECT {WHOLE} {CURRENT} AND r.id = $1", id)
    else:
        row = await conn.fetchrow(
            f"SELECT {WHOLE} FROM routes r JOIN route_versions v "
            "ON v.tenant_key = r.tenant_key AND v.route_id = r.id "
            "WHERE r.deleted_at IS NULL AND r.id = $1 AND v.version = $2",
            id,
            version,
        )
    if row is None:
        raise NotFoundError("route", id)
    return _route(row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[RouteHead]:
    """In the order of their ids, beginning behind `after`; without the lines themselves."""
    rows = await conn.fetch(
        f"SELECT {HEAD} {CURRENT} AND r.id > $1 ORDER BY r.id LIMIT $2", after or "", limit
    )
    return [RouteHead(**row) for row in rows]


async def hold(conn: AnyConnection, ids: Iterable[str]) -> dict[str, RouteHead]:
    """Those of these routes that are there; until the transaction ends nobody deletes them."""
    rows = await conn.fetch(
        f"SELECT {HEAD} {CURRENT} AND r.id = ANY ($1) ORDER BY r.id FOR SHARE OF r", list(ids)
    )
    return {row["id"]: RouteHead(**row) for row in rows}


async def heads(conn: AnyConnection, refs: Iterable[RouteRef]) -> dict[RouteRef, RouteHead]:
    """Of these versions, also of routes that were deleted since."""
    wanted = sorted(set(refs))
    rows = await conn.fetch(
        """
        SELECT v.route_id AS id, v.version, v.name, v.length_m, v.duration_s, v.points, v.source,
            v.made_at
        FROM unnest($1::text[], $2::int[]) AS wanted (id, version)
        JOIN route_versions v ON v.route_id = wanted.id AND v.version = wanted.version
        """,
        [ref.id for ref in wanted],
        [ref.version for ref in wanted],
    )
    found = [RouteHead(**row) for row in rows]
    return {head.ref: head for head in found}


async def delete(conn: AnyConnection, id: str, expected_version: int | None) -> None:  # noqa: A002
    """Refused while a journey that has not ended follows it, also as an alternate."""
    # Whoever assigns it holds the row; what was assigned before is seen by the next statement.
    found = await conn.fetchval(
        "SELECT version FROM routes WHERE id = $1 AND deleted_at IS NULL FOR UPDATE", id
    )
    if found is None or found != (expected_version or found):
        raise await _refusal(conn, id, expected_version)
    journey = await conn.fetchval(
        "SELECT id FROM journeys WHERE ended_at IS NULL AND $1 = ANY (route_id || alternate_ids) "
        "ORDER BY id LIMIT 1",
        id,
    )
    if journey is not None:
        raise InUseError("route", id, f"journey {journey!r}")
    await conn.execute("UPDATE routes SET deleted_at = now() WHERE id = $1", id)


async def lines(
    conn: AnyConnection, wanted: Iterable[tuple[int, RouteRef]]
) -> dict[tuple[int, RouteRef], Route]:
    """For SYSTEM: these versions, by tenant's key; a version never changes, so keep them."""
    pairs = sorted(set(wanted))
    rows = await conn.fetch(
        """
        SELECT v.tenant_key, v.route_id AS id, v.version, v.name, v.length_m, v.duration_s,
            v.points, v.source, v.made_at, v.line, v.sections, v.asked
        FROM unnest($1::int[], $2::text[], $3::int[]) AS wanted (tenant_key, id, version)
        JOIN route_versions v ON v.tenant_key = wanted.tenant_key AND v.route_id = wanted.id
            AND v.version = wanted.version
        """,
        [tenant_key for tenant_key, _ in pairs],
        [ref.id for _, ref in pairs],
        [ref.version for _, ref in pairs],
    )
    found = {}
    for row in rows:
        fields = dict(row)
        tenant_key = fields.pop("tenant_key")
        route = _route(fields)
        found[tenant_key, route.ref] = route
    return found


def _route(row: asyncpg.Record | dict[str, Any]) -> Route:
    fields = dict(row)
    sections = fields.pop("sections")
    known = None if sections is None else tuple(Section(*section) for section in sections)
    return Route(sections=known, **fields)


async def _refusal(conn: AnyConnection, id: str, expected: int | None) -> Exception:  # noqa: A002
    found = await conn.fetchrow(
        "SELECT version FROM routes WHERE id = $1 AND deleted_at IS NULL", id
    )
    if found is None:
        return NotFoundError("route", id)
    return StaleVersionError("route", id, expected or 0, one(found)["version"])
