"""/v1/inbox and /v1/push-tokens: one's own messages on the screen, and one's phones."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from serve.fields import PathId
from serve.identity.access import Opened, SignedIn
from serve.notifications import inbox
from serve.notifications.people_wire import (
    InboxItemOut,
    InboxSummaryOut,
    NewPushToken,
    PushTokenOut,
    ReadUpTo,
)
from serve.paging import ListOf, Paged

router = APIRouter(tags=["inbox"])


@router.get("/v1/inbox")
async def list_inbox(
    gateway: Opened, who: SignedIn, page: Paged, *, unread: bool = False
) -> ListOf[InboxItemOut]:
    """Your own, the newest first."""
    return await inbox.list_page(gateway, who, page, only_unread=unread)


@router.get("/v1/inbox/summary")
async def get_inbox_summary(gateway: Opened, who: SignedIn) -> InboxSummaryOut:
    return await inbox.summary(gateway, who)


@router.post("/v1/inbox/read")
async def read_inbox(
    gateway: Opened, who: SignedIn, given: ReadUpTo | None = None
) -> InboxSummaryOut:
    """All that you have seen."""
    return await inbox.read_all(gateway, who, None if given is None else given.up_to)


@router.post("/v1/inbox/{id}/read")
async def read_inbox_item(item_id: PathId, gateway: Opened, who: SignedIn) -> InboxItemOut:
    return await inbox.read_one(gateway, who, item_id)


@router.get("/v1/push-tokens")
async def list_push_tokens(gateway: Opened, who: SignedIn) -> ListOf[PushTokenOut]:
    """The phones that you are reached on, the newest first."""
    return await inbox.phones(gateway, who)


@router.post("/v1/push-tokens", status_code=HTTPStatus.CREATED)
async def add_push_token(new: NewPushToken, gateway: Opened, who: SignedIn) -> PushTokenOut:
    """The app sends its token after every sign-in; a known one is moved to who has it now."""
    return await inbox.add_phone(gateway, who, new)


@router.delete("/v1/push-tokens/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_push_token(token_id: PathId, gateway: Opened, who: SignedIn) -> None:
    await inbox.drop_phone(gateway, who, token_id)
