"""/v1/{trucks,drivers,carriers}/import: many at once from a spreadsheet."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from serve.identity.access import Opened, TrucksWriter, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.imports import service
from serve.imports.kinds import CARRIERS, DRIVERS, TRUCKS
from serve.imports.report import ImportReport, Mode
from serve.problems import InvalidError

router = APIRouter(tags=["fleet"])

CSV = "text/csv"
DriversWriter = Annotated[Principal, needs(Permission.DRIVERS_WRITE)]
CarriersWriter = Annotated[Principal, needs(Permission.CARRIERS_WRITE)]
DryRun = Annotated[bool, Query(description="look at everything, store nothing")]
Wanted = Annotated[Mode, Query(description="all rows or none, or the rows that are right")]


def _takes(columns: tuple[str, ...]) -> dict[str, Any]:
    says = (
        "UTF-8, with or without a byte order mark; separated by commas, semicolons or tabs. The "
        f"first row names the columns, in any order: {', '.join(columns)}."
    )
    schema = {"type": "string", "description": says, "minLength": 1}
    return {"requestBody": {"required": True, "content": {CSV: {"schema": schema}}}}


async def csv_of(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CSV:
        raise InvalidError.at("Content-Type", f"send a file of {CSV}", **{"in": "header"})
    return await request.body()


Body = Annotated[bytes, Depends(csv_of)]


@router.post("/v1/trucks/import", openapi_extra=_takes(tuple(TRUCKS.columns.places)))
async def import_trucks(
    gateway: Opened,
    who: TrucksWriter,
    body: Body,
    dry_run: DryRun = False,
    mode: Wanted = Mode.ALL,
) -> ImportReport:
    """With secrets for their devices, shown this once. Every wrong cell is named by row and
    column; with mode `all` (422 then) nothing is stored while there is one."""
    return await service.run(gateway, who, TRUCKS, body, mode, dry_run=dry_run)


@router.post("/v1/drivers/import", openapi_extra=_takes(tuple(DRIVERS.columns.places)))
async def import_drivers(
    gateway: Opened,
    who: DriversWriter,
    body: Body,
    dry_run: DryRun = False,
    mode: Wanted = Mode.ALL,
) -> ImportReport:
    return await service.run(gateway, who, DRIVERS, body, mode, dry_run=dry_run)


@router.post("/v1/carriers/import", openapi_extra=_takes(tuple(CARRIERS.columns.places)))
async def import_carriers(
    gateway: Opened,
    who: CarriersWriter,
    body: Body,
    dry_run: DryRun = False,
    mode: Wanted = Mode.ALL,
) -> ImportReport:
    return await service.run(gateway, who, CARRIERS, body, mode, dry_run=dry_run)
