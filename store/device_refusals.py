"""What brokers refused devices: written in batches across tenants, read by the tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.postgres import AnyConnection


class Reason(StrEnum):
    SIGN_IN = "sign_in"  # an unknown user, a wrong or revoked secret, a suspended tenant
    PUBLISH = "publish"  # to a topic that is not its own
    SUBSCRIBE = "subscribe"
    CLIENT_ID = "client_id"  # it pushed another device off by using its MQTT client id


@dataclass(frozen=True, slots=True)
class Refusal:
    """A device's act that was refused, so often within a minute."""

    username: str
    reason: Reason
    topic: str
    client_id: str
    origin: str
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class StoredRefusal:
    id: int
    username: str
    reason: str
    topic: str
    client_id: str
    origin: str
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class NewRefusal:
    """The first of its kind in its minute."""

    tenant_key: int
    tenant: str
    username: str
    reason: str
    topic: str
    origin: str
    first_at: datetime


async def record(conn: AnyConnection, refusals: Sequence[Refusal]) -> list[NewRefusal]:
    """For the SYSTEM role. What names no tenant of ours is left out: nobody could see it.

    All names that are no truck's share one row a minute, or guessing would fill the table.
    """
    rows = await conn.fetch(
        """
        WITH given AS (
            SELECT *, split_part(username, '/', 1) AS tenant, split_part(username, '/', 2) AS truck
            FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                $6::timestamptz[], $7::timestamptz[], $8::bigint[])
                AS g (username, reason, topic, client_id, origin, first_at, last_at, count)
        ), known AS (
            SELECT t.key AS tenant_key, k.key AS truck_key, given.*
            FROM given JOIN tenants t ON t.id = given.tenant
                LEFT JOIN trucks k ON k.tenant_key = t.key AND k.id = given.truck
                    AND k.deleted_at IS NULL
        )
        INSERT INTO device_refusals AS stored (tenant_key, truck_key, minute, reason, topic,
            username, client_id, origin, first_at, last_at, count)
        SELECT tenant_key, truck_key, date_trunc('minute', first_at) AS minute, reason, topic,
            max(username), max(client_id), max(origin), min(first_at), max(last_at), sum(count)
        FROM known GROUP BY tenant_key, truck_key, minute, reason, topic
        ON CONFLICT (tenant_key, truck_key, minute, reason, topic) DO UPDATE
        SET last_at = greatest(stored.last_at, excluded.last_at),
            count = stored.count + excluded.count
        RETURNING tenant_key, username, reason, topic, origin, first_at,
            split_part(username, '/', 1) AS tenant, xmax = 0 AS is_new
        """,
        [one.username for one in refusals],
        [one.reason.value for one in refusals],
        [one.topic for one in refusals],
        [one.client_id for one in refusals],
        [one.origin for one in refusals],
        [one.first_at for one in refusals],
        [one.last_at for one in refusals],
        [one.count for one in refusals],
    )
    names = NewRefusal.__dataclass_fields__
    return [NewRefusal(**{name: row[name] for name in names}) for row in rows if row["is_new"]]


async def purge(conn: AnyConnection, kept_days: int, kept_per_device: int) -> int:
    """For the SYSTEM role: forget what is old, and of one device what is too much."""
    done = await conn.execute(
        """
        DELETE FROM device_refusals WHERE last_at < now() - make_interval(days => $1) OR id IN (
            SELECT id FROM (
                SELECT id, row_number() OVER (
                    PARTITION BY tenant_key, truck_key ORDER BY id DESC) AS place
                FROM device_refusals
            ) numbered WHERE place > $2
        )
        """,
        kept_days,
        kept_per_device,
    )
    return int(done.rpartition(" ")[2])


async def list_page(
    conn: AnyConnection, before: int | None, limit: int, truck_key: int | None = None
) -> list[StoredRefusal]:
    """The newest first, of one truck's device or of all."""
    rows = await conn.fetch(
        """
        SELECT id, username, reason, topic, client_id, origin, first_at, last_at, count
        FROM device_refusals
        WHERE ($1::bigint IS NULL OR id < $1) AND ($3::bigint IS NULL OR truck_key = $3)
        ORDER BY id DESC LIMIT $2
        """,
        before,
        limit,
        truck_key,
    )
    return [StoredRefusal(**row) for row in rows]
