"""Imports statements, and books what they show."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from actors.life import now_ms
from freight.reconciling.amounts import UnreadableError
from freight.reconciling.matching import LineKind, Status
from freight.reconciling.postings import confirmed
from freight.reconciling.rules import ReconcilingRules
from freight.reconciling.statements import BankRow, read
from freight.refusal import Refusal
from freight.tax.calendar import india_day
from providers.errors import ProviderAwayError, ProviderRefusedError, ProviderUnsetError
from providers.payments import SettledItem
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import tenant_of
from serve.problems import (
    BadGatewayError,
    ConflictError,
    InvalidError,
    StaleError,
    UnavailableError,
)
from serve.reconciliation.finding import BANK, PROVIDER, find_all, holds_of
from serve.reconciliation.wire import (
    Confirming,
    ImportedOut,
    ImportOut,
    LineOut,
    MatchedOut,
    RowFaultOut,
    UnsettledOut,
)
from store import ledger, reconciliation
from store.postgres import AnyConnection
from store.reconciliation import Import, Line, NewLine

NAME = "razorpay"
DIGEST_BYTES = 12
DELIMITERS = (",", ";", "\t", "|")
ITEM_KINDS = {"payment": LineKind.PAYMENT, "refund": LineKind.REFUND}


def _digest(*parts: object) -> str:
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


# ------------------------------------------------------------------------------------- banks


async def import_bank(gateway: Gateway, who: Principal, account: str, body: bytes) -> ImportedOut:
    rules = gateway.policy_of(who).reconciling
    known = rules.accounts.get(account)
    if known is None or known.form not in rules.formats:
        says = f"no bank account {account!r} is set up; there are: {', '.join(rules.accounts)}"
        raise InvalidError.at("/account", says, **{"in": "query"})
    try:
        found = read(_tables(_text(body, rules)), rules.formats[known.form], rules.utr_forms)
    except UnreadableError as failed:
        raise InvalidError.at("", str(failed)) from failed
    if len(found.rows) + len(found.faults) > rules.rows_max:
        raise InvalidError.at("", f"a statement has at most {rules.rows_max} rows")
    lines = _bank_lines(account, found.rows)
    what = _import(who, BANK, account, lines)
    faults = [RowFaultOut(row=fault.row, detail=fault.detail) for fault in found.faults]
    return await _imported(gateway, who, what, lines, faults=faults)


def _text(body: bytes, rules: ReconcilingRules) -> str:
    if len(body) > rules.bytes_max:
        raise InvalidError.at("", f"a statement has at most {rules.bytes_max} bytes")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as failed:
        raise InvalidError.at("", "the file is not UTF-8") from failed
    if "\x00" in text:
        raise InvalidError.at("", "the file is not text")
    return text


def _tables(text: str) -> Iterator[list[list[str]]]:
    """With each of the delimiters that banks use."""
    for delimiter in DELIMITERS:
        try:
            yield list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error as failed:
            raise InvalidError.at("", f"the file is not CSV: {failed}") from failed


def _bank_lines(account: str, rows: Sequence[BankRow]) -> list[NewLine]:
    """Of two that say the same the second is another line; in an overlapping statement too."""
    seen: Counter[str] = Counter()
    lines: list[NewLine] = []
    for row in rows:
        said = _digest(
            *(account, row.day, row.amount_minor, row.narration, row.reference, row.balance_minor)
        )
        seen[said] += 1
        lines.append(
            NewLine(
                id=f"sl-{_digest(said, seen[said])}",
                kind=LineKind.OTHER,
                day=row.day,
                amount_minor=row.amount_minor,
                utr=row.utr,
                narration=row.narration,
            )
        )
    return lines


# --------------------------------------------------------------------------------- providers


async def import_provider(gateway: Gateway, who: Principal, day: date) -> ImportedOut:
    """Asked outside any transaction; what is not settled yet comes with a later day."""
    try:
        provider = await gateway.providers.payments(tenant_of(who))
        items = await provider.settled_items(day)
    except ProviderUnsetError as unset:
        raise ConflictError(str(unset)) from unset
    except ProviderRefusedError as refused:
        raise BadGatewayError(f"the provider refuses: {refused.detail}") from refused
    except ProviderAwayError as away:
        retry_s = gateway.policy.edge.overloaded_retry_s
        raise UnavailableError("the provider does not answer", retry_after_s=retry_s) from away
    lines = [_item_line(item, day) for item in items if item.is_settled]
    what = _import(who, PROVIDER, NAME, lines)
    unsettled = len(items) - len(lines)
    return await _imported(gateway, who, what, lines, unsettled=unsettled)


def _item_line(item: SettledItem, day: date) -> NewLine:
    amount = item.amount_minor
    if item.kind != "payment":
        amount = item.credit_minor - item.debit_minor
    settled = day if item.settled_ms is None else india_day(item.settled_ms)
    return NewLine(
        id=f"sl-{_digest(NAME, item.kind, item.entity, item.settlement)}",
        kind=ITEM_KINDS.get(item.kind, LineKind.OTHER),
        day=settled,
        amount_minor=amount,
        fee_minor=item.fee_minor,
        tax_minor=item.tax_minor,
        entity=item.entity,
        settlement=item.settlement,
        utr=item.utr,
    )


def _import(who: Principal, source: str, account: str, lines: Sequence[NewLine]) -> Import:
    return Import(
        id=f"si-{_digest(source, account, *(line.id for line in lines))}",
        source=source,
        account=account,
        at=datetime.now(UTC),
        rows=len(lines),
        told_by=who.name,
    )


async def _imported(
    gateway: Gateway,
    who: Principal,
    what: Import,
    lines: Sequence[NewLine],
    *,
    faults: Sequence[RowFaultOut] = (),
    unsettled: int = 0,
) -> ImportedOut:
    rules = gateway.policy_of(who).reconciling
    subject = f"statement-imports/{what.id}"
    async with gateway.changing(who, f"reconciliation.import_{what.source}", subject) as change:
        made = await reconciliation.put(change.conn, who.tenant_key, what, lines)
        matched = (await find_all(change.conn, NAME, rules)).matched
        shown = ImportOut.of(made)
        change.after = shown
    return ImportedOut(
        **shown.model_dump(), faults=list(faults), unsettled=unsettled, matched=matched
    )


async def match(gateway: Gateway, who: Principal) -> MatchedOut:
    async with gateway.changing(who, "reconciliation.match", "statement-lines") as change:
        rules = gateway.policy_of(who).reconciling
        change.after = made = await find_all(change.conn, NAME, rules)
    return made


# ------------------------------------------------------------------------------------- lines


async def list_imports(gateway: Gateway, who: Principal, page: Page) -> ListOf[ImportOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await reconciliation.list_imports(conn, before, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[ImportOut.of(one) for one in kept], next_cursor=next_cursor)


async def list_lines(
    gateway: Gateway, who: Principal, page: Page, having: dict[str, str | None]
) -> ListOf[LineOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await reconciliation.list_page(
            conn, before=before, limit=page.one_more, having=having
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[LineOut.of(one) for one in kept], next_cursor=next_cursor)


async def get_line(gateway: Gateway, who: Principal, line_id: str) -> LineOut:
    async with gateway.as_tenant(who) as conn:
        return LineOut.of(await reconciliation.get(conn, line_id))


async def unsettled(gateway: Gateway, who: Principal) -> list[UnsettledOut]:
    policy = gateway.policy_of(who)
    before = datetime.now(UTC) - timedelta(days=policy.reconciling.timing_days_max)
    async with gateway.as_tenant(who) as conn:
        found = await reconciliation.unsettled(conn, before, policy.api.page_limit_max)
    return [UnsettledOut.of(one) for one in found]


async def confirm(
    gateway: Gateway, who: Principal, line_id: str, given: Confirming, expected: int | None
) -> LineOut:
    """Once: what is confirmed already stays as it is."""
    subject = f"statement-lines/{line_id}"
    async with gateway.changing(who, "reconciliation.confirm", subject) as change:
        line = await reconciliation.get(change.conn, line_id, to_change=True)
        _must_be_at(line, expected)
        change.before = LineOut.of(line)
        if line.status is not Status.CONFIRMED:
            entry = await _post(gateway, who, change.conn, line, given)
            status, reason = Status.CONFIRMED, given.reason
            await reconciliation.settle(change.conn, line_id, status, who.name, reason, entry)
        change.after = made = LineOut.of(await reconciliation.get(change.conn, line_id))
    return made


async def _post(
    gateway: Gateway, who: Principal, conn: AnyConnection, line: Line, given: Confirming
) -> str | None:
    if line.source == PROVIDER:
        raise ConflictError("it is booked with the bank's line of its settlement")
    rules = gateway.policy_of(who).reconciling
    settlement = (line.matched or "").removeprefix("provider-settlements/")
    settled = None
    if line.kind is LineKind.SETTLEMENT:
        if await reconciliation.booked(conn, [settlement]):
            raise ConflictError(f"settlement {settlement} stands in the books by another line")
        settled = await reconciliation.settled_as(conn, settlement)
    try:
        made = confirmed(
            line.id,
            now_ms(),
            kind=line.kind,
            amount_minor=line.amount_minor,
            holds=holds_of(line.account, rules),
            settled=settled,
            cause=line.cause,
            expected_minor=line.expected_minor,
            account=given.account,
        )
    except Refusal as refusal:
        raise InvalidError.at("/account", refusal.detail, code=refusal.code) from refusal
    if made is None:
        return None
    await ledger.post(conn, who.tenant_key, [made])
    if settled is not None:
        await reconciliation.confirm_items(conn, settled.id, who.name, made.id)
    return made.id


async def ignore(
    gateway: Gateway, who: Principal, line_id: str, reason: str, expected: int | None
) -> LineOut:
    subject = f"statement-lines/{line_id}"
    async with gateway.changing(who, "reconciliation.ignore", subject) as change:
        line = await reconciliation.get(change.conn, line_id, to_change=True)
        _must_be_at(line, expected)
        change.before = LineOut.of(line)
        if line.status is Status.CONFIRMED:
            raise ConflictError("it stands in the books")
        status = Status.IGNORED
        await reconciliation.settle(change.conn, line_id, status, who.name, reason, None)
        change.after = made = LineOut.of(await reconciliation.get(change.conn, line_id))
    return made


def _must_be_at(line: Line, expected: int | None) -> None:
    if expected not in (None, line.version):
        raise StaleError(f"it is at version {line.version}, not {expected}")
