"""The log of facts: inserted once each however often derived, announced through the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import msgspec
from msgspec.structs import replace

from freight.cloudevents import cloud_event
from freight.events import TruckEvent
from freight.tracking.epochs import Epoch
from freight.tracking.standing import replaced_by
from store import journey_versions
from store.postgres import AnyConnection, epoch_ms, moment, one
from telemetry import work

COLUMNS = """
    e.seq, e.id, e.type, e.tenant_key, e.truck_key, t.id AS tenant, e.subject, e.time, e.known_at,
    e.data, e.correlation, e.traceparent
"""
BOOKINGS = "bookings/"
SOURCE = "events e JOIN tenants t ON t.key = e.tenant_key"


class StoredEvent(TruckEvent, frozen=True, kw_only=True):
    """A fact with its place in the log."""

    seq: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What was in force when facts were derived."""

    fence_revision: int
    rules: Mapping[int, str]  # tenant key -> digest, see store.rule_sets
    # Facts of the past, by their own ids, that were derived by what was in force then.
    past: Mapping[uuid.UUID, Epoch]

    def of(self, event: TruckEvent) -> tuple[str | None, int]:
        epoch = self.past.get(replaced_by(event) or event.id)
        if epoch is not None:
            return epoch.digest, epoch.fence_revision
        return self.rules.get(event.tenant_key), self.fence_revision


async def insert(
    conn: AnyConnection, events: Sequence[TruckEvent], basis: Basis | None = None
) -> int:
    """Store what is new and put exactly that into the outbox; how many that was."""
    if not events:
        return 0
    encode = msgspec.json.encode
    correlation, traceparent = work.correlation_id() or None, work.traceparent()
    if correlation is not None or traceparent is not None:
        events = [
            replace(event, correlation=correlation, traceparent=traceparent) for event in events
        ]
    inserted: int = await conn.fetchval(
        """
        WITH given AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::text[],
                $6::bigint[], $7::bigint[], $8::text[], $9::bytea[], $10::bigint[], $11::uuid[],
                $12::text[], $13::bigint[]) WITH ORDINALITY
                AS g (id, type, tenant_key, truck_key, subject, time_ms, known_ms, data, body,
                    decided_ms, replaces, rules, fence_revision, nr)
        ), new AS (
            INSERT INTO events (id, type, tenant_key, truck_key, subject, time, known_at, data,
                decided_at, replaces, rules, fence_revision, correlation, traceparent)
            SELECT id, type, tenant_key, truck_key, subject,
                'epoch'::timestamptz + time_ms * interval '1 ms',
                'epoch'::timestamptz + known_ms * interval '1 ms', data::jsonb,
                'epoch'::timestamptz + decided_ms * interval '1 ms', replaces, rules,
                fence_revision, $14, $15
            FROM given ORDER BY nr
            ON CONFLICT (id) DO NOTHING RETURNING seq, id, tenant_key
        ), announced AS (
            INSERT INTO outbox (event_seq, tenant_key, body, correlation, traceparent)
            SELECT DISTINCT ON (new.seq) new.seq, new.tenant_key, given.body, $14, $15
            FROM new JOIN given USING (id) ORDER BY new.seq, given.nr
        )
        SELECT count(*) FROM new
        """,
        [event.id for event in events],
        [event.type for event in events],
        [event.tenant_key for event in events],
        [event.truck_key for event in events],
        [event.subject for event in events],
        [event.time_ms for event in events],
        [event.known_at_ms for event in events],
        [encode(event.data).decode() for event in events],
        [encode(cloud_event(event)) for event in events],
        [event.decided_ms for event in events],
        [replaced_by(event) for event in events],
        [None if basis is None else basis.of(event)[0] for event in events],
        [None if basis is None else basis.of(event)[1] for event in events],
        *(correlation, traceparent),
    )
    await journey_versions.note_arrivals(conn, events)
    return inserted


