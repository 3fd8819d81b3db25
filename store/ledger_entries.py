"""Entries read back as they were posted: one, a page of them, and a party's statement."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from freight.ledger.accounts import CONTROL
from freight.ledger.entries import Cause, Entry, Posting
from store.errors import NotFoundError
from store.ledger import BLOCK_DAYS, PARTY_BALANCE, cut
from store.postgres import AnyConnection

COLUMNS = """
    e.nr, e.id, e.at_ms, e.written_at, e.cause_kind, e.cause_about, e.cause_version, e.rule,
    e.config_version, e.memo, e.digest, (
        SELECT json_agg(json_build_array(account, amount_minor, party, booking) ORDER BY line)
        FROM ledger_postings p WHERE p.entry_nr = e.nr
    ) AS postings
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """An entry and what the books added to it."""

    nr: int
    written_at: datetime
    digest: bytes
    entry: Entry


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is None does not matter."""

    account: str | None = None
    party: str | None = None
    booking: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None  # not with it


async def get(conn: AnyConnection, id: str) -> Kept:  # noqa: A002 - its name everywhere
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM ledger_entries e WHERE e.id = $1", id)
    if row is None:
        raise NotFoundError("entry", id)
    return kept_of(row)


async def list_page(
    conn: AnyConnection, wanted: Wanted, before: tuple[int, int] | None, limit: int
) -> list[Kept]:
    """The latest first, those before (time, number)."""
    of_postings = any((wanted.account, wanted.party, wanted.booking))
    table, nr = ("ledger_postings", "entry_nr") if of_postings else ("ledger_entries", "nr")
    conditions: list[str] = []
    values: list[Any] = [limit]
    for name, given in (
        ("account = {}", wanted.account),
        ("party = {}", wanted.party),
        ("booking = {}", wanted.booking),
        ("at_ms >= {}", wanted.from_ms),
        ("at_ms < {}", wanted.to_ms),
    ):
        if given is not None:
            values.append(given)
            conditions.append(name.format(f"${len(values)}"))
    if before is not None:
        conditions.append(f"(at_ms, {nr}) < (${len(values) + 1}, ${len(values) + 2})")
        values += before
    where = " AND ".join(conditions) or "true"
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM (
            SELECT DISTINCT at_ms, {nr} AS nr FROM {table} WHERE {where}
            ORDER BY at_ms DESC, nr DESC LIMIT $1
        ) found JOIN ledger_entries e ON e.nr = found.nr ORDER BY e.at_ms DESC, e.nr DESC
        """,
        *values,
    )
    return [kept_of(row) for row in rows]


def kept_of(row: asyncpg.Record) -> Kept:
    cause = Cause(
        row["cause_kind"],
        row["cause_about"],
        row["cause_version"],
        row["rule"],
        row["config_version"],
    )
    postings = tuple(Posting(*values) for values in row["postings"] or ())
    made = Entry(row["id"], row["at_ms"], cause, row["memo"], postings)
    return Kept(row["nr"], row["written_at"], bytes(row["digest"]), made)


# ----------------------------------------------------------------------------- statements


Place = tuple[int, int, int]  # time, number of the entry, line


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One posting of a party, and what it owed after it."""

    place: Place
    entry: str
    account: str
    amount_minor: int
    balance_minor: int
    booking: str | None
    cause: str
    about: str
    memo: str


async def party_balance(conn: AnyConnection, party: str, at_ms: int | None) -> int:
    """What the party owes, over all accounts that are kept by party; below zero: is owed."""
    minor: int = await conn.fetchval(PARTY_BALANCE, list(CONTROL), *cut(at_ms, BLOCK_DAYS), party)
    return minor


async def has_party(conn: AnyConnection, party: str) -> bool:
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM ledger_postings WHERE party = $1)", party
    )
    return found


async def statement(
    conn: AnyConnection, party: str, span: tuple[int, int], after: Place | None, limit: int
) -> tuple[int, list[Line]]:
    """The balance before the first line, and lines in their order from `after` on."""
    from_ms, to_ms = span
    place = after or (from_ms, 0, 0)
    opening = await party_balance(conn, party, place[0] - 1)
    opening += await conn.fetchval(
        """
        SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_postings
        WHERE party = $1 AND account = ANY ($2) AND at_ms = $3 AND (entry_nr, line) <= ($4, $5)
        """,
        party,
        list(CONTROL),
        *place,
    )
    rows = await conn.fetch(
        """
        SELECT p.at_ms, p.entry_nr, p.line, p.account, p.amount_minor, p.booking, e.id,
            e.cause_kind, e.cause_about, e.memo
        FROM ledger_postings p JOIN ledger_entries e ON e.nr = p.entry_nr
        WHERE p.party = $1 AND p.account = ANY ($2) AND p.at_ms < $3
            AND (p.at_ms, p.entry_nr, p.line) > ($4, $5, $6)
        ORDER BY p.at_ms, p.entry_nr, p.line LIMIT $7
        """,
        party,
        list(CONTROL),
        to_ms,
        *place,
        limit,
    )
    return opening, _running(opening, rows)


def _running(opening: int, rows: Sequence[asyncpg.Record]) -> list[Line]:
    lines = []
    balance = opening
    for row in rows:
        balance += row["amount_minor"]
        place = (row["at_ms"], row["entry_nr"], row["line"])
        lines.append(
            Line(
                place,
                row["id"],
                row["account"],
                row["amount_minor"],
                balance,
                row["booking"],
                row["cause_kind"],
                row["cause_about"],
                row["memo"],
            )
        )
    return lines
