"""Rows as CSV, line by line; what is missing is empty, what is not plain stands as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

MEDIA_TYPE = "text/csv; charset=utf-8"


def header_line(columns: Sequence[str]) -> str:
    return _text([columns])


def lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Without a header; a row may have more keys than there are columns."""
    return _text([[_field(row.get(column)) for column in columns] for row in rows])


def _text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _field(value: object) -> object:
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
