"""The books as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from freight.ledger.accounts import ACCOUNT, PARTY, Kind
from freight.ledger.chart import Account, Chart
from freight.ledger.entries import Posting
from serve.bookings.wire import Money, MoneyIn
from serve.fields import LongText, ObjectId, Strict
from serve.journeys.wire import Moment
from store.ledger_entries import Kept, Line
from store.ledger_reports import Total
from store.postgres import moment

LINES_READ_MAX = 1000  # fixed: part of the published API

AccountId = Annotated[str, StringConstraints(pattern=f"^{ACCOUNT.pattern}$")]
PartyName = Annotated[str, StringConstraints(pattern=f"^({PARTY.pattern})$")]


class PostingFields(Strict):
    account: AccountId
    amount: MoneyIn = Field(description="a debit above zero, a credit below")
    party: PartyName | None = Field(default=None, description="shippers/<id> or carriers/<id>")
    booking: ObjectId | None = None

    def posting(self) -> Posting:
        return Posting(self.account, self.amount.amount_minor, self.party, self.booking)


class NewEntry(Strict):
    """A journal entry by hand: amounts that cancel out, over two accounts at least."""

    id: ObjectId | None = None
    at: Moment | None = Field(default=None, description="when it counts; default: now")
    reason: LongText
    postings: Annotated[list[PostingFields], Field(min_length=2, max_length=LINES_READ_MAX)]


class Reversing(Strict):
    reason: LongText
    at: Moment | None = Field(default=None, description="when it counts; default: now")


class PostingOut(BaseModel):
    account: str
    number: str
    name: str
    amount: Money
    party: str | None
    booking: str | None


class CauseOut(BaseModel):
    """What moved the money: by it the fact is found."""

    kind: str
    about: str
    version: int | None
    rule: str | None = Field(description="path of the configuration key that decided")
    config_version: int | None


class EntryOut(BaseModel):
    id: str
    at: datetime = Field(description="when it counts")
    written_at: datetime
    memo: str
    cause: CauseOut
    postings: list[PostingOut]
    digest: str = Field(description="SHA-256 over all it says; the books are sealed over these")


class EntryLineOut(BaseModel):
    """One posting of an entry, as a line of a file."""

    entry: str
    at: datetime
    cause: str
    about: str
    memo: str
    posting: PostingOut

    @classmethod
    def all_of(cls, shown: EntryOut) -> list[EntryLineOut]:
        return [
            cls(
                entry=shown.id,
                at=shown.at,
                cause=shown.cause.kind,
                about=shown.cause.about,
                memo=shown.memo,
                posting=posting,
            )
            for posting in shown.postings
        ]


class AccountOut(BaseModel):
    id: str
    number: str
    name: str
    kind: Kind | None = Field(description="null: it has left the chart")

    @classmethod
    def of(cls, account: Account) -> AccountOut:
        return cls(id=account.id, number=account.number, name=account.name, kind=account.kind)


class ChartAccountOut(AccountOut):
    is_control: bool = Field(description="every posting names whose it is")
    is_money: bool


class ChartOut(BaseModel):
    items: list[ChartAccountOut]


class BalanceOut(BaseModel):
    account: AccountOut
    debit: Money
    credit: Money
    balance: Money = Field(description="debits less credits")

    @classmethod
    def of(cls, account: Account, total: Total) -> BalanceOut:
        return cls(
            account=AccountOut.of(account),
            debit=Money.of(total.debit_minor),
            credit=Money.of(total.credit_minor),
            balance=Money.of(total.balance_minor),
        )


class PartyBalanceOut(BaseModel):
    party: str
    balance: Money = Field(description="above zero: owes; below: is owed")


class BalancesOut(BaseModel):
    at: datetime
    items: list[BalanceOut]


class PartyBalancesOut(BaseModel):
    at: datetime
    items: list[PartyBalanceOut]
    total: Money


class TrialRowOut(BaseModel):
    account: AccountOut
    debit: Money
    credit: Money


class TrialBalanceOut(BaseModel):
    """Each account's balance on the side it stands on; the sides are equal."""

    at: datetime
    items: list[TrialRowOut]
    debit: Money
    credit: Money


class LineOut(BaseModel):
    at: datetime
    entry: str
    account: str
    booking: str | None
    cause: str
    about: str
    memo: str
    amount: Money
    balance: Money = Field(description="after it")

    @classmethod
    def of(cls, line: Line) -> LineOut:
        return cls(
            at=moment(line.place[0]),
            entry=line.entry,
            account=line.account,
            booking=line.booking,
            cause=line.cause,
            about=line.about,
            memo=line.memo,
            amount=Money.of(line.amount_minor),
            balance=Money.of(line.balance_minor),
        )


class StatementOut(BaseModel):
    party: str
    opening: Money = Field(description="before the first item; above zero: the party owes")
    items: list[LineOut]
    closing: Money = Field(description="after the last item")
    next_cursor: str | None


class AgedOut(BaseModel):
    party: str
    buckets: list[Money]
    unapplied: Money = Field(description="paid, and not owed")
    total: Money


class AgeingOut(BaseModel):
    at: datetime
    account: AccountOut
    days_from: list[int] = Field(description="where each bucket begins; the last has no end")
    items: list[AgedOut]
    total: AgedOut


class FlowOut(BaseModel):
    account: AccountOut
    cause: str
    inflow: Money
    outflow: Money


class MoneyAccountOut(BaseModel):
    account: AccountOut
    opening: Money
    closing: Money


class CashFlowOut(BaseModel):
    """The items' difference is that of the closing and opening balances."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    accounts: list[MoneyAccountOut]
    items: list[FlowOut]
    inflow: Money
    outflow: Money


class EarnedOut(BaseModel):
    account: AccountOut
    amounts: list[Money] = Field(description="one for each period; income and expense alike > 0")


class PeriodOut(BaseModel):
    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    income: Money
    expense: Money
    margin: Money


class RevenueOut(BaseModel):
    periods: list[PeriodOut]
    items: list[EarnedOut]


class FaultOut(BaseModel):
    seal: int | None
    entry: int | None = Field(description="its number")
    detail: str


class ProofOut(BaseModel):
    """What was looked at holds where there are no faults."""

    entries: int
    seal: int = Field(description="the last that was looked at")
    digest: str = Field(description="its own: keep it elsewhere to compare it later")
    is_whole: bool = Field(description="false: go on with ?after=seal&digest=digest")
    faults: list[FaultOut]


def entry_of(kept: Kept, chart: Chart) -> EntryOut:
    made = kept.entry
    cause = made.cause
    return EntryOut(
        id=made.id,
        at=moment(made.at_ms),
        written_at=kept.written_at,
        memo=made.memo,
        cause=CauseOut(
            kind=cause.kind,
            about=cause.about,
            version=cause.version,
            rule=cause.rule,
            config_version=cause.config_version,
        ),
        postings=[
            PostingOut(
                account=posting.account,
                number=chart.get(posting.account).number,
                name=chart.get(posting.account).name,
                amount=Money.of(posting.amount_minor),
                party=posting.party,
                booking=posting.booking,
            )
            for posting in made.postings
        ],
        digest=kept.digest.hex(),
    )
