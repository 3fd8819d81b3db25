"""/v1/trucks/{id}/rejections: what a truck's device has sent that could not be taken, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged, number_of
from serve.rejections.wire import RejectionOut
from store import rejections, trucks

router = APIRouter(tags=["devices"])

DevicesReader = Annotated[Principal, needs(Permission.DEVICES_READ)]


@router.get("/v1/trucks/{id}/rejections")
async def list_rejections(
    truck_id: PathId,
    gateway: Opened,
    who: DevicesReader,
    page: Paged,
    reason: Annotated[str | None, Query(max_length=64)] = None,
) -> ListOf[RejectionOut]:
    """The newest first."""
    after = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        found = await rejections.list_page(
            conn, after=after, limit=page.one_more, truck=truck.id, reason=_storable(reason)
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.id))
    return ListOf(items=[RejectionOut.of(one) for one in kept], next_cursor=next_cursor)


def _storable(reason: str | None) -> str | None:
    """No reason has NUL or half a letter in it, and Postgres would refuse the question."""
    return None if reason is None else reason.encode(errors="replace").decode().replace("\0", "?")
