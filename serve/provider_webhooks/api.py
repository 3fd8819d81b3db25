"""/v1/webhooks: providers tell us here what happened; what they sent is listed, and replayed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request
from fastapi.responses import PlainTextResponse

from serve.fields import ID_PATTERN
from serve.gateway import Gateway
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.notifications import receiving
from serve.paging import ListOf, Paged
from serve.provider_webhooks import inbox
from serve.provider_webhooks.receiving import addressed, receive, work
from serve.provider_webhooks.wire import LetterOut, TakenOut
from store.provider_inbox import InboxState

router = APIRouter(tags=["provider webhooks"])

Reader = Annotated[Principal, needs(Permission.PAYMENTS_RECORD)]
Operator = Annotated[Principal, needs(Permission.INSTALLATION_WRITE)]
ProviderName = Annotated[str, Path(pattern=ID_PATTERN)]
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}

_REFUSALS: dict[int | str, dict[str, Any]] = {
    int(status): {"description": status.phrase}
    for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND)
}


@router.post("/v1/webhooks/{provider}", openapi_extra=BODY, responses=_REFUSALS)
async def take_webhook(
    provider: ProviderName, request: Request, gateway: Opened, later: BackgroundTasks
) -> TakenOut:
    """For an account that all tenants share. No token: the signature over the body proves it."""
    return await _taken(gateway, provider, None, request, later)


@router.post("/v1/webhooks/{provider}/{tenant}", openapi_extra=BODY, responses=_REFUSALS)
async def take_webhook_of_tenant(
    provider: ProviderName,
    tenant: Annotated[str, Path(pattern=ID_PATTERN)],
    request: Request,
    gateway: Opened,
    later: BackgroundTasks,
) -> TakenOut:
    """For a tenant's own account."""
    return await _taken(gateway, provider, tenant, request, later)


async def _taken(
    gateway: Gateway,
    provider: str,
    tenant: str | None,
    request: Request,
    later: BackgroundTasks,
) -> TakenOut:
    if receiving.is_of_messages(provider):
        return await _taken_of_messages(gateway, provider, tenant, request, later)
    body = await request.body()
    arrived = await addressed(gateway, provider, tenant, body, request.headers)
    stored = await receive(gateway, arrived)
    if stored is not None and stored.nr is not None:
        later.add_task(work, gateway, stored)
    is_known = stored is not None and stored.nr is None
    return TakenOut(result="known" if is_known else "kept")


async def _taken_of_messages(
    gateway: Gateway,
    provider: str,
    tenant: str | None,
    request: Request,
    later: BackgroundTasks,
) -> TakenOut:
    stored = await receiving.receive(gateway, provider, tenant, request)
    if stored is not None and stored.nr is not None:
        later.add_task(receiving.work, gateway, stored)
    is_known = stored is not None and stored.nr is None
    return TakenOut(result="known" if is_known else "kept")


@router.get("/v1/webhooks/{provider}", response_class=PlainTextResponse, responses=_REFUSALS)
async def answer_question(provider: ProviderName, request: Request, gateway: Opened) -> str:
    """Meta asks so whether an address is ours, and brings our word along."""
    return await receiving.answer_question(gateway, provider, None, request.query_params)


@router.get(
    "/v1/webhooks/{provider}/{tenant}", response_class=PlainTextResponse, responses=_REFUSALS
)
async def answer_question_of_tenant(
    provider: ProviderName,
    tenant: Annotated[str, Path(pattern=ID_PATTERN)],
    request: Request,
    gateway: Opened,
) -> str:
    return await receiving.answer_question(gateway, provider, tenant, request.query_params)


@router.get("/v1/provider-webhooks")
async def list_provider_webhooks(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    state: Annotated[list[InboxState] | None, Query(max_length=len(InboxState))] = None,
    provider: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    about: Annotated[
        str | None, Query(pattern=ID_PATTERN, description="an order, payment, refund or link")
    ] = None,
) -> ListOf[LetterOut]:
    """The newest first: what was believed, what was refused, and what became of each."""
    return await inbox.list_page(
        gateway, who, page, states=state or [], provider=provider, about=about
    )


@router.get("/v1/provider-webhooks/unclaimed")
async def list_unclaimed_webhooks(gateway: Opened, _: Operator, page: Paged) -> ListOf[LetterOut]:
    """Those of no tenant: refused ones, and those of a shared account about nothing known."""
    return await inbox.list_unclaimed(gateway, page)


@router.get("/v1/provider-webhooks/{id}")
async def get_provider_webhook(gateway: Opened, who: Reader, number: inbox.Number) -> LetterOut:
    return await inbox.get(gateway, who, number)


@router.post("/v1/provider-webhooks/{id}/replay")
async def replay_provider_webhook(gateway: Opened, who: Reader, number: inbox.Number) -> LetterOut:
    """Worked on once more; of one that was refused: 409."""
    return await inbox.replay(gateway, who, number)
