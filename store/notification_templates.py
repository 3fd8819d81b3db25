"""Templates of messages that tenants wrote, every version of each (APP role)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from freight.notifying.forms import Form
from freight.notifying.texts import Place
from store.errors import StaleVersionError
from store.postgres import AnyConnection, one

COLUMNS = "kind, language, channel, version, at, changed_by, form::text AS form"
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class StoredForm:
    place: Place
    version: int
    at: datetime
    changed_by: str
    form: Form | None  # None: taken away, so that the shipped one counts again


async def put(  # noqa: PLR0917 - what a version says
    conn: AnyConnection,
    tenant_key: int,
    place: Place,
    form: Form | None,
    by: str,
    expected_version: int | None,
) -> StoredForm:
    """The next version, behind the one that is expected if any is."""
    now = await newest(conn, place)
    version = 0 if now is None else now.version
    if expected_version not in {None, version}:
        raise StaleVersionError(TEMPLATE, "/".join(place), expected_version or 0, version)
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO notification_templates
                (tenant_key, kind, language, channel, version, changed_by, form)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}
            """,
            *(tenant_key, *place, version + 1, by),
            None if form is None else msgspec.to_builtins(form),
        )
    except asyncpg.UniqueViolationError:
        raise StaleVersionError(TEMPLATE, "/".join(place), version, version + 1) from None
    return _stored(one(row))


async def newest(conn: AnyConnection, place: Place) -> StoredForm | None:
    row = await conn.fetchrow(
        f"""
        SELECT {COLUMNS} FROM notification_templates
        WHERE kind = $1 AND language = $2 AND channel = $3 ORDER BY version DESC LIMIT 1
        """,
        *place,
    )
    return None if row is None else _stored(row)


async def versions(
    conn: AnyConnection, place: Place, before: int | None, limit: int
) -> list[StoredForm]:
    """The newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM notification_templates
        WHERE kind = $1 AND language = $2 AND channel = $3
            AND ($4::bigint IS NULL OR version < $4) ORDER BY version DESC LIMIT $5
        """,
        *(*place, before, limit),
    )
    return [_stored(row) for row in rows]


async def of_version(conn: AnyConnection, place: Place, version: int) -> StoredForm | None:
    row = await conn.fetchrow(
        f"""
        SELECT {COLUMNS} FROM notification_templates
        WHERE kind = $1 AND language = $2 AND channel = $3 AND version = $4
        """,
        *(*place, version),
    )
    return None if row is None else _stored(row)


async def in_force(conn: AnyConnection, kinds: list[str] | None = None) -> list[StoredForm]:
    """Of these kinds, or of all."""
    rows = await conn.fetch(
        f"""
        SELECT DISTINCT ON (kind, language, channel) {COLUMNS} FROM notification_templates
        WHERE $1::text[] IS NULL OR kind = ANY ($1)
        ORDER BY kind, language, channel, version DESC
        """,
        kinds,
    )
    return [found for found in map(_stored, rows) if found.form is not None]


def _stored(row: asyncpg.Record) -> StoredForm:
    form = None if row["form"] is None else msgspec.json.decode(row["form"], type=Form)
    place = (row["kind"], row["language"], row["channel"])
    return StoredForm(place, row["version"], row["at"], row["changed_by"], form)