async def list_page(
    conn: AnyConnection,
    *,
    truck: int | None = None,
    subject: str | None = None,
    types: Sequence[str] = (),
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: int | None = None,
    limit: int,
    newest_first: bool = False,
    skip: int = 0,
) -> list[StoredEvent]:
    """Facts whose time is in [from, to), in the order we learned them, beginning behind `after`.

    `truck` is a truck key, no types are all, `after` is the seq of the last event of the page
    before.
    """
    where, args = ["true"], list[object]()

    def require(condition: str, value: object | None) -> None:
        if value is not None:
            args.append(value)
            where.append(condition.replace("?", f"${len(args)}"))

    require("e.truck_key = ?", truck)
    if subject is not None and subject.startswith(BOOKINGS):
        where.append(f"e.subject LIKE '{BOOKINGS}%'")  # so that their own index is seen to answer
    require("e.subject = ?", subject)
    require("e.type = ?" if len(types) == 1 else "e.type = ANY (?)", _one_or_all(types))
    require("e.time >= ?", None if from_ms is None else moment(from_ms))
    require("e.time < ?", None if to_ms is None else moment(to_ms))
    require("e.seq < ?" if newest_first else "e.seq > ?", after)
    order = "DESC" if newest_first else "ASC"
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE {' AND '.join(where)} "
        f"ORDER BY e.seq {order} LIMIT {int(limit)} OFFSET {int(skip)}",
        *args,
    )
    return [stored_event(row) for row in rows]


def _one_or_all(types: Sequence[str]) -> object | None:
    """For one type its index gives the facts in their order."""
    return types[0] if len(types) == 1 else list(types) or None


async def get(conn: AnyConnection, id: uuid.UUID) -> StoredEvent | None:  # noqa: A002
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM {SOURCE} WHERE e.id = $1", id)
    return None if row is None else stored_event(row)


async def since(conn: AnyConnection, seq: int, limit: int) -> list[StoredEvent]:
    """Events behind `seq` in log order, for a reader that was away.

    Two shards may commit in the other order than they drew their numbers, so a reader counts as
    settled only what is some seconds old (serve/live/resume.py).
    """
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE e.seq > $1 ORDER BY e.seq LIMIT $2", seq, limit
    )
    return [stored_event(row) for row in rows]


async def work_of(conn: AnyConnection, event_id: str) -> tuple[str | None, str | None]:
    """Under which id, and as which part of which trace, a fact's work is told."""
    row = await conn.fetchrow(
        "SELECT correlation, traceparent FROM events WHERE id = $1",
        _uuid_or_none(event_id),
    )
    return (None, None) if row is None else (row["correlation"], row["traceparent"])


def _uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


async def origin(conn: AnyConnection, subject: str) -> str | None:
    """Under which id the work is told that a booking came of."""
    found: str | None = await conn.fetchval(
        f"""
        SELECT correlation FROM events WHERE subject = $1 AND subject LIKE '{BOOKINGS}%'
        ORDER BY seq LIMIT 1
        """,
        subject,
    )
    return found


async def seqs_between(conn: AnyConnection, from_ms: int, to_ms: int) -> tuple[int, int] | None:
    """The first and the last number of what we learned in [from, to)."""
    row = one(
        await conn.fetchrow(
            # Not by the order of the numbers, from the first one on: by the index of times.
            "SELECT min(seq + 0) AS first, max(seq + 0) AS last FROM events "
            "WHERE known_at >= $1 AND known_at < $2",
            *(moment(from_ms), moment(to_ms)),
        )
    )
    return None if row["first"] is None else (row["first"], row["last"])


async def list_between(
    conn: AnyConnection, from_ms: int, to_ms: int, seqs: tuple[int, int], limit: int
) -> list[StoredEvent]:
    """What we learned in [from, to), oldest number first, of these numbers."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE e.seq BETWEEN $1 AND $2 "
        "AND e.known_at >= $3 AND e.known_at < $4 ORDER BY e.seq LIMIT $5",
        *(*seqs, moment(from_ms), moment(to_ms), limit),
    )
    return [stored_event(row) for row in rows]


def stored_event(row: asyncpg.Record) -> StoredEvent:
    fields = dict(row)
    time_ms, known_at_ms = epoch_ms(fields.pop("time")), epoch_ms(fields.pop("known_at"))
    return StoredEvent(time_ms=time_ms, known_at_ms=known_at_ms, **fields)
