"""/v1/trucks/{id}/papers: what a truck has to be allowed on the road, and until when."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from freight.fleet.papers import PaperKind
from serve.fields import PathId
from serve.identity.access import Opened, TrucksReader, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf
from serve.papers import service
from serve.papers.wire import PaperFields, PaperOut
from serve.problems import NotFoundError
from serve.versions import Expected, tagged

router = APIRouter(tags=["fleet"])

PapersWriter = Annotated[Principal, needs(Permission.PAPERS_WRITE)]
_KINDS = ", ".join(PaperKind)


def _kind_of(kind: str) -> PaperKind:
    """What is not there is told to whom may pass, and to nobody else."""
    try:
        return PaperKind(kind)
    except ValueError:
        raise NotFoundError(f"there are no papers but {_KINDS}") from None


Kind = Annotated[str, Path(description=_KINDS)]


@router.get("/v1/trucks/{id}/papers")
async def list_papers(truck_id: PathId, gateway: Opened, who: TrucksReader) -> ListOf[PaperOut]:
    return await service.of_truck(gateway, who, truck_id)


@router.put("/v1/trucks/{id}/papers/{kind}")
async def put_paper(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    kind: Kind,
    given: PaperFields,
    gateway: Opened,
    who: PapersWriter,
    expected: Expected,
    response: Response,
) -> PaperOut:
    """In place of the one before; a paper that ends too early keeps its truck from loads."""
    paper = await service.put(gateway, who, truck_id, _kind_of(kind), given, expected)
    return tagged(response, paper)


@router.delete("/v1/trucks/{id}/papers/{kind}", status_code=HTTPStatus.NO_CONTENT)
async def delete_paper(
    truck_id: PathId,
    kind: Kind,
    gateway: Opened,
    who: PapersWriter,
    expected: Expected,
) -> None:
    await service.delete(gateway, who, truck_id, _kind_of(kind), expected)
