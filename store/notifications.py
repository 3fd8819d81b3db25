"""Messages to people: what is to be sent, every attempt, and how each stands; written with its
log in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import msgspec

from freight.notifying.channels import Channel
from freight.notifying.events import Accepted, AttemptMade, MessageEvent, Planned
from freight.notifying.state import KEPT_BACK, Message, Status
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, moment
from store.step_log import rows

NOTIFICATION = "notification"
# Of one person, so that what is counted of it is true until the message is written.
PERSON_LOCK = 20311
_OVER = frozenset(Status) - {Status.WAITING, Status.COLLECTED, Status.SENDING}
_INSERT = """
    INSERT INTO notifications (tenant_key, id, version, created_at, updated_at, due_at, over_at,
        status, kind, severity, subject, person, channel, booking, truck, state, address_sealed,
        facts_sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT (tenant_key, id) DO NOTHING RETURNING true
"""
_LOG = """
    INSERT INTO notification_log (tenant_key, notification, version, at, type, event)
    VALUES ($1, $2, $3, $4, $5, $6)
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where the person is reached, and what there is to say."""

    address: bytes | None
    facts: bytes | None


@dataclass(frozen=True, slots=True)
class Kept:
    message: Message
    address_sealed: bytes | None
    facts_sealed: bytes | None
    said_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    message: Message


async def insert(
    conn: AnyConnection, tenant_key: int, message: Message, sealed: Sealed, now_ms: int
) -> bool:
    """Whether it is new: the same cause tells the same person once."""
    done = await conn.fetchval(
        _INSERT,
        *(tenant_key, message.id, message.version, moment(message.created_ms), moment(now_ms)),
        *(_moment(message.due_ms), _over_at(message, now_ms)),
        *(message.status.value, message.kind, message.severity.value, message.subject),
        *(message.person, message.channel, message.booking, message.truck),
        *(msgspec.json.encode(message), sealed.address, sealed.facts),
    )
    if done:
        planned = [Planned(at_ms=now_ms, message=message)]
        await conn.executemany(_LOG, rows(tenant_key, message.id, 1, planned))
    return bool(done)


async def write(
    conn: AnyConnection,
    tenant_key: int,
    after: Message,
    made: Sequence[MessageEvent],
    *,
    said_sealed: bytes | None = None,
    address_sealed: bytes | None = None,
) -> None:
    """What happened to it and how it stands; what was said and where stay unless they are given."""
    first = after.version - len(made) + 1
    now_ms = made[-1].at_ms
    done = await conn.fetchval(
        """
        UPDATE notifications SET version = $3, updated_at = $4, due_at = $5, over_at = $6,
            status = $7, channel = $8, state = $9, said_sealed = coalesce($10, said_sealed),
            address_sealed = coalesce($11, address_sealed)
        WHERE id = $1 AND version = $2 RETURNING true
        """,
        *(after.id, first - 1, after.version, moment(now_ms), _moment(after.due_ms)),
        *(_over_at(after, now_ms), after.status.value, after.channel),
        *(msgspec.json.encode(after), said_sealed, address_sealed),
    )
    if not done:
        now = await get(conn, after.id)
        raise StaleVersionError(NOTIFICATION, after.id, first - 1, now.message.version)
    await conn.executemany(_LOG, rows(tenant_key, after.id, first, made))
    for event in made:
        if isinstance(event, AttemptMade):
            await _note_attempt(conn, tenant_key, after, event)
        elif isinstance(event, Accepted) and event.provider_id and after.asked is not None:
            provider = after.asked.provider
            await _note_ref(conn, tenant_key, after.id, event, provider)


async def get(conn: AnyConnection, message_id: str, *, is_to_change: bool = False) -> Kept:
    """To change it: nobody else does before the transaction ends."""
    found = await find(conn, message_id, is_to_change=is_to_change)
    if found is None:
        raise NotFoundError(NOTIFICATION, message_id)
    return found


async def find(conn: AnyConnection, message_id: str, *, is_to_change: bool = False) -> Kept | None:
    lock = "FOR UPDATE" if is_to_change else ""
    row = await conn.fetchrow(
        "SELECT state, address_sealed, facts_sealed, said_sealed FROM notifications "
        f"WHERE id = $1 {lock}",
        message_id,
    )
    if row is None:
        return None
    sealed = (row["address_sealed"], row["facts_sealed"], row["said_sealed"])
    return Kept(_message(row), *sealed)


async def log(conn: AnyConnection, message_id: str) -> list[MessageEvent]:
    found = await conn.fetch(
        "SELECT event::text AS event FROM notification_log WHERE notification = $1 "
        "ORDER BY version",
        message_id,
    )
    return [msgspec.json.decode(row["event"], type=MessageEvent) for row in found]


async def list_page(
    conn: AnyConnection, *, before: int | None, limit: int, **wanted: str | None
) -> list[Listed]:
    """The newest first, beginning behind `before`; by status, kind, severity, subject, person,
    channel, booking or truck."""
    where, args = ["($1::bigint IS NULL OR nr < $1)"], list[object]([before])
    for name in LISTED_BY:
        value = wanted.get(name)
        if value is not None:
            args.append(value)
            where.append(f"{name} = ${len(args)}")
    found = await conn.fetch(
        f"SELECT nr, state FROM notifications WHERE {' AND '.join(where)} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [Listed(row["nr"], _message(row)) for row in found]


LISTED_BY = (*("status", "kind", "severity", "subject", "person", "channel", "booking", "truck"),)


async def keep_back(conn: AnyConnection, subject: str, kinds: Sequence[str]) -> list[Message]:
    """Of these kinds and about this, what nobody was asked for yet; to change it."""
    found = await conn.fetch(
        """
        SELECT state FROM notifications
        WHERE subject = $1 AND kind = ANY ($2) AND status = ANY ($3) ORDER BY nr FOR UPDATE
        """,
        *(subject, list(kinds), [one.value for one in KEPT_BACK]),
    )
    return [_message(row) for row in found]


async def collected(conn: AnyConnection, person: str, now_ms: int, limit: int) -> list[Kept]:
    """What goes out in a person's next digest, oldest first; to change it."""
    found = await conn.fetch(
        """
        SELECT state, address_sealed, facts_sealed, said_sealed FROM notifications
        WHERE person = $1 AND status = 'collected' AND due_at <= $2
        ORDER BY nr LIMIT $3 FOR UPDATE
        """,
        *(person, moment(now_ms), limit),
    )
    return [
        Kept(_message(row), row["address_sealed"], row["facts_sealed"], row["said_sealed"])
        for row in found
    ]


async def waiting(conn: AnyConnection, limit: int) -> int:
    """How many of the tenant wait, counted up to a limit."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM (SELECT FROM notifications WHERE status IN ('waiting', 'collected') "
        "LIMIT $1) w",
        limit,
    )
    return found


async def hold_person(conn: AnyConnection, tenant_key: int, person: str) -> None:
    """Until the transaction ends nobody else counts what this person was sent, to send more."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))", PERSON_LOCK, f"{tenant_key}/{person}"
    )


