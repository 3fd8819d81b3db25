"""Entries by hand: written by who may, with a reason, and taken back by their opposite."""

from __future__ import annotations

import time
import uuid
from datetime import datetime

from freight.ledger.chart import Chart
from freight.ledger.entries import BadEntryError, Cause, Entry, entry, reversal
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.ledger.reading import chart_of
from serve.ledger.wire import EntryOut, NewEntry, Reversing, entry_of
from serve.problems import ConflictError, InvalidError
from store import carriers, ledger, ledger_entries
from store.errors import NotFoundError
from store.postgres import AnyConnection, epoch_ms

MANUAL = "manual"
REVERSAL = "reversal"
REVERSED = "-reversed"
CARRIERS = "carriers/"


async def write(gateway: Gateway, who: Principal, new: NewEntry) -> EntryOut:
    _refuse_impossible(gateway, who, new)
    entry_id = new.id or f"manual-{uuid.uuid4().hex}"
    made = _entry(entry_id, _at_ms(new.at), Cause(MANUAL, who.name), new)
    async with gateway.changing(who, "ledger.post", f"entries/{entry_id}") as change:
        await _refuse_unknown_carriers(gateway, change.conn, made)
        change.after = out = await _post(gateway, who, change.conn, made)
    return out


async def reverse(gateway: Gateway, who: Principal, entry_id: str, given: Reversing) -> EntryOut:
    async with gateway.changing(who, "ledger.reverse", f"entries/{entry_id}") as change:
        before = await ledger_entries.get(change.conn, entry_id)
        if before.entry.cause.kind != MANUAL:
            raise ConflictError("only entries by hand are reversed by hand; undo what caused it")
        change.before = entry_of(before, chart_of(gateway, who))
        cause = Cause(REVERSAL, f"entries/{entry_id}")
        opposite = reversal(
            before.entry, f"{entry_id}{REVERSED}", _at_ms(given.at), cause, given.reason
        )
        change.after = out = await _post(gateway, who, change.conn, opposite)
    return out


async def _post(gateway: Gateway, who: Principal, conn: AnyConnection, made: Entry) -> EntryOut:
    try:
        added = await ledger.post(conn, who.tenant_key, [made])
    except ledger.OtherEntryError as other:
        raise ConflictError(str(other)) from other
    if not added:
        raise ConflictError(f"entry {made.id!r} stands in the books already")
    return entry_of(await ledger_entries.get(conn, made.id), chart_of(gateway, who))


def _entry(entry_id: str, at_ms: int, cause: Cause, new: NewEntry) -> Entry:
    try:
        return entry(entry_id, at_ms, cause, new.reason, [one.posting() for one in new.postings])
    except BadEntryError as bad:
        raise InvalidError.at("/postings", bad.detail, code=bad.code) from bad


def _refuse_impossible(gateway: Gateway, who: Principal, new: NewEntry) -> None:
    rules = gateway.policy_of(who).ledger
    if len(new.postings) > rules.manual_lines_max:
        raise InvalidError.at("/postings", f"at most {rules.manual_lines_max} by hand")
    chart = Chart.of(rules)
    for i, posting in enumerate(new.postings):
        if posting.account not in chart.accounts:
            raise InvalidError.at(f"/postings/{i}/account", "is no account of the chart")
        if posting.amount.amount_minor == 0:
            raise InvalidError.at(f"/postings/{i}/amount", "nothing is no amount")
    if len({posting.account for posting in new.postings}) == 1:
        raise InvalidError.at("/postings", "money moves from one account to another")


async def _refuse_unknown_carriers(gateway: Gateway, conn: AnyConnection, made: Entry) -> None:
    """A misspelt carrier would be owed money that nobody ever looks for."""
    for i, posting in enumerate(made.postings):
        if posting.party is not None and posting.party.startswith(CARRIERS):
            try:
                await carriers.get(conn, gateway.personal, posting.party.removeprefix(CARRIERS))
            except NotFoundError as none:
                raise InvalidError.at(f"/postings/{i}/party", str(none)) from none


def _at_ms(at: datetime | None) -> int:
    """Books tell what was; what is to come stands elsewhere."""
    now_ms = int(time.time() * 1000)
    at_ms = now_ms if at is None else epoch_ms(at)
    if at_ms > now_ms:
        raise InvalidError.at("/at", "is still to come")
    return at_ms
