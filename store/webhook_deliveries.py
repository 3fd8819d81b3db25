"""What is due to webhook endpoints: each delivery, in order, and who is sending it just now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import asyncpg

from freight.webhooks.deliveries import Delivery, DeliveryState, Origin
from freight.webhooks.messages import Message
from store.errors import NotFoundError
from store.postgres import AnyConnection, epoch_ms, moment, one

_WITHOUT_BODY = (
    "nr, id, endpoint, message, replay, type, subject, time, origin, state, tries, attempts, "
    "due_at, created_at, finished_at, error, length(body) AS size_bytes"
)
COLUMNS = f"{_WITHOUT_BODY}, body"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    id: str
    endpoint: str
    message: Message
    delivery: Delivery
    replay: str = ""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    nr: int
    id: str
    endpoint: str
    message: Message  # of a list without its body
    delivery: Delivery
    replay: str
    attempts: int
    created_ms: int
    size_bytes: int


class Due(NamedTuple):
    nr: int
    tenant_key: int
    tenant: str
    endpoint: str
    is_probe: bool


class Figures(NamedTuple):
    due: int  # deliveries
    oldest_s: float  # of these; below zero when all are put off
    stopped: int  # endpoints that are paused or disabled


class EndpointName(NamedTuple):
    tenant_key: int
    endpoint: str


async def add(conn: AnyConnection, tenant_key: int, new: Sequence[NewDelivery], at_ms: int) -> int:
    """In this order, which is the one that they are sent in; what is there already stays."""
    status = await conn.execute(
        """
        INSERT INTO webhook_deliveries (created_at, tenant_key, time, due_at, finished_at, id,
            endpoint, message, replay, type, subject, origin, state, error, body)
        SELECT $1, $2, g.time, g.due, g.finished, g.id, g.endpoint, g.message, g.replay, g.type,
            g.subject, g.origin, g.state, g.error, g.body
        FROM unnest($3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
            $13::text[], $14::text[], $15::bytea[]) WITH ORDINALITY
            AS g (time, due, finished, id, endpoint, message, replay, type, subject, origin, state,
                error, body, place)
        ORDER BY g.place
        ON CONFLICT (tenant_key, endpoint, message, replay) DO NOTHING
        """,
        *(moment(at_ms), tenant_key),
        [moment(one_new.message.time_ms) for one_new in new],
        [_moment(one_new.delivery.due_ms) for one_new in new],
        [_moment(one_new.delivery.finished_ms) for one_new in new],
        [one_new.id for one_new in new],
        [one_new.endpoint for one_new in new],
        [one_new.message.id for one_new in new],
        [one_new.replay for one_new in new],
        [one_new.message.type for one_new in new],
        [one_new.message.subject for one_new in new],
        [one_new.delivery.origin.value for one_new in new],
        [one_new.delivery.state.value for one_new in new],
        [one_new.delivery.error for one_new in new],
        [one_new.message.body for one_new in new],
    )
    return int(status.rpartition(" ")[2])


async def waiting(conn: AnyConnection) -> dict[str, int]:
    """How many wait for each endpoint for which any does."""
    rows = await conn.fetch(
        "SELECT endpoint, count(*) AS count FROM webhook_deliveries WHERE state = 'pending' "
        "GROUP BY endpoint"
    )
    return {row["endpoint"]: row["count"] for row in rows}


async def bodies(conn: AnyConnection, endpoint: str, messages: Sequence[str]) -> dict[str, bytes]:
    """What was sent, or was to be sent, of these messages: as it was first made."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (message) message, body FROM webhook_deliveries
        WHERE endpoint = $1 AND message = ANY ($2) ORDER BY message, nr
        """,
        *(endpoint, list(messages)),
    )
    return {row["message"]: row["body"] for row in rows}


async def get(conn: AnyConnection, delivery_id: str, *, locked: bool = False) -> StoredDelivery:
    lock = " FOR UPDATE" if locked else ""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM webhook_deliveries WHERE id = $1{lock}", delivery_id
    )
    if row is None:
        raise NotFoundError("webhook delivery", delivery_id)
    return _stored(row)


async def list_page(  # noqa: PLR0917 - what it is looked for by
    conn: AnyConnection,
    before: int | None,
    limit: int,
    endpoint: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    message: str | None = None,
) -> list[StoredDelivery]:
    """The newest first, beginning behind `before`; without their bodies."""
    where, args = ["true"], list[object]()
    wanted = {
        "nr <": before,
        "endpoint =": endpoint,
        "state =": state,
        "type =": kind,
        "subject =": subject,
        "message =": message,
    }
    for condition, value in wanted.items():
        if value is not None:
            args.append(value)
            where.append(f"{condition} ${len(args)}")
    rows = await conn.fetch(
        f"SELECT {_WITHOUT_BODY} FROM webhook_deliveries WHERE {' AND '.join(where)} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [_stored(row) for row in rows]


# ---------------------------------------------------------------------------------- sending


async def due(
    conn: AnyConnection, at_ms: int, busy: Mapping[EndpointName, int], each: int, limit: int
) -> list[Due]:
    """For SYSTEM: what is to be sent now, the endpoints in turn, at most `each` at once to one.

    Of a subject only its oldest; of an endpoint that is paused for failing the oldest of all, when
    it is time for a probe. `busy` says how many are under way already.
    """
    rows = await conn.fetch(
        """
        WITH ready AS (
            SELECT d.nr, d.tenant_key, d.endpoint, coalesce(b.count, 0) AS busy,
                e.state <> 'active' AND d.origin <> 'test' AS is_probe,
                row_number() OVER (PARTITION BY d.tenant_key, d.endpoint ORDER BY d.nr) AS place
            FROM webhook_deliveries d
                JOIN webhook_endpoints e ON e.tenant_key = d.tenant_key AND e.id = d.endpoint
                LEFT JOIN unnest($2::int[], $3::text[], $4::int[])
                    AS b (tenant_key, endpoint, count)
                    ON b.tenant_key = d.tenant_key AND b.endpoint = d.endpoint
            WHERE d.state = 'pending' AND e.removed_at IS NULL
                AND (d.claimed_until IS NULL OR d.claimed_until <= $1)
                AND (d.due_at <= $1 AND (e.state = 'active' OR d.origin = 'test')
                    OR e.state = 'paused' AND e.probe_at <= $1 AND d.origin <> 'test')
                AND NOT EXISTS (
                    SELECT FROM webhook_deliveries older WHERE older.state = 'pending'
                        AND older.tenant_key = d.tenant_key AND older.endpoint = d.endpoint
                        AND older.subject = d.subject AND older.nr < d.nr)
        )
        SELECT r.nr, r.tenant_key, t.id AS tenant, r.endpoint, r.is_probe
        FROM ready r JOIN tenants t ON t.key = r.tenant_key
        WHERE r.place <= CASE WHEN r.is_probe THEN 1 ELSE $5::int END - r.busy
        ORDER BY r.place, r.nr LIMIT $6
        """,
        moment(at_ms),
        [name.tenant_key for name in busy],
        [name.endpoint for name in busy],
        list(busy.values()),
        *(each, limit),
    )
    return [Due(**row) for row in rows]


async def claim(
    conn: AnyConnection, nrs: Sequence[int], by: uuid.UUID, at_ms: int, until_ms: int
) -> list[StoredDelivery]:
    """Those that nobody else took up meanwhile; nobody else sends them until then."""
    rows = await conn.fetch(
        f"""
        UPDATE webhook_deliveries SET claim = $2, claimed_until = $4
        WHERE nr = ANY ($1) AND state = 'pending'
            AND (claimed_until IS NULL OR claimed_until <= $3)
        RETURNING {COLUMNS}
        """,
        *(list(nrs), by, moment(at_ms), moment(until_ms)),
    )
    return sorted((_stored(row) for row in rows), key=lambda stored: stored.nr)


async def count_attempt(conn: AnyConnection, delivery_id: str) -> StoredDelivery:
    """As it stands after one more; until the transaction ends nobody else changes it."""
    row = await conn.fetchrow(
        f"UPDATE webhook_deliveries SET attempts = attempts + 1 WHERE id = $1 RETURNING {COLUMNS}",
        delivery_id,
    )
    return _stored(one(row))


async def put(
    conn: AnyConnection, delivery_id: str, now: Delivery, by: uuid.UUID | None = None
) -> bool:
    """How it stands, and that nobody sends it. False: whoever sent it took too long, and another
    one has taken it up since."""
    done = await conn.fetchval(
        """
        UPDATE webhook_deliveries SET state = $2, tries = $3, due_at = $4, finished_at = $5,
            error = $6, claim = CASE WHEN $7::uuid IS NULL THEN claim END,
            claimed_until = CASE WHEN $7::uuid IS NULL THEN claimed_until END
        WHERE id = $1 AND ($7::uuid IS NULL OR claim = $7) RETURNING true
        """,
        *(delivery_id, now.state.value, now.tries, _moment(now.due_ms), _moment(now.finished_ms)),
        *(now.error, by),
    )
    return bool(done)


async def figures(conn: AnyConnection, at_ms: int) -> Figures:
    """For SYSTEM: of all tenants."""
    row = await conn.fetchrow(
        """
        SELECT count(*) FILTER (WHERE d.due_at <= $1) AS due,
            coalesce(extract(epoch FROM $1 - min(d.due_at)), 0)::float8 AS oldest_s,
            (SELECT count(*) FROM webhook_endpoints e
                WHERE e.state <> 'active' AND e.removed_at IS NULL) AS stopped
        FROM webhook_deliveries d WHERE d.state = 'pending'
        """,
        moment(at_ms),
    )
    return Figures(**one(row))


async def forget(conn: AnyConnection, before: datetime, limit: int) -> int:
    """For SYSTEM: what was over by then goes, with its attempts."""
    gone: int = await conn.fetchval("SELECT forget_webhook_deliveries($1, $2)", before, limit)
    return gone


def _stored(row: asyncpg.Record) -> StoredDelivery:
    fields = dict(row)
    return StoredDelivery(
        nr=row["nr"],
        id=row["id"],
        endpoint=row["endpoint"],
        message=Message(
            id=row["message"],
            type=row["type"],
            subject=row["subject"],
            time_ms=epoch_ms(row["time"]),
            body=fields.get("body", b""),
        ),
        delivery=Delivery(
            origin=Origin(row["origin"]),
            state=DeliveryState(row["state"]),
            tries=row["tries"],
            due_ms=_ms(row["due_at"]),
            finished_ms=_ms(row["finished_at"]),
            error=row["error"],
        ),
        replay=row["replay"],
        attempts=row["attempts"],
        created_ms=epoch_ms(row["created_at"]),
        size_bytes=row["size_bytes"],
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else epoch_ms(at)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
