"""What the books come to: totals of accounts, parties' balances, debts by age, and where money
came from and went."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from store.ledger import BLOCK_DAYS, DAY_MS, cut
from store.postgres import AnyConnection

# As a balance, of all accounts at once. Of the day that is cut through, account by account: so it
# is a few ranges of an index, whatever the planner knows.
TOTALS = """
    WITH summed AS (
        SELECT account, debit_minor, credit_minor FROM ledger_sums
        WHERE party = '' AND days = 32 AND first_day < $3
        UNION ALL
        SELECT account, debit_minor, credit_minor FROM ledger_sums
        WHERE party = '' AND days = 1 AND first_day >= $3 AND first_day < $4
    ), known AS (
        SELECT DISTINCT account FROM ledger_sums WHERE party = '' AND days = 32
    ), rest AS (
        SELECT late.account, late.amount_minor, u.at_ms FROM ledger_unsummed u, LATERAL (
            SELECT account, amount_minor FROM ledger_postings WHERE entry_nr = u.entry_nr OFFSET 0
        ) late WHERE u.at_ms <= $1
    ), single AS (
        SELECT account, amount_minor FROM rest
        WHERE at_ms < $2 OR account NOT IN (SELECT account FROM known)
        UNION ALL
        SELECT known.account, p.amount_minor FROM known, LATERAL (
            SELECT amount_minor FROM ledger_postings
            WHERE account = known.account AND at_ms >= $2 AND at_ms <= $1 OFFSET 0
        ) p
    )
    SELECT account, sum(debit)::bigint AS debit_minor, sum(credit)::bigint AS credit_minor FROM (
        SELECT account, debit_minor AS debit, credit_minor AS credit FROM summed
        UNION ALL
        SELECT account, greatest(amount_minor, 0), greatest(-amount_minor, 0) FROM single
    ) every GROUP BY account
"""
PARTIES = """
    SELECT party, sum(minor)::bigint AS minor FROM (
        SELECT party, debit_minor - credit_minor AS minor FROM ledger_sums
        WHERE account = ANY ($1) AND party <> '' AND days = 32 AND first_day < $4
        UNION ALL
        SELECT party, amount_minor FROM ledger_postings
        WHERE account = ANY ($1) AND party IS NOT NULL AND at_ms >= $3 AND at_ms <= $2
        UNION ALL
        SELECT late.party, late.amount_minor FROM ledger_unsummed u, LATERAL (
            SELECT party, amount_minor FROM ledger_postings
            WHERE entry_nr = u.entry_nr AND account = ANY ($1) AND party IS NOT NULL OFFSET 0
        ) late WHERE u.at_ms < $3
    ) every GROUP BY party HAVING sum(minor) <> 0 ORDER BY party LIMIT $5
"""
# Credits with a booking pay that booking's oldest debits, others what has none.
AGEING = """
    WITH lines AS (
        SELECT party, booking, at_ms, entry_nr, line, $3 * amount_minor AS minor
        FROM ledger_postings WHERE account = $1 AND at_ms <= $2
    ), items AS (
        SELECT party, at_ms, minor,
            sum(greatest(minor, 0)) OVER (PARTITION BY party, booking
                ORDER BY at_ms, entry_nr, line) AS owed,
            sum(greatest(-minor, 0)) OVER (PARTITION BY party, booking) AS paid,
            sum(greatest(minor, 0)) OVER (PARTITION BY party, booking) AS owed_in_all,
            row_number() OVER (PARTITION BY party, booking ORDER BY at_ms, entry_nr, line) AS place
        FROM lines
    ), aged AS (
        SELECT party, width_bucket(($2 - at_ms) / $4, $5::bigint[]) AS bucket,
            least(minor, greatest(owed - paid, 0)) AS minor
        FROM items WHERE minor > 0 AND owed > paid
        UNION ALL
        SELECT party, -1, paid - owed_in_all FROM items WHERE place = 1 AND paid > owed_in_all
    )
    SELECT party, bucket, sum(minor)::bigint AS minor FROM aged GROUP BY party, bucket
    ORDER BY party, bucket LIMIT $6
"""
CASH_FLOW = """
    WITH money AS (
        SELECT DISTINCT entry_nr FROM ledger_postings
        WHERE account = ANY ($1) AND at_ms >= $2 AND at_ms < $3
    )
    SELECT p.account, e.cause_kind, sum(greatest(-p.amount_minor, 0))::bigint AS in_minor,
        sum(greatest(p.amount_minor, 0))::bigint AS out_minor
    FROM money JOIN ledger_postings p ON p.entry_nr = money.entry_nr
        JOIN ledger_entries e ON e.nr = money.entry_nr
    WHERE p.account <> ALL ($1) GROUP BY p.account, e.cause_kind
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """All that was debited and credited to an account."""

    account: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        return self.debit_minor - self.credit_minor


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """Money that came and went against one account, for one kind of cause."""

    account: str
    cause: str
    in_minor: int
    out_minor: int


@dataclasses.dataclass(frozen=True, slots=True)
class Aged:
    """What a party owes, by how old it is; bucket -1: it paid more than it owes."""

    party: str
    bucket: int
    minor: int


async def totals(conn: AnyConnection, at_ms: int | None) -> dict[str, Total]:
    """Of every account that was ever posted to, up to and with that moment."""
    until_ms, from_ms, block, day = cut(at_ms, 1)
    rows = await conn.fetch(TOTALS, until_ms, from_ms, block, day)
    return {row["account"]: Total(*row.values()) for row in rows}


async def party_balances(
    conn: AnyConnection, accounts: Sequence[str], at_ms: int | None, limit: int
) -> dict[str, int]:
    """Of every party whose balance is not nothing."""
    until_ms, from_ms, block, _ = cut(at_ms, BLOCK_DAYS)
    rows = await conn.fetch(PARTIES, list(accounts), until_ms, from_ms, block, limit)
    return {row["party"]: row["minor"] for row in rows}


async def ageing(
    conn: AnyConnection,
    account: str,
    at_ms: int,
    *,
    is_payable: bool,
    days: Sequence[int],
    limit: int,
) -> list[Aged]:
    """What is owed by parties, or to them; bucket 0 ends with the first of `days`, inclusive."""
    edges, sign = [last + 1 for last in days], -1 if is_payable else 1
    rows = await conn.fetch(AGEING, account, at_ms, sign, DAY_MS, edges, limit)
    return [Aged(*row.values()) for row in rows]


async def cash_flow(
    conn: AnyConnection, money: Sequence[str], from_ms: int, to_ms: int
) -> list[Flow]:
    rows = await conn.fetch(CASH_FLOW, list(money), from_ms, to_ms)
    return [Flow(*row.values()) for row in rows]
