"""/v1/fences: areas whose borders make events."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from serve.fences import service
from serve.fences.wire import FenceChange, FenceFields, FenceOut, NewFence
from serve.fields import PathId, ShortText
from serve.identity.access import FencesReader, FencesWriter, Opened
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["fences"])


@router.post("/v1/fences", status_code=HTTPStatus.CREATED)
async def create_fence(
    new: NewFence, gateway: Opened, who: FencesWriter, response: Response
) -> FenceOut:
    """Trucks are held against it within two seconds."""
    fence = await service.create(gateway, who, new)
    return tagged(response, fence, f"/v1/fences/{fence.id}")


@router.get("/v1/fences")
async def list_fences(
    gateway: Opened,
    who: FencesReader,
    page: Paged,
    kind: ShortText | None = None,
    group: ShortText | None = None,
) -> ListOf[FenceOut]:
    return await service.list_page(gateway, who, page, kind, group)


@router.get("/v1/fences/{id}")
async def get_fence(
    fence_id: PathId, gateway: Opened, who: FencesReader, response: Response
) -> FenceOut:
    return tagged(response, await service.get(gateway, who, fence_id))


@router.put("/v1/fences/{id}")
async def replace_fence(  # noqa: PLR0917 - the framework passes by name
    fence_id: PathId,
    wanted: FenceFields,
    gateway: Opened,
    who: FencesWriter,
    expected: Expected,
    response: Response,
) -> FenceOut:
    return tagged(response, await service.replace(gateway, who, fence_id, wanted, expected))


@router.patch("/v1/fences/{id}")
async def change_fence(  # noqa: PLR0917 - the framework passes by name
    fence_id: PathId,
    wanted: FenceChange,
    gateway: Opened,
    who: FencesWriter,
    expected: Expected,
    response: Response,
) -> FenceOut:
    return tagged(response, await service.change(gateway, who, fence_id, wanted, expected))


@router.delete("/v1/fences/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_fence(
    fence_id: PathId, gateway: Opened, who: FencesWriter, expected: Expected
) -> None:
    await service.delete(gateway, who, fence_id, expected)
