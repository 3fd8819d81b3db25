"""Alerts: their log, how each stands, which are due, and what people say about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from freight.alerts.state import Alert
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, epoch_ms, moment

# Whoever decides about alerts of a tenant does so behind the others: the second half is its key.
_TURNS = 20_267_030


@dataclass(frozen=True, slots=True)
class Logged:
    version: int
    at_ms: int
    type: str
    told_by: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """How one alert stands after what was decided, and the events in the words of its log."""

    after: Alert
    events: Sequence[Logged]
    marks: Sequence[str]
    once: str
    for_carrier: bool
    for_shipper: bool

    @property
    def is_new(self) -> bool:
        return self.after.version == len(self.events)


@dataclass(frozen=True, slots=True)
class Listed:
    nr: int
    alert: Alert


@dataclass(frozen=True, slots=True)
class Due:
    tenant_key: int
    tenant: str
    alert: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts; None asks for any. Those that wait for their trigger time are never shown."""

    states: Sequence[str] | None = None
    severity: str | None = None
    kind: str | None = None
    truck: int | None = None
    booking: str | None = None
    subject: str | None = None
    assigned_to: str | None = None


async def take_turn(conn: AnyConnection, tenant_key: int) -> None:
    """From here to the end of the transaction nobody else decides about the tenant's alerts."""
    await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", _TURNS, tenant_key)


