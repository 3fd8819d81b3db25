"""/v1/carriers/{id}/ties: for whom a carrier may drive, may not, or alone may."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from serve.fields import PathId, possible_id
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.ties import service
from serve.ties.wire import NewTie, TieOut
from serve.versions import tagged

router = APIRouter(tags=["carriers"])

TiesReader = Annotated[Principal, needs(Permission.TIES_READ)]
TiesWriter = Annotated[Principal, needs(Permission.TIES_WRITE)]


async def tie_id_of(tie_id: Annotated[str, Path()]) -> str:
    return possible_id(tie_id)


@router.post("/v1/carriers/{id}/ties", status_code=HTTPStatus.CREATED)
async def create_tie(
    carrier_id: PathId, new: NewTie, gateway: Opened, who: TiesWriter, response: Response
) -> TieOut:
    """Counts for loads that are given away from now on. A shipper ties for itself only."""
    tie = await service.create(gateway, who, carrier_id, new)
    return tagged(response, tie, f"/v1/carriers/{carrier_id}/ties/{tie.id}")


@router.get("/v1/carriers/{id}/ties")
async def list_ties(
    carrier_id: PathId, gateway: Opened, who: TiesReader, page: Paged
) -> ListOf[TieOut]:
    """A shipper sees its own."""
    return await service.list_page(gateway, who, carrier_id, page)


@router.delete("/v1/carriers/{id}/ties/{tie_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_tie(
    carrier_id: PathId,
    tie_id: Annotated[str, Depends(tie_id_of)],
    gateway: Opened,
    who: TiesWriter,
) -> None:
    await service.delete(gateway, who, carrier_id, tie_id)
