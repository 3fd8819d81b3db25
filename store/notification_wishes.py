"""What people wish of messages, and what owners of addresses agreed to (APP role)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec
from msgspec.structs import replace

from freight.notifying.channels import Channel
from freight.notifying.consent import ANY_CHANNEL, Standing
from freight.notifying.wishes import Wishes
from store.errors import StaleVersionError
from store.postgres import AnyConnection, moment, one


@dataclass(frozen=True, slots=True)
class Consent:
    nr: int
    at: datetime
    shown: str
    channel: str
    standing: str
    source: str
    told_by: str


async def of(conn: AnyConnection, people: Sequence[str]) -> dict[str, Wishes]:
    """Of those that have any."""
    rows = await conn.fetch(
        "SELECT person, version, wishes::text AS wishes FROM notification_preferences "
        "WHERE person = ANY ($1)",
        list(people),
    )
    return {row["person"]: _wishes(row) for row in rows}


async def get(conn: AnyConnection, person: str) -> Wishes:
    return (await of(conn, [person])).get(person, Wishes())


async def put(
    conn: AnyConnection,
    tenant_key: int,
    person: str,
    wishes: Wishes,
    expected_version: int | None,
) -> Wishes:
    row = await conn.fetchrow(
        """
        INSERT INTO notification_preferences AS p (tenant_key, person, wishes)
        SELECT $1, $2, $3 WHERE coalesce($4, 0) = 0
            OR EXISTS (SELECT FROM notification_preferences WHERE person = $2)
        ON CONFLICT (tenant_key, person) DO UPDATE SET wishes = excluded.wishes,
            updated_at = now(), version = p.version + 1
        WHERE p.version = coalesce($4, p.version)
        RETURNING person, version, wishes::text AS wishes
        """,
        *(tenant_key, person, msgspec.to_builtins(replace(wishes, version=0)), expected_version),
    )
    if row is None:
        now = await get(conn, person)
        raise StaleVersionError("preferences of", person, expected_version or 0, now.version)
    return _wishes(row)


async def agree(
    conn: AnyConnection,
    tenant_key: int,
    *,
    at_ms: int,
    address_index: bytes,
    shown: str,
    channel: str,
    standing: Standing,
    source: str,
    by: str,
) -> Consent:
    """Behind all that was said before."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO notification_consents (at, tenant_key, address_index, channel, standing,
            shown, source, told_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {CONSENT}
        """,
        *(moment(at_ms), tenant_key, address_index, channel, standing.value, shown, source, by),
    )
    return Consent(**one(row))


CONSENT = "nr, at, shown, channel, standing, source, told_by"


async def standing(conn: AnyConnection, address_index: bytes, channel: Channel) -> Standing | None:
    """What was said last about this channel, or about any."""
    said = await conn.fetchval(
        """
        SELECT standing FROM notification_consents
        WHERE address_index = $1 AND channel = ANY ($2) ORDER BY nr DESC LIMIT 1
        """,
        *(address_index, [channel.value, ANY_CHANNEL]),
    )
    return None if said is None else Standing(said)


async def list_consents(
    conn: AnyConnection, before: int | None, limit: int, address_index: bytes | None
) -> list[Consent]:
    """The newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {CONSENT} FROM notification_consents
        WHERE ($1::bigint IS NULL OR nr < $1) AND ($3::bytea IS NULL OR address_index = $3)
        ORDER BY nr DESC LIMIT $2
        """,
        *(before, limit, address_index),
    )
    return [Consent(**row) for row in rows]


def _wishes(row: asyncpg.Record) -> Wishes:
    return replace(msgspec.json.decode(row["wishes"], type=Wishes), version=row["version"])
