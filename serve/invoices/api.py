"""/v1/invoices: tax documents as they were issued, and notes about them."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from freight.invoices.documents import DocumentKind
from serve.fields import ID_PATTERN, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.invoices import service
from serve.invoices.wire import PARTY_PATTERN, InvoiceOut, NewInvoice, NewNote
from serve.paging import ListOf, Paged
from serve.versions import etag_of
from store.invoices import Filter

router = APIRouter(tags=["invoices"])

InvoicesReader = Annotated[Principal, needs(Permission.INVOICES_READ)]
InvoicesWriter = Annotated[Principal, needs(Permission.INVOICES_WRITE)]
JSON = "application/json"


async def wanted_of(
    booking: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    party: Annotated[str | None, Query(pattern=PARTY_PATTERN)] = None,
    kind: Annotated[DocumentKind | None, Query()] = None,
    start: Annotated[date | None, Query(alias="from", description="the first day")] = None,
    to: Annotated[date | None, Query(description="the last day")] = None,
) -> Filter:
    return Filter(booking, party, kind, start, to)


Wanted = Annotated[Filter, Depends(wanted_of)]


@router.post("/v1/invoices", status_code=HTTPStatus.CREATED)
async def create_invoice(
    new: NewInvoice, gateway: Opened, who: InvoicesWriter, response: Response
) -> InvoiceOut:
    """By hand; what bookings owe is invoiced by itself. There is no taking back but by a note."""
    made = await service.create(gateway, who, new)
    response.headers["Location"] = f"/v1/invoices/{made.id}"
    return made


@router.get("/v1/invoices")
async def list_invoices(
    gateway: Opened, who: InvoicesReader, page: Paged, wanted: Wanted
) -> ListOf[InvoiceOut]:
    """The newest first; who speaks for one shipper or carrier sees that one's."""
    return await service.list_page(gateway, who, page, wanted)


@router.get("/v1/invoices/{id}")
async def get_invoice(invoice_id: PathId, gateway: Opened, who: InvoicesReader) -> InvoiceOut:
    return await service.get(gateway, who, invoice_id)


@router.get("/v1/invoices/{id}/content", response_model=dict[str, Any])
async def get_content(invoice_id: PathId, gateway: Opened, who: InvoicesReader) -> Response:
    """Byte for byte as it was issued."""
    body, digest = await service.content(gateway, who, invoice_id)
    return Response(body, media_type=JSON, headers={"ETag": etag_of(1, digest)})


@router.post("/v1/invoices/{id}/credit-notes", status_code=HTTPStatus.CREATED)
async def create_credit_note(
    invoice_id: PathId, new: NewNote, gateway: Opened, who: InvoicesWriter, response: Response
) -> InvoiceOut:
    """Takes back so much of it, never more than is left; of a receipt voucher a refund voucher."""
    made = await service.note(gateway, who, invoice_id, new, is_credit=True)
    response.headers["Location"] = f"/v1/invoices/{made.id}"
    return made


@router.post("/v1/invoices/{id}/debit-notes", status_code=HTTPStatus.CREATED)
async def create_debit_note(
    invoice_id: PathId, new: NewNote, gateway: Opened, who: InvoicesWriter, response: Response
) -> InvoiceOut:
    """Asks for more, taxed as the document's lines are."""
    made = await service.note(gateway, who, invoice_id, new, is_credit=False)
    response.headers["Location"] = f"/v1/invoices/{made.id}"
    return made
