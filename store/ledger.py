"""The books in the database: entries are posted once for all, balances asked as of any moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freight.ledger.entries import Entry, Posting, digest, substance
from store.errors import StoreError
from store.postgres import AnyConnection

DAY_MS = 86_400_000
BLOCK_DAYS = 32  # fixed: as in the sums, which a migration defines
DAY_MAX = 2**31 - 1 - BLOCK_DAYS

POST = """
    SELECT * FROM post_to_ledger($1, $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[],
        $7::text[], $8::int[], $9::text[], $10::bytea[], $11::smallint[],
        $12::int[], $13::smallint[], $14::text[], $15::bigint[], $16::text[], $17::text[])
"""
# Whole spans from the sums, the rest from the postings: at most a day of an account's, a block of
# a party's. What is not in the sums yet is looked up entry by entry, whatever the planner thinks.
_BALANCE = """
    SELECT (coalesce((SELECT sum(debit_minor - credit_minor) FROM ledger_sums
            WHERE party = {party} AND account = ANY ($1) AND days = 32 AND first_day < $4), 0)
        + coalesce((SELECT sum(debit_minor - credit_minor) FROM ledger_sums
            WHERE party = {party} AND account = ANY ($1) AND days = 1
            AND first_day >= $4 AND first_day < $5), 0)
        + coalesce((SELECT sum(amount_minor) FROM ledger_postings
            WHERE account = ANY ($1) AND {which} AND at_ms >= $3 AND at_ms <= $2), 0)
        + coalesce((SELECT sum(late.minor) FROM ledger_unsummed u, LATERAL (
                SELECT sum(amount_minor) AS minor FROM ledger_postings
                WHERE entry_nr = u.entry_nr AND account = ANY ($1) AND {which}) late
            WHERE u.at_ms < $3), 0))::bigint
"""
ACCOUNT_BALANCE = _BALANCE.format(party="''", which="true")
PARTY_BALANCE = _BALANCE.format(party="$6", which="party = $6")
BOOKING_BALANCE = """
    SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_postings
    WHERE account = $1 AND booking = $2 AND ($3::text IS NULL OR party = $3)
        AND ($4::bigint IS NULL OR at_ms <= $4)
"""


class OtherEntryError(StoreError):
    """Under this id other money was moved, or for another cause: a mistake of the caller's."""

    def __init__(self, id: str) -> None:  # noqa: A002 - its name everywhere
        super().__init__(f"entry {id!r} stands in the books already, and says otherwise")


async def post(conn: AnyConnection, tenant_key: int, entries: Sequence[Entry]) -> int:
    """Inside the caller's transaction, at whose end they must balance; how many were new.

    An id that stands there with the same money for the same cause is nothing new, and keeps the
    time and words it was first told with.
    """
    wanted: dict[str, Entry] = {}
    for made in entries:
        if substance(wanted.setdefault(made.id, made)) != substance(made):
            raise OtherEntryError(made.id)
    if not wanted:
        return 0
    known = await conn.fetch(POST, tenant_key, *_columns(list(wanted.values())))
    for row in known:
        there = tuple(Posting(*values) for values in row["postings"])
        if (row["kind"], row["about"], there) != substance(wanted[row["posted_id"]]):
            raise OtherEntryError(row["posted_id"])
    return len(wanted) - len(known)


async def balance(
    conn: AnyConnection,
    account: str,
    party: str | None = None,
    booking: str | None = None,
    at_ms: int | None = None,
) -> int:
    """Debits less credits up to and with that moment; without one, of all that is posted.

    For who speaks for the whole tenant, or of one party for who speaks for that one.
    """
    if booking is not None:
        minor: int = await conn.fetchval(BOOKING_BALANCE, account, booking, party, at_ms)
    elif party is not None:
        minor = await conn.fetchval(PARTY_BALANCE, [account], *cut(at_ms, BLOCK_DAYS), party)
    else:
        minor = await conn.fetchval(ACCOUNT_BALANCE, [account], *cut(at_ms, 1))
    return minor


def cut(at_ms: int | None, span_days: int) -> tuple[int, int, int, int]:
    """Up to when; from when on single postings count; up to which day blocks, and days, do."""
    if at_ms is None:
        at_ms = DAY_MAX * DAY_MS - 1
    whole_days = min((at_ms + 1) // DAY_MS, DAY_MAX)
    block = whole_days // BLOCK_DAYS * BLOCK_DAYS
    day = block if span_days == BLOCK_DAYS else whole_days
    return at_ms, day * DAY_MS, block, day


def _columns(entries: Sequence[Entry]) -> list[list[Any]]:
    """Of the entries, and then of all their postings."""
    heads = [
        (
            *(made.id, made.at_ms, made.cause.kind, made.cause.about, made.cause.version),
            *(made.cause.rule, made.cause.config_version, made.memo, digest(made)),
            len(made.postings),
        )
        for made in entries
    ]
    lines = [
        (i, line, posting.account, posting.amount_minor, posting.party, posting.booking)
        for i, made in enumerate(entries, 1)
        for line, posting in enumerate(made.postings, 1)
    ]
    return [list(column) for column in (*zip(*heads, strict=True), *zip(*lines, strict=True))]


async def unsummed_tenants(conn: AnyConnection) -> list[tuple[int, str]]:
    """For SYSTEM: key and id of those with entries that are not in the sums yet."""
    rows = await conn.fetch(
        "SELECT key, id FROM tenants WHERE EXISTS "
        "(SELECT FROM ledger_unsummed WHERE tenant_key = key) ORDER BY key"
    )
    return [(row["key"], row["id"]) for row in rows]


async def take_into_sums(conn: AnyConnection, tenant_key: int, at_most: int) -> int:
    """The oldest entries first; how many. None, while another does it for this tenant."""
    taken: int = await conn.fetchval("SELECT sum_ledger($1, $2)", tenant_key, at_most)
    return taken
