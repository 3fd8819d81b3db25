"""/v1/webhook-deliveries: what was sent to whom, and what was answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from freight.webhooks.deliveries import DeliveryState
from serve.fields import ObjectId, PathId, ShortText
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.webhook_deliveries import service
from serve.webhook_deliveries.wire import DeliveryOut, DeliveryWithAttempts

router = APIRouter(tags=["webhooks"])

Reader = Annotated[Principal, needs(Permission.WEBHOOKS_READ)]
Writer = Annotated[Principal, needs(Permission.WEBHOOKS_WRITE)]
TYPE = r"^[a-z0-9_.]{1,64}$"
SUBJECT = r"^[a-z0-9-]{1,40}/[A-Za-z0-9_.:-]{1,64}$"


@router.get("/v1/webhook-deliveries")
async def list_webhook_deliveries(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    endpoint: ObjectId | None = None,
    state: DeliveryState | None = None,
    type: Annotated[str | None, Query(pattern=TYPE)] = None,  # noqa: A002 - its name on the wire
    subject: Annotated[str | None, Query(pattern=SUBJECT)] = None,
    message: ShortText | None = None,
) -> ListOf[DeliveryOut]:
    """The newest first; `state=failed` are the dead letters, `message` is a webhook-id."""
    return await service.list_page(gateway, who, page, endpoint, state, type, subject, message)


@router.get("/v1/webhook-deliveries/{id}")
async def get_webhook_delivery(
    delivery_id: PathId, gateway: Opened, who: Reader
) -> DeliveryWithAttempts:
    """With each attempt's request and response."""
    return await service.get(gateway, who, delivery_id)


@router.post("/v1/webhook-deliveries/{id}/retry", status_code=HTTPStatus.ACCEPTED)
async def retry_webhook_delivery(delivery_id: PathId, gateway: Opened, who: Writer) -> DeliveryOut:
    """Now, with the whole schedule before it again; 409 for what was delivered."""
    return await service.retry(gateway, who, delivery_id)
