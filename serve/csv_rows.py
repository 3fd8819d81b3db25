"""Rows as CSV, line by line; what is missing is empty, what is not plain stands as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from serve.problems import InvalidError

_NOT_PLAIN = frozenset({dict, list, bool})
MEDIA_TYPE = "text/csv; charset=utf-8"


def too_many(most: int, what: str) -> InvalidError:
    """Why a whole file is not begun."""
    detail = f"more than {most} {what}; ask for a shorter time, or page by page with limit"
    return InvalidError.at("/from", detail, **{"in": "query"})


def header_line(columns: Sequence[str]) -> str:
    return _text([columns])


def of_columns(columns: Sequence[Sequence[object]]) -> str:
    """The same from values column by column."""
    return _text(zip(*map(_fields, columns), strict=True))


def lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Without a header; a row may have more keys than there are columns."""
    return _text([[_field(row.get(column)) for column in columns] for row in rows])


def _text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _fields(column: Sequence[object]) -> Iterable[object]:
    return column if _NOT_PLAIN.isdisjoint(map(type, column)) else map(_field, column)


def _field(value: object) -> object:
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
