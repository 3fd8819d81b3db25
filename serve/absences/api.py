"""/v1/trucks/{id}/absences: the calendar of when a truck is not to be had."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from serve.absences import service
from serve.absences.wire import AbsenceChange, AbsenceOut, NewAbsence
from serve.fields import PathId, possible_id, time_ms
from serve.identity.access import Opened, TrucksReader, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["fleet"])

AvailabilityWriter = Annotated[Principal, needs(Permission.AVAILABILITY_WRITE)]


async def absence_id_of(absence_id: Annotated[str, Path()]) -> str:
    return possible_id(absence_id)


AbsenceId = Annotated[str, Depends(absence_id_of)]


@router.post("/v1/trucks/{id}/absences", status_code=HTTPStatus.CREATED)
async def create_absence(
    truck_id: PathId,
    new: NewAbsence,
    gateway: Opened,
    who: AvailabilityWriter,
    response: Response,
) -> AbsenceOut:
    """From then on the truck is offered no loads. 409 beside another absence at the same time."""
    absence = await service.create(gateway, who, truck_id, new)
    return tagged(response, absence, f"/v1/trucks/{truck_id}/absences/{absence.id}")


@router.get("/v1/trucks/{id}/absences")
async def list_absences(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    gateway: Opened,
    who: TrucksReader,
    page: Paged,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
) -> ListOf[AbsenceOut]:
    """Those that touch the time asked for, in the order of their ids."""
    span = time_ms("from", since), time_ms("to", until)
    return await service.list_page(gateway, who, truck_id, page, span)


@router.patch("/v1/trucks/{id}/absences/{absence_id}")
async def change_absence(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    absence_id: AbsenceId,
    wanted: AbsenceChange,
    gateway: Opened,
    who: AvailabilityWriter,
    expected: Expected,
    response: Response,
) -> AbsenceOut:
    absence = await service.change(gateway, who, truck_id, absence_id, wanted, expected)
    return tagged(response, absence)


@router.delete("/v1/trucks/{id}/absences/{absence_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_absence(
    truck_id: PathId,
    absence_id: AbsenceId,
    gateway: Opened,
    who: AvailabilityWriter,
    expected: Expected,
) -> None:
    await service.delete(gateway, who, truck_id, absence_id, expected)
