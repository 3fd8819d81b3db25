"""/v1/tax: what a tenant reports to the state, from its documents and settlements."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from freight.dated import NotInForceError
from freight.invoices.documents import Document
from freight.invoices.gstr1 import gstr1
from freight.invoices.gstr_rows import Row, issued_of, rows_of
from freight.personal import PersonalKind, masked
from freight.tax.calendar import INDIA, quarter_of, year_begun, year_label
from freight.tax.tcs import Collected, statement
from serve import csv_rows
from serve.fields import YEARS
from serve.gateway import Gateway
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.problems import InvalidError
from store import invoices, parties, tds

router = APIRouter(tags=["invoices"])

TaxReader = Annotated[Principal, needs(Permission.TAX_READ)]
Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
ROW_COLUMNS = Row.__struct_fields__
TDS_COLUMNS = (
    *("quarter", "at", "carrier", "name", "pan", "settlement", "code", "why", "credited_minor"),
    *("exempt_minor", "taxed_minor", "rate_bp", "deducted_minor"),
)


class ReturnFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


@router.get("/v1/tax/gstr1", response_model=dict[str, Any], responses=FORMS)
async def get_gstr1(
    gateway: Opened,
    who: TaxReader,
    month: Month,
    state: Annotated[
        str | None, Query(pattern=r"^[0-9]{2}$", description="which registration's")
    ] = None,
    form: Annotated[ReturnFormat, Query(alias="format")] = ReturnFormat.JSON,
) -> Any:
    """A month's outward supplies in the portal's form; as CSV a row for each document and rate."""
    rules = gateway.policy_of(who)
    where = state or rules.pricing.gst.supplier_state
    first, last = _days(month)
    async with gateway.as_tenant(who) as conn:
        most = rules.invoices.export_documents_max
        documents = await invoices.of_days(conn, first, last, where, most + 1)
        if len(documents) > most:
            raise csv_rows.too_many(most, "documents")
        others = await invoices.named(conn, sorted(_named(documents)))
        own = await parties.registration(conn, where)
    rows = rows_of(documents, others, rules.invoices)
    if form is ReturnFormat.CSV:
        return _csv("gstr1.csv", ROW_COLUMNS, (msgspec.to_builtins(row) for row in rows))
    gstin = None if own is None else own.gstin
    return gstr1(gstin or "", first, rows, issued_of(documents))


@router.get("/v1/tax/tds-register", response_model=list[dict[str, Any]], responses=FORMS)
async def get_tds_register(
    gateway: Opened,
    who: TaxReader,
    start: Annotated[date, Query(alias="from", description="the first day, in India")],
    to: Annotated[date, Query(description="the last day")],
    form: Annotated[ReturnFormat, Query(alias="format")] = ReturnFormat.JSON,
) -> Any:
    """What was credited to carriers, what was deducted, and why nothing was where nothing was."""
    begins, ends = _midnight(start, "from"), _midnight(to, "to") + timedelta(days=1)
    rows = await _register(gateway, who, begins, ends)
    if form is ReturnFormat.CSV:
        return _csv("tds.csv", TDS_COLUMNS, rows)
    return rows


@router.get("/v1/tax/tcs", response_model=list[dict[str, Any]], responses=FORMS)
async def get_tcs(
    gateway: Opened,
    who: TaxReader,
    month: Month,
    form: Annotated[ReturnFormat, Query(alias="format")] = ReturnFormat.JSON,
) -> Any:
    """What a platform collects for the state from what carriers sold on it, section 52; nothing
    for a tenant that is none."""
    rules = gateway.policy_of(who)
    first, last = _days(month)
    most = rules.api.export_rows_max
    begins, ends = _midnight(first, "month"), _midnight(last, "month") + timedelta(days=1)
    async with gateway.as_tenant(who) as conn:
        sold = await tds.sold(conn, gateway.personal, begins, ends, most + 1)
    if len(sold) > most:
        raise csv_rows.too_many(most, "rows")
    gst = rules.pricing.gst
    state = gst.supplier_state
    try:
        made = statement(rules.tax.tcs, sold, gst.mode.at(last), state, last)
    except NotInForceError as gap:
        raise InvalidError.at("/month", str(gap), **{"in": "query"}) from None
    rows = [msgspec.to_builtins(one) for one in made]
    if form is ReturnFormat.CSV:
        return _csv("tcs.csv", Collected.__struct_fields__, rows)
    return rows


async def _register(
    gateway: Gateway, who: Principal, begins: datetime, ends: datetime
) -> list[dict[str, Any]]:
    most = gateway.policy_of(who).api.export_rows_max
    async with gateway.as_tenant(who) as conn:
        found = await tds.register(conn, gateway.personal, begins, ends, most + 1)
    if len(found) > most:
        raise csv_rows.too_many(most, "rows")
    unmasked = Permission.PERSONAL_READ in who.permissions
    rows = [msgspec.to_builtins(one) for one in found]
    for one, row in zip(found, rows, strict=True):
        day = one.at.astimezone(INDIA).date()
        row["quarter"] = f"{year_label(year_begun(day))} Q{quarter_of(day)}"
        if row["pan"] is not None and not unmasked:
            row["pan"] = masked(PersonalKind.PAN, row["pan"])
    return rows


def _named(documents: Iterable[Document]) -> set[str]:
    return {reference.id for document in documents for reference in document.references}


def _days(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _midnight(day: date, name: str) -> datetime:
    if day.year not in YEARS:
        raise InvalidError.at(f"/{name}", "is no day of ours", **{"in": "query"})
    return datetime(day.year, day.month, day.day, tzinfo=INDIA)


def _csv(name: str, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> Response:
    named = tuple(columns)
    text = csv_rows.header_line(named) + csv_rows.lines(named, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=csv_rows.MEDIA_TYPE, headers=headers)
