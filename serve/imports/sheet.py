"""A CSV file from somebody's spreadsheet as rows of named cells, or what is wrong with it."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from config.sections.imports import Imports
from serve.problems import InvalidError

# What Excel writes, by language and country.
DELIMITERS = (",", ";", "\t")
UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
# A spreadsheet that opens the cell again would run it.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_HARMLESS = re.compile(r"[+-]?[0-9][0-9 .()-]*(?:[eE][+-]?[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclasses.dataclass(frozen=True, slots=True)
class CellFault:
    """`row` as a spreadsheet counts: the header is row 1; no column: the row as a whole."""

    row: int
    column: str | None
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    number: int
    cells: Mapping[str, str]  # those that are not empty, without spaces around


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    rows: tuple[Row, ...]  # those that can be read
    faults: tuple[CellFault, ...]  # of the others
    count: int  # of all


def read(body: bytes, columns: Sequence[str], needed: Iterable[str], limits: Imports) -> Sheet:
    """`columns` are all that a header may name, in any order; raises InvalidError for a file that
    says nothing at all."""
    if len(body) > limits.bytes_max:
        raise _unreadable(f"the file is longer than {limits.bytes_max} bytes")
    text = _decoded(body)
    records = _records(text, _delimiter_of(text, columns))
    header = [cell.strip().lower() for cell in next(records, [])]
    _refuse_header(header, columns, needed)
    return _sheet(records, header, limits)


def _sheet(records: Iterator[list[str]], header: Sequence[str], limits: Imports) -> Sheet:
    rows, faults, count = [], list[CellFault](), 0
    for number, record in enumerate(records, start=2):
        if not any(cell.strip() for cell in record):
            continue
        count += 1
        if count > limits.rows_max:
            raise _unreadable(f"the file has more than {limits.rows_max} rows")
        wrong = _row_faults(number, record, header, limits)
        faults += wrong
        if not wrong:
            pairs = ((name, cell.strip()) for name, cell in zip(header, record, strict=True))
            rows.append(Row(number, {name: cell for name, cell in pairs if cell}))
    return Sheet(tuple(rows), tuple(faults), count)


def _row_faults(
    number: int, record: Sequence[str], header: Sequence[str], limits: Imports
) -> list[CellFault]:
    if len(record) != len(header):
        detail = f"has {len(record)} cells, but the header has {len(header)}"
        return [CellFault(number, None, detail)]
    return [
        CellFault(number, name, fault)
        for name, cell in zip(header, record, strict=True)
        if (fault := _cell_fault(cell.strip(" "), limits)) is not None
    ]


def _cell_fault(cell: str, limits: Imports) -> str | None:
    if len(cell) > limits.cell_chars_max:
        return f"is longer than {limits.cell_chars_max} characters"
    if _FORMULA.match(cell) and not _HARMLESS.fullmatch(cell):
        return "begins like a formula, which spreadsheets would run"
    if _CONTROL.search(cell):
        return "contains a line break or another control character"
    return None


def _decoded(body: bytes) -> str:
    if body.startswith(UTF16_BOMS):
        raise _unreadable("the file is UTF-16: save it as CSV UTF-8")
    try:
        return body.removeprefix(UTF8_BOM).decode()
    except UnicodeDecodeError as failed:
        line = body[: failed.start].count(b"\n") + 1
        detail = f"the file is not UTF-8, as seen in line {line}: save it as CSV UTF-8"
        raise _unreadable(detail) from failed


def _delimiter_of(text: str, columns: Sequence[str]) -> str:
    """The one that makes most known columns of the first line."""
    first = text.partition("\n")[0]
    known = set(columns)

    def recognised(delimiter: str) -> int:
        return sum(cell.strip(' \r"').lower() in known for cell in first.split(delimiter))

    return max(DELIMITERS, key=recognised)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as failed:
        raise _unreadable(f"line {reader.line_num} cannot be read: {failed}") from failed


def _refuse_header(header: Sequence[str], columns: Sequence[str], needed: Iterable[str]) -> None:
    known = ", ".join(columns)
    details = [
        f"there is no column {name!r}; there are {known}" for name in header if name not in columns
    ]
    details += [
        f"the column {name!r} is there twice"
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    details += [f"the column {name!r} is missing" for name in needed if name not in header]
    if details:
        errors = [{"pointer": "/header", "detail": detail} for detail in details]
        raise InvalidError("the first row does not name the columns", errors=errors)


def _unreadable(detail: str) -> InvalidError:
    return InvalidError.at("", detail)
