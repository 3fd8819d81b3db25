"""What `bench ledger` posts and asks: a year of a haulier's books, as bookings make them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from freight.ledger.entries import Cause, Entry, Posting, entry
from store import ledger
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

START_MS = 1_767_225_600_000  # 2026-01-01
YEAR_MS = 365 * 86_400_000
SHIPPERS = 2_000
CARRIERS = 1_500
SLAB_ENTRIES = 60_000
SUMS_AT_ONCE = 20_000
# What one booking posts: an advance, the invoice, the advance taken up, what the carrier gets.
# Kind of entry, line, account, how many times the entry's base amount, whose.
LINES = (
    (0, 1, "provider_clearing", 30, None),
    (0, 2, "customer_advances", -30, "shippers"),
    (1, 1, "receivables", 105, "shippers"),
    (1, 2, "freight_income", -100, None),
    (1, 3, "output_cgst", -2, None),
    (1, 4, "output_sgst", -3, None),
    (2, 1, "customer_advances", 30, "shippers"),
    (2, 2, "receivables", -30, "shippers"),
    (3, 1, "carriage_cost", 90, None),
    (3, 2, "carrier_payables", -88, "carriers"),
    (3, 3, "tds_payable", -2, None),
)
KINDS = 4
POSTINGS_A_BOOKING = len(LINES)

SECONDARY = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'ledger_postings' AND indexname <> 'ledger_postings_pkey'
"""
FILL = """
    WITH lines (kind, line, account, part, whose) AS (
        SELECT * FROM unnest($5::int[], $6::smallint[], $7::text[], $8::int[], $9::text[])
    ), added AS (
        INSERT INTO ledger_entries
            (tenant_key, id, at_ms, cause_kind, cause_about, memo, digest, lines)
        SELECT $1, 'f' || i, $4::bigint + (i * $10::float8)::bigint, 'booking',
            'bookings/B' || i / 4, '', sha256(int8send(i)),
            (SELECT count(*) FROM lines WHERE kind = i % 4)
        FROM generate_series($2::bigint, $3 - 1) i
        RETURNING nr, at_ms, lines, substr(id, 2)::bigint AS i
    ), booked AS (
        INSERT INTO ledger_postings
            (entry_nr, at_ms, tenant_key, lines, line, account, amount_minor, party, booking)
        SELECT nr, at_ms, $1, added.lines, line, account, part * (1000 + i / 4 % 977),
            CASE whose WHEN 'shippers' THEN 'shippers/s' || i / 4 % $11
                WHEN 'carriers' THEN 'carriers/c' || i / 4 % $12 END, 'B' || i / 4
        FROM added JOIN lines ON kind = i % 4
    )
    INSERT INTO ledger_unsummed (entry_nr, at_ms, tenant_key) SELECT nr, at_ms, $1 FROM added
"""


async def fill(owner: AnyConnection, tenant: Tenant, postings: int) -> int:
    """In the order of time, with the constraint on, most indexes made afterwards; how many."""
    bookings = max(1, postings // POSTINGS_A_BOOKING)
    entries = bookings * KINDS
    columns = [list(column) for column in zip(*LINES, strict=True)]
    await owner.execute(f"SET ubertruck.tenant_key = {int(tenant.key)}")
    indexes = await owner.fetch(SECONDARY)
    for index in indexes:
        await owner.execute(f"DROP INDEX {index['indexname']}")
    for first in range(0, entries, SLAB_ENTRIES):
        last = min(first + SLAB_ENTRIES, entries)
        every_ms = YEAR_MS / entries
        parties = (SHIPPERS, CARRIERS)
        await owner.execute(FILL, tenant.key, first, last, START_MS, *columns, every_ms, *parties)
    for index in indexes:
        await owner.execute(index["indexdef"])
    await owner.execute("VACUUM (ANALYZE) ledger_entries")
    await owner.execute("VACUUM (ANALYZE) ledger_postings")
    return bookings * POSTINGS_A_BOOKING


async def sum_up(app: AnyPool, tenant: Tenant) -> float:
    """All that was posted; how many seconds it took."""
    begun = time.perf_counter()
    taken = 1
    while taken:
        async with as_tenant(app, tenant.key) as conn:
            taken = await ledger.take_into_sums(conn, tenant.key, SUMS_AT_ONCE)
    return time.perf_counter() - begun


def entries_from(prefix: str, first: int, count: int) -> Iterator[Entry]:
    """As the engines make them, of bookings that no fill has; as late as everything else."""
    for i in range(first, first + count):
        booking, base = f"{prefix}{i // KINDS}", 1000 + i % 977
        parties = {"shippers": f"shippers/s{i % SHIPPERS}", "carriers": f"carriers/c{i % CARRIERS}"}
        postings = [
            Posting(account, part * base, None if whose is None else parties[whose], booking)
            for kind, _, account, part, whose in LINES
            if kind == i % KINDS
        ]
        at_ms = START_MS + i * 7919 * 1000 % YEAR_MS
        cause = Cause("booking", f"bookings/{booking}", 3, "/*/services/booking/business", 1)
        yield entry(f"{prefix}-{i}", at_ms, cause, "Of a booking", postings)
