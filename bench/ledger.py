"""bench ledger: posting with the constraint on, and balances as of any moment of ten million.

The floor of posting are the same entries with the triggers switched off, in turns with them, and
for comparison a plain COPY of the same rows. Before balances are asked, late entries are posted
that no sum has, into every part of the year; some answers are compared with brute force.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from bench import stack
from bench.ledger_ground import (
    CARRIERS,
    SHIPPERS,
    START_MS,
    YEAR_MS,
    entries_from,
    fill,
    sum_up,
)
from bench.own_servers import servers
from bench.report import Report
from config.installation import DatabaseRole, Installation
from config.policy import policy
from config.sections.storage import Pool
from freight.ledger.entries import Entry
from store import ledger, ledger_entries, ledger_reports, tenants
from store.postgres import AnyConnection, AnyPool, as_tenant, connect, open_pool
from store.tenants import Tenant

POSTINGS = 10_000_000
POSTED = 10_000
LATE = 1_000
ASKED = 200
POSTERS = 4
TURNS = 5
ENTRIES_A_STEP = 50
SEED = 7
P99_MS_AT_MOST = 100.0
RATIO_AT_LEAST = 0.5
COMPARED = 3
TRIGGERS = (
    ("ledger_entries", "ledger_entry_balances"),
    ("ledger_postings", "ledger_posting_of_entry"),
)
COPIED = (
    "entry_nr",
    "at_ms",
    "amount_minor",
    "tenant_key",
    "lines",
    "line",
    "account",
    "party",
    "booking",
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--postings", type=int, default=POSTINGS, help="in the books when asked")
    parser.add_argument("--posted", type=int, default=POSTED, help="entries posted a turn")
    parser.add_argument("--asked", type=int, default=ASKED, help="how often each balance is asked")


def run(args: argparse.Namespace) -> Report:
    report = Report("ledger")
    with stack.scratch() as folder, servers(folder) as where:
        asyncio.run(_measure(where, args, report))
    report.note(f"{POSTERS} posters at once; a step is a transaction of {ENTRIES_A_STEP} entries")
    report.note(f"balances with {LATE} late entries in no sum, of every part of a year")
    return report


async def _measure(where: Installation, args: argparse.Namespace, report: Report) -> None:
    size = Pool(size_min=POSTERS, size_max=POSTERS)
    owner = await connect(where.postgres, DatabaseRole.OWNER)
    try:
        tenant = await tenants.create(owner, "bench", "Bench")
        storage = policy().storage
        async with await open_pool(where.postgres, DatabaseRole.APP, size, storage) as app:
            begun = time.perf_counter()
            report.add("postings", await fill(owner, tenant, args.postings))
            report.add("filled_s", time.perf_counter() - begun)
            report.add("summed_s", await sum_up(app, tenant))
            await owner.execute("VACUUM (ANALYZE) ledger_sums")
            await _posting(app, owner, tenant, args.posted, report)
            await sum_up(app, tenant)
            await _asking(app, tenant, args.asked, report)
    finally:
        await owner.close()


# --------------------------------------------------------------------------------- posting


async def _posting(
    app: AnyPool, owner: AnyConnection, tenant: Tenant, posted: int, report: Report
) -> None:
    rates: dict[tuple[str, bool], list[float]] = {}
    for turn, is_checked in itertools.product(range(TURNS), (True, False)):
        for table, trigger in TRIGGERS:
            verb = "ENABLE" if is_checked else "DISABLE"
            await owner.execute(f"ALTER TABLE {table} {verb} TRIGGER {trigger}")
        for name, each, count in (
            ("postings", ENTRIES_A_STEP, posted),
            ("single_entries", 1, max(posted // 20, 1)),
        ):
            made = list(entries_from(f"{name}{turn}{is_checked}", 0, count))
            rates.setdefault((name, is_checked), []).append(await _post(app, tenant, made, each))
    for table, trigger in TRIGGERS:
        await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    for name in ("postings", "single_entries"):
        checked, bare = (max(rates[name, is_checked]) for is_checked in (True, False))
        wanted = {"ratio_at_least": RATIO_AT_LEAST} if name == "postings" else {}
        report.add(f"{name}_per_s", checked, floor=bare, **wanted)
    report.add("plain_copy_per_s", await _copy(owner, tenant, posted))


async def _post(app: AnyPool, tenant: Tenant, made: Sequence[Entry], each: int) -> float:
    """Postings a second, committed."""
    steps = iter([made[first : first + each] for first in range(0, len(made), each)])

    async def poster() -> None:
        for step in steps:
            async with as_tenant(app, tenant.key) as conn:
                await ledger.post(conn, tenant.key, step)

    begun = time.perf_counter()
    await asyncio.gather(*(poster() for _ in range(POSTERS)))
    return sum(len(one.postings) for one in made) / (time.perf_counter() - begun)


async def _copy(owner: AnyConnection, tenant: Tenant, count: int) -> float:
    """The same rows into a table of the same columns and indexes, and nothing else."""
    rows = [
        (
            *(nr, one.at_ms, posting.amount_minor, tenant.key, len(one.postings), line),
            *(posting.account, posting.party, posting.booking),
        )
        for nr, one in enumerate(entries_from("copy", 0, count))
        for line, posting in enumerate(one.postings, 1)
    ]
    await owner.execute("CREATE TABLE bare_postings (LIKE ledger_postings INCLUDING INDEXES)")
    begun = time.perf_counter()
    await owner.copy_records_to_table("bare_postings", records=rows, columns=COPIED)
    return len(rows) / (time.perf_counter() - begun)


# ---------------------------------------------------------------------------------- asking


async def _asking(app: AnyPool, tenant: Tenant, asked: int, report: Report) -> None:
    late = list(entries_from("late", 0, LATE))
    await _post(app, tenant, late, ENTRIES_A_STEP)
    draw = random.Random(SEED)

    def at() -> int:
        return START_MS + draw.randrange(YEAR_MS)

    def shipper() -> str:
        return f"shippers/s{draw.randrange(SHIPPERS)}"

    def carrier() -> str:
        return f"carriers/c{draw.randrange(CARRIERS)}"

    async with as_tenant(app, tenant.key) as conn:
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "balance_of_account": lambda: ledger.balance(conn, "receivables", at_ms=at()),
            "balance_of_shipper": lambda: ledger.balance(
                conn, "receivables", shipper(), at_ms=at()
            ),
            "balance_of_carrier": lambda: ledger.balance(
                conn, "carrier_payables", carrier(), at_ms=at()
            ),
            "balance_of_now": lambda: ledger.balance(conn, "freight_income"),
            "all_accounts": lambda: ledger_reports.totals(conn, at()),
        }
        for name, ask in questions.items():
            p50, p99 = await _times(asked, ask)
            report.add(f"{name}_p50_ms", p50)
            report.add(f"{name}_p99_ms", p99, at_most=P99_MS_AT_MOST)
        brute = await _times(COMPARED, lambda: _compare(conn, at()))
        report.add("brute_force_ms", brute[0])
        reports: dict[str, Callable[[], Awaitable[object]]] = {
            "statement_page": lambda: ledger_entries.statement(
                conn, shipper(), (at(), START_MS + YEAR_MS), None, 50
            ),
            "debts_of_all_shippers": lambda: ledger_reports.party_balances(
                conn, ["receivables"], at(), SHIPPERS + CARRIERS
            ),
        }
        for name, ask in reports.items():
            report.add(f"{name}_p50_ms", (await _times(max(asked // 10, 1), ask))[0])


async def _compare(conn: AnyConnection, at_ms: int) -> None:
    found = await ledger.balance(conn, "receivables", at_ms=at_ms)
    brute = await conn.fetchval(
        "SELECT sum(amount_minor) FROM ledger_postings WHERE account = $1 AND at_ms <= $2",
        "receivables",
        at_ms,
    )
    if found != (brute or 0):
        raise AssertionError(f"the sums say {found}, the postings {brute}, as of {at_ms}")


async def _times(asked: int, ask: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one after another."""
    took = []
    for _ in range(asked):
        begun = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - begun) * 1000.0)
    p50, p99 = np.percentile(took, [50, 99])
    return float(p50), float(p99)
