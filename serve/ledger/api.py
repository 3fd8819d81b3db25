"""/v1/ledger: the books of a tenant, as entries, balances and reports."""

from __future__ import annotations

import dataclasses
import re
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import StringConstraints

from serve.fields import ObjectId, PathId, time_ms
from serve.gateway import Gateway
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.ledger import posting, reading, reports
from serve.ledger.forms import FORMS, Form, answer
from serve.ledger.reports import Every, Owed
from serve.ledger.wire import (
    AccountId,
    AgeingOut,
    BalancesOut,
    CashFlowOut,
    ChartOut,
    EntryLineOut,
    EntryOut,
    NewEntry,
    PartyBalancesOut,
    PartyName,
    ProofOut,
    RevenueOut,
    Reversing,
    StatementOut,
    TrialBalanceOut,
)
from serve.paging import ListOf, Page, Paged, next_link
from serve.problems import InvalidError, NotFoundError
from store.ledger_entries import Wanted

router = APIRouter(tags=["ledger"])
SEALS_MAX = 2**31 - 1  # fixed: the column's type

Reader = Annotated[Principal, needs(Permission.LEDGER_READ)]
Writer = Annotated[Principal, needs(Permission.LEDGER_WRITE)]
StatementReader = Annotated[Principal, needs(Permission.STATEMENTS_READ)]
AsForm = Annotated[Form, Query(alias="format")]
At = Annotated[str | None, Query(description="up to and with when; default: now")]
Digest = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]


async def span_of(
    start: Annotated[str | None, Query(alias="from")] = None,
    to: Annotated[str | None, Query(description="not with it")] = None,
) -> tuple[int | None, int | None]:
    from_ms, to_ms = time_ms("from", start), time_ms("to", to)
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise InvalidError.at("/from", "from must be before to", **{"in": "query"})
    return from_ms, to_ms


Span = Annotated[tuple[int | None, int | None], Depends(span_of)]


async def whole_span_of(span: Span) -> tuple[int, int]:
    if span[0] is None:
        raise InvalidError.at("/from", "say from when", **{"in": "query"})
    to_ms = reading.now_ms() if span[1] is None else span[1]
    if span[0] >= to_ms:
        raise InvalidError.at("/from", "is still to come", **{"in": "query"})
    return span[0], to_ms


WholeSpan = Annotated[tuple[int, int], Depends(whole_span_of)]


ENTRY_ID = re.compile(r"[A-Za-z0-9_./-]{1,300}")


async def entry_id(id: Annotated[str, Path()]) -> str:  # noqa: A002 - its name in the contract
    if ENTRY_ID.fullmatch(id) is None:
        raise NotFoundError("there is no such entry")
    return id


EntryId = Annotated[str, Depends(entry_id)]


@router.get("/v1/ledger/accounts", response_model=ChartOut, responses=FORMS)
async def list_accounts(gateway: Opened, who: Reader, form: AsForm = Form.JSON) -> Any:
    """The chart of accounts, by number."""
    shown = reading.accounts(gateway, who)
    return answer(form, "accounts", shown, shown.items)


@router.get("/v1/ledger/entries", response_model=ListOf[EntryOut], responses=FORMS)
async def list_entries(  # noqa: PLR0917 - the framework passes by name
    request: Request,
    gateway: Opened,
    who: Reader,
    page: Paged,
    span: Span,
    account: AccountId | None = None,
    party: PartyName | None = None,
    booking: ObjectId | None = None,
    form: AsForm = Form.JSON,
) -> Any:
    """The latest first, with all their postings; as CSV a line for each posting of the page."""
    wanted = Wanted(account, party, booking, *span)
    shown = await reading.list_entries(gateway, who, wanted, page)
    lines = [line for one in shown.items for line in EntryLineOut.all_of(one)]
    return answer(form, "entries", shown, lines, next_link(request, shown.next_cursor))


@router.post("/v1/ledger/entries", status_code=HTTPStatus.CREATED)
async def create_entry(new: NewEntry, gateway: Opened, who: Writer, response: Response) -> EntryOut:
    """By hand, for what no document or payment says."""
    made = await posting.write(gateway, who, new)
    response.headers["Location"] = f"/v1/ledger/entries/{made.id}"
    return made


@router.get("/v1/ledger/entries/{id:path}")
async def get_entry(entry_id: EntryId, gateway: Opened, who: Reader) -> EntryOut:
    """Its id may have slashes: what the product books is named after what it was booked for."""
    return await reading.get_entry(gateway, who, entry_id)


@router.post("/v1/ledger/entries/{id}/reverse", status_code=HTTPStatus.CREATED)
async def reverse_entry(
    entry_id: PathId, given: Reversing, gateway: Opened, who: Writer
) -> EntryOut:
    """Writes the opposite of an entry by hand; both stay."""
    return await posting.reverse(gateway, who, entry_id, given)


