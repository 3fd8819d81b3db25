"""/v1/reconciliation: statements of banks and providers held against the books."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from freight.reconciling.matching import Cause, Status
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.imports.api import csv_of
from serve.paging import ListOf, Paged
from serve.reconciliation import service, wire
from serve.reconciliation.wire import ImportedOut, ImportOut, LineOut, MatchedOut, UnsettledOut
from serve.versions import Expected, tagged

router = APIRouter(tags=["reconciliation"])

Reader = Annotated[Principal, needs(Permission.RECONCILIATION_READ)]
Writer = Annotated[Principal, needs(Permission.RECONCILIATION_WRITE)]
Body = Annotated[bytes, Depends(csv_of)]
AccountName = Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_STATEMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "description": "as the bank gives it; its columns are those of the account",
                }
            }
        },
    }
}


class From(StrEnum):
    BANK = "bank"
    PROVIDER = "provider"


@router.post(
    "/v1/reconciliation/bank-imports",
    status_code=HTTPStatus.CREATED,
    openapi_extra=_STATEMENT,
)
async def import_bank_statement(
    gateway: Opened, who: Writer, body: Body, account: AccountName = "main"
) -> ImportedOut:
    """Rows that an earlier statement had are not new; the same statement again changes nothing."""
    return await service.import_bank(gateway, who, account, body)


@router.post("/v1/reconciliation/provider-imports", status_code=HTTPStatus.CREATED)
async def import_provider_settlements(
    given: wire.ProviderImport, gateway: Opened, who: Writer
) -> ImportedOut:
    """What the provider settled on a day, item by item."""
    return await service.import_provider(gateway, who, given.day)


@router.get("/v1/reconciliation/imports")
async def list_statement_imports(gateway: Opened, who: Reader, page: Paged) -> ListOf[ImportOut]:
    return await service.list_imports(gateway, who, page)


@router.post("/v1/reconciliation/matching")
async def match_statement_lines(gateway: Opened, who: Writer) -> MatchedOut:
    """Looks again at all that is open; every import does so too."""
    return await service.match(gateway, who)


@router.get("/v1/reconciliation/unsettled")
async def list_unsettled_payments(gateway: Opened, who: Reader) -> list[UnsettledOut]:
    """Captured some days ago, and in none of the provider's settlements."""
    return await service.unsettled(gateway, who)


@router.get("/v1/reconciliation/lines")
async def list_statement_lines(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    status: Status | None = None,
    source: From | None = None,
    cause: Cause | None = None,
    imported_by: ObjectId | None = None,
) -> ListOf[LineOut]:
    """The newest first."""
    having = {"status": status, "source": source, "cause": cause, "import": imported_by}
    return await service.list_lines(gateway, who, page, dict(having))


@router.get("/v1/reconciliation/lines/{id}")
async def get_statement_line(
    line_id: PathId, gateway: Opened, who: Reader, response: Response
) -> LineOut:
    return tagged(response, await service.get_line(gateway, who, line_id))


@router.post("/v1/reconciliation/lines/{id}/confirm")
async def confirm_statement_line(  # noqa: PLR0917 - the framework passes by name
    line_id: PathId,
    gateway: Opened,
    who: Writer,
    expected: Expected,
    response: Response,
    given: wire.Confirming | None = None,
) -> LineOut:
    """Posts what it shows and the books have not; what is not explained to an account of yours."""
    given = given or wire.Confirming()
    return tagged(response, await service.confirm(gateway, who, line_id, given, expected))


@router.post("/v1/reconciliation/lines/{id}/ignore")
async def ignore_statement_line(  # noqa: PLR0917 - the framework passes by name
    line_id: PathId,
    given: wire.Ignoring,
    gateway: Opened,
    who: Writer,
    expected: Expected,
    response: Response,
) -> LineOut:
    """It concerns us not; nothing is posted."""
    made = await service.ignore(gateway, who, line_id, given.reason, expected)
    return tagged(response, made)
