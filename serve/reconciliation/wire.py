"""Statements and their lines as the API gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from freight.reconciling.matching import Cause, LineKind, Status
from serve.bookings.wire import Money
from serve.fields import LongText, Strict
from store.reconciliation import Line, ListedImport, Unsettled

Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]


class ProviderImport(Strict):
    day: date = Field(description="on which the provider settled, by its calendar")


class Confirming(Strict):
    account: Account | None = Field(
        default=None, description="of the ledger, for what is not explained"
    )
    reason: LongText | None = None


class Ignoring(Strict):
    reason: LongText


class RowFaultOut(BaseModel):
    row: int
    detail: str


class ImportOut(BaseModel):
    id: str
    source: str
    account: str
    at: datetime
    rows: int
    new_rows: int = Field(description="that no earlier statement had")
    told_by: str

    @classmethod
    def of(cls, made: ListedImport) -> ImportOut:
        return cls(
            id=made.id,
            source=made.source,
            account=made.account,
            at=made.at,
            rows=made.rows,
            new_rows=made.new_rows,
            told_by=made.told_by,
        )


class ImportedOut(ImportOut):
    faults: list[RowFaultOut] = Field(description="rows that cannot be read")
    unsettled: int = Field(description="items that the provider has not settled yet")
    matched: int = Field(description="lines that were open and are not any more")


class MatchedOut(BaseModel):
    looked_at: int
    matched: int


class LineOut(BaseModel):
    id: str
    version: int
    imported_by: str
    source: str
    account: str
    kind: LineKind
    status: Status
    day: date
    amount: Money
    fee: Money
    tax: Money
    expected: Money | None
    difference: Money | None
    entity: str | None
    settlement: str | None
    utr: str | None
    narration: str | None
    matched: str | None = Field(description="what it is of ours")
    cause: Cause | None = Field(description="why it differs, as far as it can be guessed")
    entry: str | None
    told_by: str | None
    reason: str | None

    @classmethod
    def of(cls, line: Line) -> LineOut:
        expected = line.expected_minor
        off_minor = None if expected is None else line.amount_minor - expected
        return cls(
            id=line.id,
            version=line.version,
            imported_by=line.import_,
            source=line.source,
            account=line.account,
            kind=line.kind,
            status=line.status,
            day=line.day,
            amount=Money.of(line.amount_minor),
            fee=Money.of(line.fee_minor),
            tax=Money.of(line.tax_minor),
            expected=None if expected is None else Money.of(expected),
            difference=None if off_minor is None else Money.of(off_minor),
            entity=line.entity,
            settlement=line.settlement,
            utr=line.utr,
            narration=line.narration,
            matched=line.matched,
            cause=line.cause,
            entry=line.entry,
            told_by=line.told_by,
            reason=line.reason,
        )


class UnsettledOut(BaseModel):
    entity: str
    payment: str
    since: datetime
    cause: Cause

    @classmethod
    def of(cls, one: Unsettled) -> UnsettledOut:
        return cls(
            entity=one.entity,
            payment=one.payment,
            since=one.updated_at,
            cause=Cause.NOT_YET_SETTLED,
        )
