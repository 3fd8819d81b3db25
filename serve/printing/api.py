"""/v1/.../pdf: invoices, notes, vouchers, consignment notes and settlements as they are printed."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.printing import service
from serve.printing.service import Printed
from serve.printing.words import Language

router = APIRouter(tags=["documents"])

InvoicesReader = Annotated[Principal, needs(Permission.INVOICES_READ)]
SettlementsReader = Annotated[Principal, needs(Permission.SETTLEMENTS_READ)]
In = Annotated[Language, Query(alias="lang", description="in which language")]

PDF = "application/pdf"
_PRINTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}},
    409: {"content": {"application/problem+json": {}}, "description": "too long to be printed"},
}


@router.get("/v1/invoices/{id}/pdf", response_class=Response, responses=_PRINTED)
async def print_invoice(
    invoice_id: PathId,
    gateway: Opened,
    who: InvoicesReader,
    language: In = Language.ENGLISH,
) -> Response:
    """Any tax document, a consignment note in all its copies; the same bytes each time."""
    return _answer(await service.invoice(gateway, who, invoice_id, language))


@router.get("/v1/settlements/{id}/pdf", response_class=Response, responses=_PRINTED)
async def print_settlement(
    settlement_id: PathId,
    gateway: Opened,
    who: SettlementsReader,
    language: In = Language.ENGLISH,
) -> Response:
    """The statement as it stands now."""
    return _answer(await service.settlement(gateway, who, settlement_id, language))


def _answer(printed: Printed) -> Response:
    headers = {
        "ETag": f'"{hashlib.sha256(printed.content).hexdigest()}"',
        "Content-Disposition": f'inline; filename="{printed.name}.pdf"',
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    return Response(printed.content, media_type=PDF, headers=headers)
