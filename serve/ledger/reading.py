"""What the books say: entries, balances, statements, and that they were not tampered with."""

from __future__ import annotations

import time

from freight.ledger.chart import Chart
from serve.bookings.wire import Money
from serve.gateway import Gateway
from serve.identity.access import require
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.ledger.wire import (
    AccountOut,
    BalanceOut,
    BalancesOut,
    ChartAccountOut,
    ChartOut,
    EntryOut,
    FaultOut,
    LineOut,
    PartyBalanceOut,
    PartyBalancesOut,
    ProofOut,
    StatementOut,
    TrialBalanceOut,
    TrialRowOut,
    entry_of,
)
from serve.paging import ListOf, Page, not_a_cursor
from serve.problems import InvalidError, NotFoundError
from store import ledger_entries, ledger_proof, ledger_reports
from store.ledger_entries import Place, Wanted
from store.ledger_reports import Total
from store.postgres import moment

LATEST_MS = 4_102_444_800_000  # fixed: later than any time the API takes
NO_PARTY = "the books know no such party"


def chart_of(gateway: Gateway, who: Principal) -> Chart:
    return Chart.of(gateway.policy_of(who).ledger)


def now_ms() -> int:
    return int(time.time() * 1000)


def accounts(gateway: Gateway, who: Principal) -> ChartOut:
    return ChartOut(
        items=[
            ChartAccountOut(
                id=one.id,
                number=one.number,
                name=one.name,
                kind=one.kind,
                is_control=one.is_control,
                is_money=one.is_money,
            )
            for one in chart_of(gateway, who).accounts.values()
        ]
    )


# --------------------------------------------------------------------------------- entries


async def get_entry(gateway: Gateway, who: Principal, entry_id: str) -> EntryOut:
    async with gateway.as_tenant(who) as conn:
        return entry_of(await ledger_entries.get(conn, entry_id), chart_of(gateway, who))


async def list_entries(
    gateway: Gateway, who: Principal, wanted: Wanted, page: Page
) -> ListOf[EntryOut]:
    before = None if page.after is None else _pair(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await ledger_entries.list_page(conn, wanted, before, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: f"{one.entry.at_ms}.{one.nr}")
    chart = chart_of(gateway, who)
    return ListOf(items=[entry_of(one, chart) for one in kept], next_cursor=next_cursor)


# -------------------------------------------------------------------------------- balances


async def balances(
    gateway: Gateway, who: Principal, at_ms: int | None, account: str | None
) -> BalancesOut:
    chart = chart_of(gateway, who)
    async with gateway.as_tenant(who) as conn:
        found = await ledger_reports.totals(conn, _until(at_ms))
    if account is not None:
        found = {account: found.get(account, Total(account, 0, 0))}
    rows = [BalanceOut.of(chart.get(name), found[name]) for name in sorted(found, key=chart.place)]
    return BalancesOut(at=moment(_until(at_ms)), items=rows)


async def party_balances(
    gateway: Gateway, who: Principal, at_ms: int | None, account: str
) -> PartyBalancesOut:
    if not chart_of(gateway, who).get(account).is_control:
        detail = "is not kept by party"
        raise InvalidError.at("/account", detail, **{"in": "query"})
    most = gateway.policy_of(who).ledger.report_rows_max
    async with gateway.as_tenant(who) as conn:
        found = await ledger_reports.party_balances(conn, [account], _until(at_ms), most + 1)
    refuse_more(len(found), most)
    return PartyBalancesOut(
        at=moment(_until(at_ms)),
        items=[PartyBalanceOut(party=name, balance=Money.of(found[name])) for name in found],
        total=Money.of(sum(found.values())),
    )


async def trial_balance(gateway: Gateway, who: Principal, at_ms: int | None) -> TrialBalanceOut:
    chart = chart_of(gateway, who)
    async with gateway.as_tenant(who) as conn:
        found = await ledger_reports.totals(conn, _until(at_ms))
    minors = {name: found[name].balance_minor for name in sorted(found, key=chart.place)}
    return TrialBalanceOut(
        at=moment(_until(at_ms)),
        items=[
            TrialRowOut(
                account=AccountOut.of(chart.get(name)),
                debit=Money.of(max(minor, 0)),
                credit=Money.of(max(-minor, 0)),
            )
            for name, minor in minors.items()
        ],
        debit=Money.of(sum(max(minor, 0) for minor in minors.values())),
        credit=Money.of(sum(max(-minor, 0) for minor in minors.values())),
    )


def _until(at_ms: int | None) -> int:
    return now_ms() if at_ms is None else at_ms


def refuse_more(rows: int, most: int) -> None:
    if rows > most:
        raise InvalidError(f"more than {most} rows; ask for a shorter time or for less")


# ------------------------------------------------------------------------------ statements


async def statement(
    gateway: Gateway,
    who: Principal,
    party: str,
    span: tuple[int | None, int | None],
    page: Page,
) -> StatementOut:
    """For who speaks for one party there is that one, and no other."""
    bound = party_of(who)
    if bound is None:
        require(gateway, who, Permission.LEDGER_READ)
    elif bound != party:
        raise NotFoundError(NO_PARTY)
    from_ms, to_ms = span
    after = None if page.after is None else _place(page.after)
    async with gateway.as_tenant(who) as conn:
        if bound is None and not await ledger_entries.has_party(conn, party):
            raise NotFoundError(NO_PARTY)
        opening, lines = await ledger_entries.statement(
            conn, party, (from_ms or 0, to_ms or LATEST_MS), after, page.one_more
        )
    kept, next_cursor = page.cut(lines, lambda one: ".".join(map(str, one.place)))
    return StatementOut(
        party=party,
        opening=Money.of(opening),
        items=[LineOut.of(one) for one in kept],
        closing=Money.of(kept[-1].balance_minor if kept else opening),
        next_cursor=next_cursor,
    )


def party_of(who: Principal) -> str | None:
    """For whom alone the caller speaks."""
    if who.shipper is not None:
        return f"shippers/{who.shipper}"
    return None if who.carrier is None else f"carriers/{who.carrier}"


def _place(key: str) -> Place:
    numbers = _numbers(key, 3)
    return numbers[0], numbers[1], numbers[2]


def _pair(key: str) -> tuple[int, int]:
    numbers = _numbers(key, 2)
    return numbers[0], numbers[1]


def _numbers(key: str, count: int) -> list[int]:
    parts = key.split(".")
    if len(parts) != count or not all(part.isdecimal() for part in parts):
        raise not_a_cursor()
    numbers = [int(part) for part in parts]
    if max(numbers) >= 2**63:
        raise not_a_cursor()
    return numbers


# ----------------------------------------------------------------------------------- proof


async def prove(gateway: Gateway, who: Principal, after: int, digest: str) -> ProofOut:
    most = gateway.policy_of(who).ledger.proof_entries_at_once
    async with gateway.as_tenant(who) as conn:
        proof = await ledger_proof.prove(conn, after, bytes.fromhex(digest), most)
    return ProofOut(
        entries=proof.entries,
        seal=proof.seal,
        digest=proof.digest.hex(),
        is_whole=proof.is_whole,
        faults=[
            FaultOut(seal=one.seal, entry=one.entry, detail=one.detail) for one in proof.faults
        ],
    )