async def write(conn: AnyConnection, tenant_key: int, steps: Sequence[Step]) -> None:
    """New alerts and changed ones, with their logs; StaleVersionError: nothing may be committed."""
    for step in steps:
        if not step.is_new:
            await _update(conn, step)
    await _insert(conn, tenant_key, [step for step in steps if step.is_new])
    await conn.executemany(
        """
        INSERT INTO alert_log (at, tenant_key, version, alert, type, told_by, event)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (
                *(moment(event.at_ms), tenant_key, event.version, step.after.id),
                *(event.type, event.told_by, event.event),
            )
            for step in steps
            for event in step.events
        ],
    )


async def _insert(conn: AnyConnection, tenant_key: int, steps: Sequence[Step]) -> None:
    await conn.executemany(
        """
        INSERT INTO alerts (began_at, updated_at, raised_at, due_at, truck_key, tenant_key, version,
            level, for_carrier, for_shipper, id, kind, severity, status, dedup, once, subject,
            booking, assigned_to, judged, marks, state)
        VALUES ($1, $2, $3, $4,
            (SELECT key FROM trucks WHERE id = $5 AND deleted_at IS NULL), $6, $7, $8, $9, $10,
            $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
        """,
        [
            (
                *(moment(one.began_ms), moment(step.events[-1].at_ms), _moment(one.raised_ms)),
                *(_moment(one.due_known_ms), one.truck, tenant_key, one.version, one.level),
                *(step.for_carrier, step.for_shipper, one.id, one.kind.value, one.severity.value),
                *(one.state.value, one.dedup, step.once, one.subject, one.booking),
                *(one.assigned_to, one.judged, list(step.marks), msgspec.json.encode(one)),
            )
            for step in steps
            for one in (step.after,)
        ],
    )


async def _update(conn: AnyConnection, step: Step) -> None:
    one = step.after
    done = await conn.fetchval(
        """
        UPDATE alerts SET began_at = $3, updated_at = $4, raised_at = $5, due_at = $6,
            version = $7, level = $8, for_carrier = $9, for_shipper = $10, severity = $11,
            status = $12, booking = $13, assigned_to = $14, judged = $15, marks = $16,
            once = $17, state = $18
        WHERE id = $1 AND version = $2 RETURNING true
        """,
        *(one.id, one.version - len(step.events), moment(one.began_ms)),
        *(moment(step.events[-1].at_ms), _moment(one.raised_ms), _moment(one.due_known_ms)),
        *(one.version, one.level, step.for_carrier, step.for_shipper, one.severity.value),
        *(one.state.value, one.booking, one.assigned_to, one.judged),
        *(list(step.marks), step.once, msgspec.json.encode(one)),
    )
    if not done:
        found = await load(conn, one.id)
        raise StaleVersionError("alert", one.id, one.version - len(step.events), found.version)


async def put_off(conn: AnyConnection, alert: Alert) -> None:
    """When time may change it next; nothing else of it has changed."""
    await conn.execute(
        "UPDATE alerts SET due_at = $2, state = $3 WHERE id = $1 AND version = $4",
        *(alert.id, _moment(alert.due_known_ms), msgspec.json.encode(alert), alert.version),
    )


async def wait_until(conn: AnyConnection, alert_id: str, until_ms: int) -> None:
    """It is not looked at again before then, whatever its state says."""
    await conn.execute("UPDATE alerts SET due_at = $2 WHERE id = $1", alert_id, moment(until_ms))


# ----------------------------------------------------------------------------------- reading


async def load(conn: AnyConnection, alert_id: str) -> Alert:
    state = await conn.fetchval("SELECT state FROM alerts WHERE id = $1", alert_id)
    if state is None:
        raise NotFoundError("alert", alert_id)
    return _alert(state)


async def get(conn: AnyConnection, alert_id: str) -> Listed:
    """One that people may see."""
    row = await conn.fetchrow(
        "SELECT nr, state FROM alerts WHERE id = $1 AND raised_at IS NOT NULL", alert_id
    )
    if row is None:
        raise NotFoundError("alert", alert_id)
    return _listed(row)


async def concerned(
    conn: AnyConnection, marks: Iterable[str], dedups: Iterable[str]
) -> list[Alert]:
    """All that carry one of these marks, and of each key the last there was, open or over."""
    rows = await conn.fetch(
        """
        SELECT state FROM alerts WHERE marks && $1
        UNION
        SELECT last.state FROM unnest($2::text[]) AS g (dedup) CROSS JOIN LATERAL (
            SELECT state FROM alerts a WHERE a.dedup = g.dedup
            ORDER BY a.status IN ('pending', 'raised', 'acknowledged') DESC, a.began_at DESC
            LIMIT 1
        ) last
        """,
        *(sorted(set(marks)), sorted(set(dedups))),
    )
    return [_alert(row["state"]) for row in rows]


async def open_ids(conn: AnyConnection, dedups: Iterable[str]) -> dict[str, str]:
    """Which alert is the open one of each of these keys."""
    rows = await conn.fetch(
        """
        SELECT once, id FROM alerts WHERE once = ANY ($1)
            AND status IN ('pending', 'raised', 'acknowledged')
        """,
        sorted(set(dedups)),
    )
    return {row["once"]: row["id"] for row in rows}


async def open_of_kinds(conn: AnyConnection, kinds: Iterable[str]) -> list[Alert]:
    rows = await conn.fetch(
        """
        SELECT state FROM alerts WHERE kind = ANY ($1)
            AND status IN ('pending', 'raised', 'acknowledged') ORDER BY nr
        """,
        sorted(set(kinds)),
    )
    return [_alert(row["state"]) for row in rows]


async def several(conn: AnyConnection, ids: Sequence[str]) -> list[Alert]:
    rows = await conn.fetch("SELECT state FROM alerts WHERE id = ANY ($1) ORDER BY nr", list(ids))
    return [_alert(row["state"]) for row in rows]


async def due(
    conn: AnyConnection, now_ms: int, waiting: Mapping[int, int], limit: int
) -> list[Due]:
    """For SYSTEM: the longest overdue first. Of a tenant of which news wait that came to be known
    at some moment, only what was due before: these may say that it is over."""
    rows = await conn.fetch(
        """
        SELECT a.tenant_key, t.id AS tenant, a.id AS alert FROM alerts a
        JOIN tenants t ON t.key = a.tenant_key
        LEFT JOIN unnest($2::int[], $3::timestamptz[]) AS w (tenant_key, known_at)
            ON w.tenant_key = a.tenant_key
        WHERE a.due_at <= $1 AND a.due_at < coalesce(w.known_at, 'infinity')
        ORDER BY a.due_at, a.nr LIMIT $4
        """,
        *(moment(now_ms), list(waiting), [moment(ms) for ms in waiting.values()], limit),
    )
    return [Due(**row) for row in rows]


async def news_waiting(
    conn: AnyConnection, follower: str, types: Sequence[str], limit: int
) -> dict[int, int]:
    """For SYSTEM: since when news wait to be taken up, by tenant; of the first so many."""
    rows = await conn.fetch(
        """
        SELECT tenant_key, min(known_at) AS known_at FROM (
            SELECT e.tenant_key, e.known_at FROM events e
            WHERE e.seq > (SELECT seq FROM follower_cursors WHERE follower = $1)
                AND e.type = ANY ($2) AND NOT EXISTS (
                    SELECT FROM follower_taken f WHERE f.follower = $1 AND f.event_seq = e.seq)
            ORDER BY e.seq LIMIT $3
        ) waiting GROUP BY tenant_key
        """,
        *(follower, list(types), limit),
    )
    return {row["tenant_key"]: epoch_ms(row["known_at"]) for row in rows}


async def trucks_behind(
    conn: AnyConnection, follower: str, seq: int, types: Sequence[str], trucks: Sequence[str]
) -> set[str]:
    """Of these trucks, those of which facts behind a number wait to be taken up."""
    rows = await conn.fetch(
        """
        SELECT k.id FROM trucks k WHERE k.id = ANY ($4) AND k.deleted_at IS NULL AND EXISTS (
            SELECT FROM events e
            WHERE e.truck_key = k.key AND e.seq > $2 AND e.type = ANY ($3) AND NOT EXISTS (
                SELECT FROM follower_taken f WHERE f.follower = $1 AND f.event_seq = e.seq))
        """,
        *(follower, seq, list(types), list(trucks)),
    )
    return {row["id"] for row in rows}


async def known_behind(conn: AnyConnection, seq: int, types: Sequence[str]) -> int | None:
    """Of the tenant: when the next news behind a number came to be known; None: there are none."""
    at = await conn.fetchval(
        "SELECT known_at FROM events WHERE seq > $1 AND type = ANY ($2) ORDER BY seq LIMIT 1",
        *(seq, list(types)),
    )
    return None if at is None else epoch_ms(at)


async def list_page(
    conn: AnyConnection, wanted: Wanted, *, before: tuple[int, int] | None, limit: int
) -> list[Listed]:
    """Those raised last first, beginning behind (raised_ms, nr)."""
    where, args = ["raised_at IS NOT NULL"], list[object]()
    conditions = {
        "status = ANY (?)": None if wanted.states is None else list(wanted.states),
        "severity = ?": wanted.severity,
        "kind = ?": wanted.kind,
        "truck_key = ?": wanted.truck,
        "booking = ?": wanted.booking,
        "subject = ?": wanted.subject,
        "assigned_to = ?": wanted.assigned_to,
    }
    for condition, value in conditions.items():
        if value is not None:
            args.append(value)
            where.append(condition.replace("?", f"${len(args)}"))
    if before is not None:
        args += [moment(before[0]), before[1]]
        where.append(f"(raised_at, nr) < (${len(args) - 1}, ${len(args)})")
    rows = await conn.fetch(
        f"SELECT nr, state FROM alerts WHERE {' AND '.join(where)} "
        f"ORDER BY raised_at DESC, nr DESC LIMIT {int(limit)}",
        *args,
    )
    return [_listed(row) for row in rows]


async def log(
    conn: AnyConnection,
    alert_id: str,
    *,
    before: int | None,
    limit: int,
    only: str | None = None,
) -> list[Logged]:
    """The latest steps first, beginning behind a version; of one type, if one is named."""
    rows = await conn.fetch(
        """
        SELECT version, at, type, told_by, event FROM alert_log
        WHERE alert = $1 AND ($2::int IS NULL OR version < $2) AND ($3::text IS NULL OR type = $3)
        ORDER BY version DESC LIMIT $4
        """,
        *(alert_id, before, only, limit),
    )
    return [
        Logged(row["version"], epoch_ms(row["at"]), row["type"], row["told_by"], row["event"])
        for row in rows
    ]


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(row["nr"], _alert(row["state"]))


def _alert(state: bytes) -> Alert:
    return msgspec.json.decode(state, type=Alert)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
