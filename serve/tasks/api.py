"""/v1/tasks: what people are to do that the product may not, or could not, do by itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from freight.tasks import TaskState
from serve.addressed import To
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.tasks import service
from serve.tasks.wire import Assigned, Dismissed, Done, Person, TaskOut
from serve.versions import tagged

router = APIRouter(tags=["tasks"])

Reader = Annotated[Principal, needs(Permission.TASKS_READ)]
Writer = Annotated[Principal, needs(Permission.TASKS_WRITE)]
KIND = r"^[a-z_.]{1,64}$"


@router.get("/v1/tasks")
async def list_tasks(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    state: Annotated[TaskState | None, Query()] = None,
    kind: Annotated[str | None, Query(pattern=KIND)] = None,
    booking: ObjectId | None = None,
    assigned_to: Annotated[Person | None, Query()] = None,
) -> ListOf[TaskOut]:
    """The newest first."""
    return await service.list_page(gateway, who, page, state, kind, booking, assigned_to)


@router.get("/v1/tasks/{id}")
async def get_task(task_id: PathId, gateway: Opened, who: Reader, response: Response) -> TaskOut:
    return tagged(response, await service.get(gateway, who, task_id))


@router.post("/v1/tasks/{id}/done")
async def finish_task(who: Writer, to: To, given: Done | None = None) -> TaskOut:
    note = None if given is None else given.note
    settled = await service.settle(to.gateway, who, to.id, TaskState.DONE, note, to.expected)
    return to.tagged(settled)


@router.post("/v1/tasks/{id}/dismiss")
async def dismiss_task(given: Dismissed, who: Writer, to: To) -> TaskOut:
    """It need not be done, and is not opened again for the same cause."""
    state = TaskState.DISMISSED
    settled = await service.settle(to.gateway, who, to.id, state, given.note, to.expected)
    return to.tagged(settled)


@router.post("/v1/tasks/{id}/assign")
async def assign_task(given: Assigned, who: Writer, to: To) -> TaskOut:
    return to.tagged(await service.assign(to.gateway, who, to.id, given.to, to.expected))