@router.get("/v1/ledger/balances", response_model=BalancesOut, responses=FORMS)
async def get_balances(
    gateway: Opened,
    who: Reader,
    at: At = None,
    account: AccountId | None = None,
    form: AsForm = Form.JSON,
) -> Any:
    """All that was debited and credited to each account."""
    shown = await reading.balances(gateway, who, time_ms("at", at), account)
    return answer(form, "balances", shown, shown.items)


@router.get("/v1/ledger/parties", response_model=PartyBalancesOut, responses=FORMS)
async def list_party_balances(
    gateway: Opened, who: Reader, account: AccountId, at: At = None, form: AsForm = Form.JSON
) -> Any:
    """Who owes, or is owed, how much on an account that is kept by party."""
    shown = await reading.party_balances(gateway, who, time_ms("at", at), account)
    return answer(form, f"{account}-by-party", shown, shown.items)


@router.get("/v1/ledger/trial-balance", response_model=TrialBalanceOut, responses=FORMS)
async def get_trial_balance(
    gateway: Opened, who: Reader, at: At = None, form: AsForm = Form.JSON
) -> Any:
    """Every account on the side on which it stands."""
    shown = await reading.trial_balance(gateway, who, time_ms("at", at))
    return answer(form, "trial-balance", shown, shown.items)


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """What a statement is asked with, whosever it is."""

    request: Request
    gateway: Gateway
    who: Principal
    page: Page
    span: tuple[int | None, int | None]
    form: Form

    async def of(self, kind: str, party_id: str) -> Any:
        party = f"{kind}/{party_id}"
        shown = await reading.statement(self.gateway, self.who, party, self.span, self.page)
        headers = next_link(self.request, shown.next_cursor)
        return answer(self.form, f"{kind}-{party_id}", shown, shown.items, headers)


async def statement_of(  # noqa: PLR0917 - the framework passes by name
    request: Request,
    gateway: Opened,
    who: StatementReader,
    page: Paged,
    span: Span,
    form: AsForm = Form.JSON,
) -> Statement:
    return Statement(request, gateway, who, page, span, form)


Stated = Annotated[Statement, Depends(statement_of)]


@router.get("/v1/ledger/parties/shippers/{id}", response_model=StatementOut, responses=FORMS)
async def get_shipper_statement(shipper: PathId, statement: Stated) -> Any:
    """A shipper's page of the books: in the order of time, with the balance after each line.

    Its own for who speaks for one party; of any party for who reads the books.
    """
    return await statement.of("shippers", shipper)


@router.get("/v1/ledger/parties/carriers/{id}", response_model=StatementOut, responses=FORMS)
async def get_carrier_statement(carrier: PathId, statement: Stated) -> Any:
    """The same of a carrier."""
    return await statement.of("carriers", carrier)


@router.get("/v1/ledger/ageing", response_model=AgeingOut, responses=FORMS)
async def get_ageing(
    gateway: Opened,
    who: Reader,
    at: At = None,
    owed: Annotated[Owed, Query(alias="of")] = Owed.RECEIVABLES,
    form: AsForm = Form.JSON,
) -> Any:
    """What each party owes, by how long; payments of a booking pay its oldest debts."""
    shown = await reports.ageing(gateway, who, time_ms("at", at), owed)
    return answer(form, f"ageing-{owed}", shown, shown.items)


@router.get("/v1/ledger/cash-flow", response_model=CashFlowOut, responses=FORMS)
async def get_cash_flow(
    gateway: Opened, who: Reader, span: WholeSpan, form: AsForm = Form.JSON
) -> Any:
    """What came into bank, cash, gateway and payout account and left them, by what it was for."""
    shown = await reports.cash_flow(gateway, who, *span)
    return answer(form, "cash-flow", shown, shown.items)


@router.get("/v1/ledger/revenue", response_model=RevenueOut, responses=FORMS)
async def get_revenue(
    gateway: Opened,
    who: Reader,
    span: WholeSpan,
    every: Every = Every.MONTH,
    form: AsForm = Form.JSON,
) -> Any:
    """Income and expense by day or month of the tenant's calendar; as CSV the periods' sums."""
    shown = await reports.revenue(gateway, who, span, every)
    return answer(form, "revenue", shown, shown.periods)


@router.get("/v1/ledger/proof")
async def prove_books(
    gateway: Opened,
    who: Reader,
    after: Annotated[int, Query(ge=0, le=SEALS_MAX)] = 0,
    digest: Annotated[Digest, Query(description="of that seal, as it was told")] = "",
) -> ProofOut:
    """Reads entries again and compares them with what was sealed when they were written."""
    return await reading.prove(gateway, who, after, digest)
