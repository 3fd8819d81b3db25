"""Tasks for people: opened once for each cause, found by state, kind and whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from freight.tasks import Task, TaskState
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, epoch_ms, moment

COLUMNS = (
    "id, kind, subject, title, booking, leg, state, assigned_to, settled_by, note, facts, version, "
    "opened_at, from_ts, to_ts, escalated_at, settled_at"
)
_TIMES = {
    "opened_at": "opened_ms",
    "from_ts": "from_ms",
    "to_ts": "to_ms",
    "escalated_at": "escalated_ms",
    "settled_at": "settled_ms",
}


class Listed(NamedTuple):
    nr: int
    task: Task


async def begin(conn: AnyConnection, tenant_key: int, task: Task) -> bool:
    """Whether it is new: its cause has opened it before, otherwise."""
    done = await conn.fetchval(
        """
        INSERT INTO tasks (opened_at, from_ts, to_ts, tenant_key, version, id, kind, subject,
            title, state, booking, leg, assigned_to, facts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (tenant_key, id) DO NOTHING RETURNING true
        """,
        *(moment(task.opened_ms), _moment(task.from_ms), _moment(task.to_ms), tenant_key),
        *(task.version, task.id, task.kind, task.subject, task.title, task.state.value),
        *(task.booking, task.leg, task.assigned_to, task.facts),
    )
    return bool(done)


async def put(conn: AnyConnection, task: Task) -> None:
    """How it stands after one change."""
    done = await conn.fetchval(
        """
        UPDATE tasks SET version = $2, state = $3, assigned_to = $4, settled_by = $5, note = $6,
            escalated_at = $7, settled_at = $8
        WHERE id = $1 AND version = $2 - 1 RETURNING true
        """,
        *(task.id, task.version, task.state.value, task.assigned_to, task.settled_by, task.note),
        *(_moment(task.escalated_ms), _moment(task.settled_ms)),
    )
    if not done:
        raise StaleVersionError(
            "task", task.id, task.version - 1, (await get(conn, task.id)).version
        )


async def get(conn: AnyConnection, task_id: str) -> Task:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM tasks WHERE id = $1", task_id)
    if row is None:
        raise NotFoundError("task", task_id)
    return _task(row)


async def of_subject(conn: AnyConnection, subject: str) -> dict[str, Task]:
    """All that there ever were about it, by id."""
    rows = await conn.fetch(f"SELECT {COLUMNS} FROM tasks WHERE subject = $1", subject)
    return {row["id"]: _task(row) for row in rows}


async def list_page(
    conn: AnyConnection,
    *,
    before: int | None,
    limit: int,
    state: str | None = None,
    kind: str | None = None,
    booking: str | None = None,
    assigned_to: str | None = None,
) -> list[Listed]:
    """The newest first, beginning behind `before`."""
    where, args = ["true"], list[object]()
    wanted = {
        "nr <": before,
        "state =": state,
        "kind =": kind,
        "booking =": booking,
        "assigned_to =": assigned_to,
    }
    for condition, value in wanted.items():
        if value is not None:
            args.append(value)
            where.append(f"{condition} ${len(args)}")
    rows = await conn.fetch(
        f"SELECT nr, {COLUMNS} FROM tasks WHERE {' AND '.join(where)} "
        f"ORDER BY nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [Listed(row["nr"], _task(row)) for row in rows]


def _task(row: asyncpg.Record) -> Task:
    fields: dict[str, Any] = {name: row[name] for name in COLUMNS.split(", ")}
    for column, name in _TIMES.items():
        at = fields.pop(column)
        fields[name] = None if at is None else epoch_ms(at)
    return Task(**{**fields, "state": TaskState(fields["state"])})


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
