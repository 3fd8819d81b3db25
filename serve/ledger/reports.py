"""Reports of the books: debts by age, where money came from and went, what was earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from freight.ledger.accounts import MONEY, Kind, Role
from freight.ledger.chart import Chart
from serve.bookings.wire import Money
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.ledger.reading import chart_of, now_ms, refuse_more
from serve.ledger.wire import (
    AccountOut,
    AgedOut,
    AgeingOut,
    CashFlowOut,
    EarnedOut,
    FlowOut,
    MoneyAccountOut,
    PeriodOut,
    RevenueOut,
)
from serve.problems import InvalidError
from store import ledger_reports
from store.ledger_reports import Aged, Total
from store.postgres import epoch_ms, moment

MONTHS_OF_YEAR = 12
UNAPPLIED = -1


class Owed(StrEnum):
    RECEIVABLES = "receivables"
    PAYABLES = "payables"


class Every(StrEnum):
    DAY = "day"
    MONTH = "month"


# ---------------------------------------------------------------------------------- ageing


async def ageing(gateway: Gateway, who: Principal, at_ms: int | None, owed: Owed) -> AgeingOut:
    rules = gateway.policy_of(who).ledger
    account = Role.RECEIVABLES if owed is Owed.RECEIVABLES else Role.CARRIER_PAYABLES
    until_ms = now_ms() if at_ms is None else at_ms
    buckets = len(rules.ageing_days) + 1
    async with gateway.as_tenant(who) as conn:
        found = await ledger_reports.ageing(
            conn,
            account,
            until_ms,
            is_payable=owed is Owed.PAYABLES,
            days=rules.ageing_days,
            limit=rules.report_rows_max + 1,
        )
    refuse_more(len(found), rules.report_rows_max)
    of_party: dict[str, list[Aged]] = {}
    for one in found:
        of_party.setdefault(one.party, []).append(one)
    return AgeingOut(
        at=moment(until_ms),
        account=AccountOut.of(chart_of(gateway, who).get(account)),
        days_from=[0, *(last + 1 for last in rules.ageing_days)],
        items=[_aged(party, of_party[party], buckets) for party in of_party],
        total=_aged("", found, buckets),
    )


def _aged(party: str, found: Sequence[Aged], buckets: int) -> AgedOut:
    minors = [0] * buckets
    unapplied = 0
    for one in found:
        if one.bucket == UNAPPLIED:
            unapplied += one.minor
        else:
            minors[one.bucket] += one.minor
    return AgedOut(
        party=party,
        buckets=[Money.of(minor) for minor in minors],
        unapplied=Money.of(unapplied),
        total=Money.of(sum(minors) - unapplied),
    )


# ------------------------------------------------------------------------------- cash flow


async def cash_flow(gateway: Gateway, who: Principal, from_ms: int, to_ms: int) -> CashFlowOut:
    chart = chart_of(gateway, who)
    async with gateway.as_tenant(who) as conn:
        opening = await ledger_reports.totals(conn, from_ms - 1)
        closing = await ledger_reports.totals(conn, to_ms - 1)
        flows = await ledger_reports.cash_flow(conn, sorted(MONEY), from_ms, to_ms)
    flows.sort(key=lambda flow: (chart.place(flow.account), flow.cause))
    return CashFlowOut(
        since=moment(from_ms),
        until=moment(to_ms),
        accounts=[
            MoneyAccountOut(
                account=AccountOut.of(chart.get(name)),
                opening=Money.of(_minor(opening, name)),
                closing=Money.of(_minor(closing, name)),
            )
            for name in sorted(MONEY, key=chart.place)
        ],
        items=[
            FlowOut(
                account=AccountOut.of(chart.get(flow.account)),
                cause=flow.cause,
                inflow=Money.of(flow.in_minor),
                outflow=Money.of(flow.out_minor),
            )
            for flow in flows
        ],
        inflow=Money.of(sum(flow.in_minor for flow in flows)),
        outflow=Money.of(sum(flow.out_minor for flow in flows)),
    )


def _minor(totals: Mapping[str, Total], account: str) -> int:
    return totals[account].balance_minor if account in totals else 0


# --------------------------------------------------------------------------------- revenue


async def revenue(
    gateway: Gateway, who: Principal, span: tuple[int, int], every: Every
) -> RevenueOut:
    """Periods of the tenant's calendar; the first and last may be cut off by the span."""
    policy = gateway.policy_of(who)
    edges = edges_of(span, every, policy.pricing.time_zone, policy.ledger.periods_max)
    async with gateway.as_tenant(who) as conn:
        standing = [await ledger_reports.totals(conn, edge - 1) for edge in edges]
    return _earned(chart_of(gateway, who), edges, standing)


def _earned(
    chart: Chart, edges: Sequence[int], standing: Sequence[Mapping[str, Total]]
) -> RevenueOut:
    sums = {Kind.INCOME: [0] * (len(edges) - 1), Kind.EXPENSE: [0] * (len(edges) - 1)}
    items = []
    for name in sorted(standing[-1], key=chart.place):
        kind = chart.get(name).kind
        if kind not in sums:
            continue
        sign = 1 if kind is Kind.EXPENSE else -1
        minors = [sign * _minor(totals, name) for totals in standing]
        grown = [after - before for before, after in pairwise(minors)]
        sums[kind] = [known + more for known, more in zip(sums[kind], grown, strict=True)]
        if any(grown):
            amounts = [Money.of(minor) for minor in grown]
            items.append(EarnedOut(account=AccountOut.of(chart.get(name)), amounts=amounts))
    return RevenueOut(periods=_periods(edges, sums[Kind.INCOME], sums[Kind.EXPENSE]), items=items)


def _periods(
    edges: Sequence[int], income: Sequence[int], expense: Sequence[int]
) -> list[PeriodOut]:
    return [
        PeriodOut(
            since=moment(edges[i]),
            until=moment(edges[i + 1]),
            income=Money.of(income[i]),
            expense=Money.of(expense[i]),
            margin=Money.of(income[i] - expense[i]),
        )
        for i in range(len(edges) - 1)
    ]


def edges_of(span: tuple[int, int], every: Every, time_zone: str, periods_max: int) -> list[int]:
    """Where periods begin and end: the span's own ends, and midnights between."""
    from_ms, to_ms = span
    edges = [from_ms]
    local = moment(from_ms).astimezone(ZoneInfo(time_zone))
    while edges[-1] < to_ms:
        if len(edges) > periods_max:
            detail = f"more than {periods_max} periods; ask for a shorter time"
            raise InvalidError.at("/from", detail, **{"in": "query"})
        local = _next(local, every)
        edges.append(min(epoch_ms(local), to_ms))
    return edges


def _next(local: datetime, every: Every) -> datetime:
    """The clock's next midnight, or the first of a month: a day there may have 23 hours."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if every is Every.DAY:
        return datetime.fromordinal(midnight.toordinal() + 1).replace(tzinfo=local.tzinfo)
    year, month = divmod(midnight.month, MONTHS_OF_YEAR)
    return midnight.replace(year=midnight.year + year, month=month + 1, day=1)
