"""A bank statement's rows as lines that can be held against the books."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import msgspec

from freight.reconciling.amounts import UnreadableError, day_of, is_credit, is_debit, minor_of
from freight.reconciling.rules import BankFormat


class BankRow(msgspec.Struct, frozen=True, kw_only=True):
    row: int  # as a spreadsheet counts
    day: date
    amount_minor: int  # above zero: it came in
    narration: str
    reference: str | None
    utr: str | None
    balance_minor: int | None


class RowFault(msgspec.Struct, frozen=True):
    row: int
    detail: str


class Read(msgspec.Struct, frozen=True):
    rows: tuple[BankRow, ...]
    faults: tuple[RowFault, ...]


def read(
    tables: Iterable[Sequence[Sequence[str]]], form: BankFormat, utr_forms: Sequence[str]
) -> Read:
    """Of the ways in which a file can be read as a table the first that names the columns; what
    banks print above it and below is passed over. UnreadableError: none does."""
    needed = _columns(form)
    for records in tables:
        for index, record in enumerate(records):
            names = [cell.strip() for cell in record]
            if needed <= set(names):
                places = {name: place for place, name in enumerate(names) if name}
                return _read(records[index + 1 :], index + 2, places, form, utr_forms)
    raise UnreadableError(f"no row names the columns {', '.join(sorted(needed))}")


def _columns(form: BankFormat) -> set[str]:
    named = (form.date, form.narration, form.withdrawal, form.deposit, form.amount, form.side)
    return {name for name in named if name is not None}


def _read(
    records: Sequence[Sequence[str]],
    first: int,
    places: Mapping[str, int],
    form: BankFormat,
    utr_forms: Sequence[str],
) -> Read:
    rows, faults = list[BankRow](), list[RowFault]()
    patterns = [re.compile(pattern) for pattern in utr_forms]
    for number, cells in _table(records, first, places, form):
        try:
            rows.append(_row(number, cells, form, patterns))
        except UnreadableError as failed:
            faults.append(RowFault(number, str(failed)))
    return Read(tuple(rows), tuple(faults))


def _table(
    records: Sequence[Sequence[str]], first: int, places: Mapping[str, int], form: BankFormat
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with a day; what has none is a line of stars, a summary or an empty one."""
    for number, record in enumerate(records, start=first):
        cells = {
            name: record[place].strip() if place < len(record) else ""
            for name, place in places.items()
        }
        if cells[form.date][:1].isdigit():
            yield number, cells


def _row(
    number: int, cells: Mapping[str, str], form: BankFormat, patterns: Sequence[re.Pattern[str]]
) -> BankRow:
    narration = cells[form.narration]
    reference = None if form.reference is None else cells.get(form.reference) or None
    return BankRow(
        row=number,
        day=day_of(cells[form.date], form.date_form),
        amount_minor=_amount(cells, form),
        narration=narration,
        reference=reference,
        utr=_utr(narration, reference, patterns),
        balance_minor=None if form.balance is None else minor_of(cells.get(form.balance, "")),
    )


def _amount(cells: Mapping[str, str], form: BankFormat) -> int:
    if form.amount is not None:
        amount = minor_of(cells[form.amount])
        if amount is None:
            raise UnreadableError("there is no amount")
        side = "" if form.side is None else cells[form.side]
        if form.side is not None and not (is_debit(side) or is_credit(side)):
            raise UnreadableError(f"{side!r} is neither Cr nor Dr")
        return -abs(amount) if is_debit(side) else amount
    out = minor_of(cells[form.withdrawal or ""])
    into = minor_of(cells[form.deposit or ""])
    if bool(out) == bool(into):
        raise UnreadableError("either a withdrawal or a deposit is expected")
    return into or -(out or 0)


def _utr(narration: str, reference: str | None, patterns: Sequence[re.Pattern[str]]) -> str | None:
    """Banks pad references with zeros in front, which are no part of it."""
    for text in ((reference or "").lstrip("0"), narration):
        for pattern in patterns:
            found = pattern.search(text)
            if found is not None:
                return found[0]
    return None
