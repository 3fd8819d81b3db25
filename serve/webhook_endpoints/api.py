"""/v1/webhook-endpoints: where a tenant's own systems are told what happens."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged
from serve.webhook_deliveries.wire import DeliveryOut
from serve.webhook_endpoints import replaying, service
from serve.webhook_endpoints.wire import (
    EndpointChange,
    EndpointOut,
    EndpointWithSecret,
    NewEndpoint,
    ReplayOut,
    ReplayWish,
    Rotation,
)

router = APIRouter(tags=["webhooks"])

Reader = Annotated[Principal, needs(Permission.WEBHOOKS_READ)]
Writer = Annotated[Principal, needs(Permission.WEBHOOKS_WRITE)]


@router.post("/v1/webhook-endpoints", status_code=HTTPStatus.CREATED)
async def create_webhook_endpoint(
    new: NewEndpoint, gateway: Opened, who: Writer, response: Response
) -> EndpointWithSecret:
    """The secret that its messages are signed with is made here, and shown this once."""
    made = await service.create(gateway, who, new)
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, made, f"/v1/webhook-endpoints/{made.id}")


@router.get("/v1/webhook-endpoints")
async def list_webhook_endpoints(gateway: Opened, who: Reader, page: Paged) -> ListOf[EndpointOut]:
    return await service.list_page(gateway, who, page)


@router.get("/v1/webhook-endpoints/{id}")
async def get_webhook_endpoint(
    endpoint_id: PathId, gateway: Opened, who: Reader, response: Response
) -> EndpointOut:
    return tagged(response, await service.get(gateway, who, endpoint_id))


@router.patch("/v1/webhook-endpoints/{id}")
async def change_webhook_endpoint(  # noqa: PLR0917 - the framework passes by name
    endpoint_id: PathId,
    wanted: EndpointChange,
    gateway: Opened,
    who: Writer,
    expected: Expected,
    response: Response,
) -> EndpointOut:
    """What waits goes to the new address; a filter holds for what happens from now on."""
    return tagged(response, await service.change(gateway, who, endpoint_id, wanted, expected))


@router.delete("/v1/webhook-endpoints/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_webhook_endpoint(
    endpoint_id: PathId, gateway: Opened, who: Writer, expected: Expected
) -> None:
    """What waits is withdrawn; what was sent can still be read."""
    await service.remove(gateway, who, endpoint_id, expected)


@router.post("/v1/webhook-endpoints/{id}/rotate")
async def rotate_webhook_secret(  # noqa: PLR0917
    endpoint_id: PathId,
    wanted: Rotation,
    gateway: Opened,
    who: Writer,
    expected: Expected,
    response: Response,
) -> EndpointWithSecret:
    """A new secret, shown this once; for the overlap messages are signed by both."""
    response.headers["Cache-Control"] = "no-store"
    return tagged(response, await service.rotate(gateway, who, endpoint_id, wanted, expected))


@router.post("/v1/webhook-endpoints/{id}/test", status_code=HTTPStatus.ACCEPTED)
async def test_webhook_endpoint(endpoint_id: PathId, gateway: Opened, who: Writer) -> DeliveryOut:
    """Sends `webhook.test` once, also to one that is paused; its delivery says how it went."""
    return await service.test(gateway, who, endpoint_id)


@router.post("/v1/webhook-endpoints/{id}/pause")
async def pause_webhook_endpoint(
    endpoint_id: PathId, gateway: Opened, who: Writer, expected: Expected, response: Response
) -> EndpointOut:
    """What happens meanwhile waits, and is sent in order once it is resumed."""
    return tagged(response, await service.pause(gateway, who, endpoint_id, expected))


@router.post("/v1/webhook-endpoints/{id}/resume")
async def resume_webhook_endpoint(
    endpoint_id: PathId, gateway: Opened, who: Writer, expected: Expected, response: Response
) -> EndpointOut:
    """One that was disabled too; what happened while it was is brought by a replay."""
    return tagged(response, await service.resume(gateway, who, endpoint_id, expected))


@router.post("/v1/webhook-endpoints/{id}/replay", status_code=HTTPStatus.ACCEPTED)
async def replay_webhooks(
    endpoint_id: PathId, wish: ReplayWish, gateway: Opened, who: Writer
) -> ReplayOut:
    """Once more what we learned in a while and the endpoint wants: the same ids and bodies."""
    return await replaying.replay(gateway, who, endpoint_id, wish)
