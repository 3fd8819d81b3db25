"""/v1/notifications: messages to people, their attempts, and what a person can do about them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from freight.notifying.channels import Channel
from freight.notifying.rules import KIND_PATTERN
from freight.notifying.state import Severity, Status
from serve.addressed import To
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.notifications import service
from serve.notifications.service import SentOut
from serve.notifications.wire import (
    NewNotification,
    NotificationOut,
    Reason,
    WholeNotificationOut,
)
from serve.paging import ListOf, Paged
from serve.versions import tagged

router = APIRouter(tags=["notifications"])

Reader = Annotated[Principal, needs(Permission.NOTIFICATIONS_READ)]
Writer = Annotated[Principal, needs(Permission.NOTIFICATIONS_WRITE)]
Named = Annotated[str | None, Query(pattern=r"^[a-z-]{1,40}/[A-Za-z0-9_.:-]{1,140}$")]


@router.get("/v1/notifications")
async def list_notifications(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    state: Annotated[Status | None, Query()] = None,
    kind: Annotated[str | None, Query(pattern=KIND_PATTERN, max_length=64)] = None,
    severity: Annotated[Severity | None, Query()] = None,
    channel: Annotated[Channel | None, Query()] = None,
    subject: Named = None,
    person: Named = None,
    booking: ObjectId | None = None,
    truck: ObjectId | None = None,
) -> ListOf[NotificationOut]:
    """The newest first: what waits, what was sent, what came to nothing."""
    wanted = {
        "status": state,
        "kind": kind,
        "severity": severity,
        "channel": channel,
        "subject": subject,
        "person": person,
        "booking": booking,
        "truck": truck,
    }
    return await service.list_page(gateway, who, page, wanted)


@router.post("/v1/notifications", status_code=HTTPStatus.CREATED)
async def send_notification(new: NewNotification, gateway: Opened, who: Writer) -> SentOut:
    """A notice by hand, at once or later."""
    return await service.send(gateway, who, new)


@router.get("/v1/notifications/{id}")
async def get_notification(
    message_id: PathId, gateway: Opened, who: Reader, response: Response
) -> WholeNotificationOut:
    """With what was said, every attempt and every step."""
    return tagged(response, await service.get(gateway, who, message_id))


@router.post("/v1/notifications/{id}/replay")
async def replay_notification(who: Writer, at: To) -> NotificationOut:
    """Sent anew, of what is dead, unknown or cancelled; of anything else: 409."""
    return at.tagged(await service.replay(at, who))


@router.post("/v1/notifications/{id}/cancel")
async def cancel_notification(who: Writer, at: To, given: Reason | None = None) -> NotificationOut:
    """Kept back, while nobody was asked to send it; else: 409."""
    return at.tagged(await service.cancel(at, who, None if given is None else given.why))
