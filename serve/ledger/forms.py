"""Reports of the books as CSV: a line a row, amounts in whole paise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from serve import csv_rows

AMOUNT_KEYS = frozenset({"amount_minor", "currency"})


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"


FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


def answer(
    form: Form,
    name: str,
    shown: BaseModel,
    rows: Iterable[BaseModel],
    headers: Mapping[str, str] | None = None,
) -> Any:
    """The whole as JSON, or its rows alone as a file."""
    if form is Form.JSON:
        return shown
    flat = [flattened(row.model_dump(mode="json", by_alias=True)) for row in rows]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    text = csv_rows.header_line(columns) + csv_rows.lines(columns, flat)
    named = {"Content-Disposition": f'attachment; filename="{name}.csv"', **(headers or {})}
    return Response(text, media_type=csv_rows.MEDIA_TYPE, headers=named)


def flattened(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`{"account": {"id": 1}}` becomes `account_id`, an amount `balance_minor`."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and value.keys() == AMOUNT_KEYS:
            flat[f"{name}_minor"] = value["amount_minor"]
        elif isinstance(value, dict):
            flat |= flattened(value, f"{name}_")
        elif isinstance(value, list):
            for i, inner in enumerate(value, 1):
                flat |= flattened({str(i): inner}, f"{name}_")
        else:
            flat[name] = value
    return flat
