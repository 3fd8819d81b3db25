"""Commands to devices: kept until they are answered, given up or over; sent from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from store.errors import NotFoundError
from store.postgres import AnyConnection, one

COLUMNS = """
    c.id, c.nr, t.id AS truck, c.kind, c.payload, c.state, c.created_at, c.created_by,
    c.expires_at, c.sent_at, c.sendings, c.ended_at, c.result, c.detail
"""
SOURCE = "device_commands c JOIN trucks t ON t.key = c.truck_key"
OPEN = "state IN ('queued', 'sent')"


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"  # the broker has it
    ACKNOWLEDGED = "acknowledged"  # the device has answered
    EXPIRED = "expired"
    FAILED = "failed"  # the device has answered that it could not


@dataclass(frozen=True, slots=True)
class StoredCommand:
    id: UUID
    nr: int
    truck: str
    kind: str
    payload: dict[str, Any] | None
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    sent_at: datetime | None
    sendings: int
    ended_at: datetime | None
    result: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be sent now, and where."""

    id: UUID
    tenant: str
    truck: str
    kind: str
    payload: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    id: UUID
    truck_key: int
    is_failure: bool
    result: str
    detail: str | None
    at_ms: int


# ------------------------------------------------------------------------------ for the tenant


async def create(
    conn: AnyConnection,
    tenant_key: int,
    truck_key: int,
    *,
    id: UUID,  # noqa: A002 - its name everywhere
    kind: str,
    payload: dict[str, Any] | None,
    created_by: str,
    expires_s: float,
) -> StoredCommand:
    await conn.execute(
        """
        INSERT INTO device_commands
            (id, truck_key, tenant_key, kind, payload, created_by, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
        """,
        id,
        truck_key,
        tenant_key,
        kind,
        payload,
        created_by,
        expires_s,
    )
    return await get(conn, truck_key, id)


async def get(conn: AnyConnection, truck_key: int, id: UUID) -> StoredCommand:  # noqa: A002
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM {SOURCE} WHERE c.truck_key = $1 AND c.id = $2", truck_key, id
    )
    if row is None:
        raise NotFoundError("command", str(id))
    return StoredCommand(**row)


async def open_ones(conn: AnyConnection, truck_key: int) -> int:
    """How many of the truck wait for an answer; its row is held, so that nobody adds one."""
    await conn.execute("SELECT pg_advisory_xact_lock(20267, hashint8($1)::int)", truck_key)
    row = await conn.fetchrow(
        f"SELECT count(*) AS open FROM device_commands WHERE truck_key = $1 AND {OPEN}", truck_key
    )
    return int(one(row)["open"])


async def list_page(
    conn: AnyConnection, truck_key: int, before: int | None, limit: int
) -> list[StoredCommand]:
    """Newest first, beginning behind (that is: below) the number `before`."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM {SOURCE}
        WHERE c.truck_key = $1 AND ($2::bigint IS NULL OR c.nr < $2) ORDER BY c.nr DESC LIMIT $3
        """,
        truck_key,
        before,
        limit,
    )
    return [StoredCommand(**row) for row in rows]


# ------------------------------------------------------------------------------ for the sender


async def due(conn: AnyConnection, limit: int) -> list[Due]:
    """For SYSTEM: what is to be sent now, the oldest first; what is over meanwhile is ended."""
    await conn.execute(
        f"""
        UPDATE device_commands SET state = 'expired', ended_at = now()
        WHERE {OPEN} AND expires_at <= now()
        """
    )
    rows = await conn.fetch(
        f"""
        SELECT c.id, n.id AS tenant, t.id AS truck, c.kind, c.payload, c.created_at, c.expires_at
        FROM {SOURCE} JOIN tenants n ON n.key = c.tenant_key
        WHERE c.{OPEN} AND c.due_at <= now() AND t.deleted_at IS NULL AND n.status = 'active'
        ORDER BY c.nr LIMIT $1
        """,
        limit,
    )
    return [Due(**row) for row in rows]


async def note_sent(conn: AnyConnection, ids: Sequence[UUID], resend_s: float) -> None:
    """For SYSTEM: the broker has them. Who answered meanwhile is not sent it again."""
    await conn.execute(
        f"""
        UPDATE device_commands SET state = 'sent', sent_at = now(), sendings = sendings + 1,
            due_at = now() + make_interval(secs => $2)
        WHERE id = ANY ($1) AND {OPEN}
        """,
        list(ids),
        resend_s,
    )


async def send_again(conn: AnyConnection, truck_keys: Sequence[int]) -> None:
    """For SYSTEM: their devices have just come, and may have been away when it was sent."""
    if truck_keys:
        await conn.execute(
            "UPDATE device_commands SET due_at = now() "
            "WHERE truck_key = ANY ($1) AND state = 'sent'",
            list(truck_keys),
        )


async def note_answers(conn: AnyConnection, answers: Sequence[Answer]) -> None:
    """For SYSTEM: the first answer counts, also one that comes after the end of its time."""
    if answers:
        await conn.executemany(
            """
            UPDATE device_commands SET state = $3, result = $4, detail = $5,
                ended_at = 'epoch'::timestamptz + $6::bigint * interval '1 ms'
            WHERE id = $1 AND truck_key = $2 AND state NOT IN ('acknowledged', 'failed')
            """,
            [
                (
                    given.id,
                    given.truck_key,
                    State.FAILED if given.is_failure else State.ACKNOWLEDGED,
                    _storable(given.result),
                    None if given.detail is None else _storable(given.detail),
                    given.at_ms,
                )
                for given in answers
            ],
        )


async def forget(conn: AnyConnection, kept_days: int) -> int:
    """For SYSTEM: those that were over long ago; how many."""
    done = await conn.execute(
        "DELETE FROM device_commands WHERE ended_at < now() - make_interval(days => $1)", kept_days
    )
    return int(done.rpartition(" ")[2])


def _storable(text: str) -> str:
    """Postgres takes neither NUL nor half a surrogate pair."""
    kept = text.encode(errors="replace").decode()
    return kept.replace("\x00", "\N{REPLACEMENT CHARACTER}")