async def room_again_ms(
    conn: AnyConnection, person: str, since_ms: int, most: int, not_by: Sequence[Channel]
) -> int | None:
    """None: fewer than `most` attempts were made since. Else, when the oldest of the last `most`
    was made: when that is past the window there is room again."""
    at_ms: int | None = await conn.fetchval(
        """
        SELECT (extract(epoch FROM asked_at) * 1000)::bigint FROM notification_attempts
        WHERE person = $1 AND asked_at > $2 AND NOT channel = ANY ($3)
        ORDER BY asked_at DESC OFFSET $4 LIMIT 1
        """,
        *(person, moment(since_ms), [one.value for one in not_by], most - 1),
    )
    return at_ms


async def of_attempt(
    conn: AnyConnection, provider: str, ref: str, attempt: str | None
) -> tuple[str, int] | None:
    """Which message's how manieth attempt a provider speaks of, by its name for it or ours."""
    row = await conn.fetchrow(
        """
        SELECT notification, nr FROM notification_refs WHERE provider = $1 AND ref = $2
        UNION ALL
        (SELECT notification, nr FROM notification_attempts
            WHERE attempt = $3 AND provider = $1 ORDER BY nr DESC LIMIT 1)
        LIMIT 1
        """,
        *(provider, ref, attempt),
    )
    return None if row is None else (row["notification"], row["nr"])


async def _note_attempt(
    conn: AnyConnection, tenant_key: int, message: Message, made: AttemptMade
) -> None:
    asked = made.asked
    await conn.execute(
        """
        INSERT INTO notification_attempts (asked_at, tenant_key, nr, notification, attempt, person,
            channel, provider)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(moment(asked.at_ms), tenant_key, asked.nr, message.id, asked.attempt, message.person),
        *(asked.channel.value, asked.provider),
    )


async def _note_ref(
    conn: AnyConnection, tenant_key: int, message_id: str, event: Accepted, provider: str
) -> None:
    """What is sent again by the same name keeps the first one's."""
    await conn.execute(
        """
        INSERT INTO notification_refs (tenant_key, nr, provider, ref, notification)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        *(tenant_key, event.nr, provider, event.provider_id, message_id),
    )


def _message(row: asyncpg.Record) -> Message:
    return msgspec.json.decode(row["state"], type=Message)


def _over_at(message: Message, now_ms: int) -> object:
    return moment(now_ms) if message.status in _OVER else None


def _moment(ms: int | None) -> object:
    return None if ms is None else moment(ms)
