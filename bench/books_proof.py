"""Whether a month's books agree: reports with each other, and with what they were posted from.

What was posted from is read back and added up here by itself; none of the product's postings are
asked what they should have been.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

from bench.books_ground import CLOCK_MS, Ground
from bench.books_month import DAY_MS, DAYS, HOME, START_MS
from bench.books_office import Office
from bench.books_sources import (
    CHARGING,
    SIGNS,
    Found,
    Line,
    compare_carriers,
    compare_documents,
    compare_money,
    is_of_carrier,
    settled_minor,
)
from freight.invoices.documents import Document, DocumentKind, Head
from freight.invoices.gstr_rows import Row, Section, rows_of
from freight.ledger.accounts import CONTROL, Role
from freight.payments.state import Purpose
from freight.settlements.state import CHARGED_TAX, EARNED
from freight.settlements.state import Head as Due
from freight.tax.calendar import india_day
from store import dues, invoices, ledger_proof, ledger_reports, tds
from store.postgres import AnyConnection

MOST = 1_000_000


async def agreement(ground: Ground, office: Office) -> tuple[list[Line], dict[str, int]]:
    at_ms = START_MS + DAYS * DAY_MS - 1
    CLOCK_MS.set(at_ms)
    paid = [one async for one in office.payments()]
    settled = [one async for one in office.settlements()]
    sent = [one async for one in office.payouts()]
    async with ground.desk.writing(ground.tenant) as conn:
        totals = await ledger_reports.totals(conn, None)
        first, last = india_day(START_MS), india_day(at_ms)
        documents = await invoices.of_days(conn, first, last, HOME, MOST)
        balances = {name: total.balance_minor for name, total in totals.items()}
        found = Found(balances, documents, paid, settled, sent)
        debits = sum(total.debit_minor for total in totals.values())
        credited = sum(total.credit_minor for total in totals.values())
        found.same("trial balance: debits = credits", debits, credited)
        await _ledgers(conn, found, at_ms)
        compare_documents(found)
        compare_money(found)
        compare_carriers(found)
        await _register(conn, ground, found)
        _returns(ground, found)
        await _dues(conn, found)
        _series(found)
        await _nothing_stuck(conn, ground, found)
        entries = await conn.fetchval("SELECT count(*) FROM ledger_entries")
    counts = {"documents": len(documents), "payments": len(paid), "settlements": len(settled)}
    counts |= {"payouts": len(sent), "entries": entries, **_mix(found)}
    return found.lines, counts


def _mix(found: Found) -> dict[str, int]:
    """That everything came up."""
    kinds = Counter(document.kind.value for document in found.documents)
    states = Counter(f"payouts {payout.status.value}" for payout in found.payouts)
    refunds = Counter(
        f"refunds {one.to.value} {one.state.value}"
        for paid in found.payments
        for one in paid.refunds
    )
    modes = Counter(line.mode for one in found.documents for line in one.lines)
    rates = Counter(f"lines at {line.rate_bp} bp" for one in found.documents for line in one.lines)
    return dict(sorted((kinds + states + refunds + modes + rates).items()))


# ---------------------------------------------------------------------- reports among themselves


async def _ledgers(conn: AnyConnection, found: Found, at_ms: int) -> None:
    found.same("trial balance: sum of balances", sum(found.totals.values()), 0)
    at_end = await ledger_reports.totals(conn, at_ms)
    off = sum(total.balance_minor != found.totals[name] for name, total in at_end.items())
    found.same("accounts that stood otherwise at the month's end", off, 0)
    for account in sorted(CONTROL):
        parties = await ledger_reports.party_balances(conn, [account], None, MOST)
        found.same(f"{account} = its parties", found.balance(account), sum(parties.values()))
    for account, sign in ((Role.RECEIVABLES, 1), (Role.CARRIER_PAYABLES, -1)):
        aged = await ledger_reports.ageing(
            conn, account, at_ms, is_payable=sign < 0, days=[7, 14, 21], limit=MOST
        )
        by_age = sum(one.minor if one.bucket >= 0 else -one.minor for one in aged)
        found.same(f"{account} = its ageing", found.balance(account), sign * by_age)
    proof = await ledger_proof.prove(conn, 0, b"", MOST)
    found.same("entries that are not as they were sealed", len(proof.faults), 0)


# ------------------------------------------------------------------------------- tax registers


async def _register(conn: AnyConnection, ground: Ground, found: Found) -> None:
    since, until = (datetime.fromtimestamp(s, UTC) for s in (0, 4_000_000_000))
    rows = await tds.register(conn, ground.desk.personal, since, until, MOST)
    deducted = sum(row.deducted_minor for row in rows)
    found.same("tds_payable = TDS register", -found.balance(Role.TDS_PAYABLE), deducted)
    credited = sum(row.credited_minor for row in rows)
    # What is taken back later was credited all the same; tolls are no pay.
    earned = sum(max(one.sum_of(EARNED - {Due.TOLL}), 0) for one in found.booked)
    found.same("credited in the register = earned by settlements", credited, earned)


# ---------------------------------------------------------------------------------------- returns


def _returns(ground: Ground, found: Found) -> None:
    rules = ground.desk.policy_of(ground.tenant).invoices
    rows = rows_of(found.documents, {}, rules)
    ours = [row for row in rows if not row.is_reverse_charge]
    for name, roles in (
        ("igst", [Role.OUTPUT_IGST]),
        ("cgst", [Role.OUTPUT_CGST]),
        ("sgst", [Role.OUTPUT_SGST, Role.OUTPUT_UTGST]),
    ):
        told = sum(_sign(row) * getattr(row, f"{name}_minor") for row in ours)
        found.same(f"GSTR-1 {name} = output tax", told, -found.balance(*roles))
    reverse = sum(
        _sign(row) * (row.igst_minor + row.cgst_minor + row.sgst_minor)
        for row in rows
        if row.is_reverse_charge
    )
    owed = sum(SIGNS.get(one.kind, 0) * one.reverse_charge_minor for one in found.documents)
    found.same("GSTR-1 reverse charge = documents", reverse, owed)
    supplied = [row for row in rows if row.section is not Section.ADVANCES]
    taxable = sum(_sign(row) * row.taxable_minor for row in supplied)
    income = (Role.FREIGHT_INCOME, Role.DETENTION_INCOME, Role.CANCELLATION_INCOME)
    earned = -found.balance(*income, Role.PLATFORM_FEE_INCOME, Role.OTHER_INCOME)
    earned += settled_minor(found, Due.FEE)  # what carriers are charged otherwise is no supply
    found.same("GSTR-1 taxable = income", taxable, earned)
    _papers_of_fees(found)


def _papers_of_fees(found: Found) -> None:
    papers = [(SIGNS.get(one.kind, 0), one) for one in found.documents if is_of_carrier(one)]
    taxable = sum(sign * one.taxable_minor for sign, one in papers)
    found.same("papers of carriers' fees = fees", taxable, -settled_minor(found, Due.PLATFORM_FEE))
    tax = sum(sign * one.tax_minor for sign, one in papers)
    taken = -sum(settled_minor(found, head) for head in CHARGED_TAX)
    found.same("tax on papers of carriers' fees = tax on fees", tax, taken)


def _sign(row: Row) -> int:
    """Tables of notes name what they take back without a sign."""
    is_back = row.section in {Section.CDNR, Section.CDNUR} and row.kind is DocumentKind.CREDIT_NOTE
    return -1 if is_back else 1


# ------------------------------------------------------------------------------- bookings, series


async def _dues(conn: AnyConnection, found: Found) -> None:
    """Of bookings that are invoiced: what is owed is what the documents say, less claims."""
    charged: Counter[str] = Counter()
    for one in found.of_shippers:
        if one.booking is not None:
            charged[one.booking] += SIGNS.get(one.kind, 0) * one.total_minor
    rows = await conn.fetch(
        "SELECT booking, sum(amount_minor)::bigint AS minor FROM ledger_postings "
        "WHERE account = 'shortage_cost' GROUP BY booking"
    )
    claimed = {row["booking"]: row["minor"] for row in rows}
    invoiced = {one.booking for one in found.of_shippers if one.kind in CHARGING}
    kept: Counter[str] = Counter()
    for payment in found.payments:
        if payment.purpose is Purpose.DUE:
            kept[payment.booking or ""] += payment.kept_minor
    owed: Counter[str] = Counter()
    open_minor: Counter[str] = Counter()
    for booking in invoiced:
        for due in await dues.of_booking(conn, booking or ""):
            owed[booking or ""] += due.amount_minor
            open_minor[booking or ""] += due.open_minor
    net = {name: charged[name or ""] - claimed.get(name, 0) for name in invoiced}
    found.same("dues = documents - claims", sum(owed.values()), sum(net.values()))
    off = sum(owed[name or ""] != minor for name, minor in net.items())
    found.same("bookings whose dues are not their documents less claims", off, 0)
    left = sum(max(minor - kept[name or ""], 0) for name, minor in net.items())
    found.same("open dues = documents - claims - payments", sum(open_minor.values()), left)
    rows = await conn.fetch(
        "SELECT booking, account, sum(amount_minor)::bigint AS minor FROM ledger_postings "
        "WHERE account IN ('receivables', 'customer_advances') GROUP BY booking, account"
    )
    by_booking: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        by_booking[row["booking"]][row["account"]] += row["minor"]
    stands = {name: sum(sums.values()) for name, sums in by_booking.items()}
    off = sum(stands.get(name or "", 0) != minor - kept[name or ""] for name, minor in net.items())
    found.same("bookings whose ledger is not documents - claims - payments", off, 0)
    both = sum(sums["receivables"] > 0 > sums["customer_advances"] for sums in by_booking.values())
    found.same("bookings that owe and have paid, not taken up", both, 0)


def _series(found: Found) -> None:
    series: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for one in found.documents:
        series[one.series, one.state, one.year].append(one.nr)
    broken = sum(sorted(numbers) != list(range(1, len(numbers) + 1)) for numbers in series.values())
    found.same(f"of {len(series)} series with gaps or duplicates", broken, 0)
    numbers = [one.number for one in found.documents]
    found.same("document numbers that are unique", len(set(numbers)), len(numbers))
    again = _charged_again(found.documents)
    found.same("credit notes by hand that were invoiced again", again, 0)


def _charged_again(documents: list[Document]) -> int:
    noted = {one.booking: one.issued_ms for one in documents if one.cause.startswith("by-hand/")}
    return sum(
        one.kind in CHARGING
        and one.booking in noted
        and one.issued_ms >= noted[one.booking]
        and any(line.head is Head.FREIGHT for line in one.lines)
        for one in documents
    )


async def _nothing_stuck(conn: AnyConnection, ground: Ground, found: Found) -> None:
    waiting = await conn.fetchval("SELECT count(*) FROM books_queue")
    found.same("bookings that the books have yet to look at", waiting, 0)
    async with ground.desk.system.acquire() as system:
        stuck = await dues.stuck(system, 1)
    found.same("bookings that the books cannot look at", stuck.bookings, 0)
