"""All that the sandbox remembers, in one SQLite file that survives its being killed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS entities (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT,
    reference TEXT,
    created_s INTEGER NOT NULL,
    body TEXT NOT NULL,
    extra TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entities_by_kind ON entities (kind, created_s);
CREATE INDEX IF NOT EXISTS entities_by_parent ON entities (parent);
CREATE INDEX IF NOT EXISTS entities_by_reference ON entities (kind, reference);
CREATE TABLE IF NOT EXISTS repeats (
    kind TEXT NOT NULL, key TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE IF NOT EXISTS due (
    at_s REAL NOT NULL, what TEXT NOT NULL, entity TEXT NOT NULL, PRIMARY KEY (what, entity)
);
CREATE TABLE IF NOT EXISTS webhooks (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    about TEXT NOT NULL,
    body BLOB NOT NULL,
    made_s REAL NOT NULL,
    state TEXT NOT NULL,
    next_s REAL,
    attempts INTEGER NOT NULL DEFAULT 0,
    copies INTEGER NOT NULL DEFAULT 1,
    said TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (next_s) WHERE next_s IS NOT NULL;
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ENTITY = "id, kind, parent, reference, created_s, body, extra"


@dataclass(slots=True)
class Entity:
    id: str
    kind: str
    body: dict[str, Any]  # as the API shows it
    created_s: int
    parent: str | None = None
    reference: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)  # what it does not show


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    event: str
    about: str
    body: bytes
    made_s: float
    state: str  # waiting, delivered, dropped, given_up
    next_s: float | None
    attempts: int
    copies: int
    said: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a kind; a list shows the newest first."""

    parent: str | None = None
    reference: str | None = None
    from_s: int | None = None
    to_s: int | None = None


class Book:
    def __init__(self, file: Path | str) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        # Survives the process' death; only that of the machine may lose the last moment.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All of it, its webhooks included, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    def find(self, kind: str, entity_id: str) -> Entity | None:
        found = self._entities("WHERE kind = ? AND id = ?", (kind, entity_id))
        return found[0] if found else None

    def listed(self, kind: str, wanted: Wanted, count: int, skip: int = 0) -> list[Entity]:
        conditions, values = ["kind = ?"], [kind]
        for column, value in (
            ("parent = ?", wanted.parent),
            ("reference = ?", wanted.reference),
            ("created_s >= ?", wanted.from_s),
            ("created_s <= ?", wanted.to_s),
        ):
            if value is not None:
                conditions.append(column)
                values.append(value)  # type: ignore[arg-type]
        where = f"WHERE {' AND '.join(conditions)} ORDER BY nr DESC LIMIT ? OFFSET ?"
        return self._entities(where, (*values, count, skip))

    def save(self, entity: Entity) -> None:
        row = (
            *(entity.id, entity.kind, entity.parent, entity.reference, entity.created_s),
            *(json.dumps(entity.body), json.dumps(entity.extra)),
        )
        self._db.execute(
            f"INSERT INTO entities ({_ENTITY}) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body, extra = excluded.extra, "
            "parent = excluded.parent, reference = excluded.reference",
            row,
        )

    def repeated(self, kind: str, key: str) -> tuple[str, dict[str, Any]] | None:
        """The request that came first with a key, and what it was answered."""
        found = self._db.execute(
            "SELECT request, answer FROM repeats WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if found is None else (found[0], json.loads(found[1]))

    def remember(self, kind: str, key: str, request: str, answer: dict[str, Any]) -> None:
        row = (kind, key, request, json.dumps(answer))
        self._db.execute("INSERT INTO repeats VALUES (?, ?, ?, ?)", row)

    def plan(self, at_s: float, what: str, entity: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO due VALUES (?, ?, ?)", (at_s, what, entity))

    def take_due(self, now_s: float) -> list[tuple[str, str]]:
        return self._db.execute(
            "DELETE FROM due WHERE at_s <= ? RETURNING what, entity", (now_s,)
        ).fetchall()

    def next_due_s(self) -> float | None:
        """When the next thing happens by itself, webhooks included."""
        found = self._db.execute(
            "SELECT min(at_s) FROM (SELECT min(at_s) AS at_s FROM due "
            "UNION ALL SELECT min(next_s) FROM webhooks WHERE next_s IS NOT NULL)"
        ).fetchone()[0]
        return None if found is None else float(found)

    def add_webhook(self, hook: Webhook, kept_max: int) -> None:
        self._db.execute(
            "INSERT INTO webhooks (id, event, about, body, made_s, state, next_s, attempts, "
            "copies, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(hook.id, hook.event, hook.about, hook.body, hook.made_s, hook.state),
                *(hook.next_s, hook.attempts, hook.copies, hook.said),
            ),
        )
        # Those that are over make room; what still waits is never forgotten.
        self._db.execute(
            "DELETE FROM webhooks WHERE next_s IS NULL AND state <> 'waiting' "
            "AND nr <= (SELECT max(nr) FROM webhooks) - ?",
            (kept_max,),
        )

    def change_webhook(
        self, hook_id: str, *, state: str, next_s: float | None, attempts: int, said: str
    ) -> None:
        self._db.execute(
            "UPDATE webhooks SET state = ?, next_s = ?, attempts = ?, said = ? WHERE id = ?",
            (state, next_s, attempts, said, hook_id),
        )

    def set_copies(self, hook_id: str, copies: int) -> None:
        self._db.execute("UPDATE webhooks SET copies = ? WHERE id = ?", (copies, hook_id))

    def due_webhooks(self, now_s: float) -> list[Webhook]:
        return self._webhooks("WHERE next_s <= ? ORDER BY next_s, nr", (now_s,))

    def find_webhook(self, hook_id: str) -> Webhook | None:
        found = self._webhooks("WHERE id = ?", (hook_id,))
        return found[0] if found else None

    def waiting_webhooks(self) -> list[Webhook]:
        return self._webhooks("WHERE state = 'waiting' ORDER BY nr", ())

    def webhooks(self, count: int) -> list[Webhook]:
        return self._webhooks("ORDER BY nr DESC LIMIT ?", (count,))

    def switches(self) -> dict[str, Any]:
        rows = self._db.execute("SELECT name, value FROM switches").fetchall()
        return {name: json.loads(value) for name, value in rows}

    def switch(self, name: str, value: Any) -> None:
        text = json.dumps(value)
        self._db.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (name, text))

    def _entities(self, where: str, values: tuple[Any, ...]) -> list[Entity]:
        rows = self._db.execute(f"SELECT {_ENTITY} FROM entities {where}", values).fetchall()
        return [
            Entity(
                id=row[0],
                kind=row[1],
                parent=row[2],
                reference=row[3],
                created_s=row[4],
                body=json.loads(row[5]),
                extra=json.loads(row[6]),
            )
            for row in rows
        ]

    def _webhooks(self, where: str, values: tuple[Any, ...]) -> list[Webhook]:
        rows = self._db.execute(
            "SELECT id, event, about, body, made_s, state, next_s, attempts, copies, said "
            f"FROM webhooks {where}",
            values,
        ).fetchall()
        return [Webhook(*row) for row in rows]
