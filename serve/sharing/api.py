"""/v1/bookings/{id}/shares, /v1/tracking-consents, and the pages at /s/ that need no sign-in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from freight.sharing.words import Language
from serve.fields import ObjectId, PathId, possible_id
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.problems import NotFoundError
from serve.sharing import page, service, viewing
from serve.sharing.wire import (
    ConsentFields,
    ConsentOut,
    NewShare,
    NewShareOut,
    ShareAccessOut,
    SharedOut,
    ShareOut,
)

router = APIRouter(tags=["sharing"])

Sharer = Annotated[Principal, needs(Permission.BOOKINGS_SHARE)]
DriversReader = Annotated[Principal, needs(Permission.DRIVERS_READ)]
DriversWriter = Annotated[Principal, needs(Permission.DRIVERS_WRITE)]
ShareId = Annotated[str, Path()]
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "model": SharedOut,
        "description": "A page, or JSON to who accepts that rather",
        "content": {"text/html": {"schema": {"type": "string"}}},
    },
    404: {
        "description": "A link that is not good, for whatever reason",
        "content": {"text/html": {"schema": {"type": "string"}}},
    },
}


@router.post("/v1/bookings/{id}/shares", status_code=HTTPStatus.CREATED)
async def share_booking(
    booking_id: PathId, given: NewShare, gateway: Opened, who: Sharer
) -> NewShareOut:
    """A page by which whoever has its address follows the goods, until it expires or is revoked."""
    return await service.create(gateway, who, booking_id, given)


@router.get("/v1/bookings/{id}/shares")
async def list_shares(
    booking_id: PathId, gateway: Opened, who: Sharer, page_asked: Paged
) -> ListOf[ShareOut]:
    """The newest first, those that are good no more too."""
    return await service.list_page(gateway, who, booking_id, page_asked)


@router.delete("/v1/bookings/{id}/shares/{share_id}")
async def revoke_share(
    booking_id: PathId, share_id: ShareId, gateway: Opened, who: Sharer
) -> ShareOut:
    """From now on it leads nowhere."""
    return await service.revoke(gateway, who, booking_id, possible_id(share_id))


@router.get("/v1/bookings/{id}/shares/{share_id}/accesses")
async def list_share_accesses(
    booking_id: PathId, share_id: ShareId, gateway: Opened, who: Sharer, page_asked: Paged
) -> ListOf[ShareAccessOut]:
    """Every time that it was opened, the newest first; refreshes of an open page too."""
    return await service.accesses(gateway, who, booking_id, possible_id(share_id), page_asked)


@router.post("/v1/tracking-consents", status_code=HTTPStatus.CREATED)
async def record_tracking_consent(
    given: ConsentFields, gateway: Opened, who: DriversWriter
) -> ConsentOut:
    """That a driver or carrier agrees to be followed, or agrees no more; nothing is overwritten."""
    return await service.record_consent(gateway, who, given)


@router.get("/v1/tracking-consents")
async def list_tracking_consents(
    gateway: Opened,
    who: DriversReader,
    page_asked: Paged,
    driver: ObjectId | None = None,
    carrier: ObjectId | None = None,
) -> ListOf[ConsentOut]:
    """The ledger, the newest first: the newest of each counts."""
    return await service.consents(gateway, who, page_asked, driver, carrier)


@router.get("/s/{token}", response_class=Response, responses=_PAGE)
async def follow_shared(
    token: Annotated[str, Path()],
    gateway: Opened,
    request: Request,
    lang: Annotated[Language | None, Query()] = None,
) -> Response:
    """By a link, without signing in: a page for people, JSON for `Accept: application/json`."""
    accepted = request.headers.get("accept", "")
    is_data = "application/json" in accepted and "text/html" not in accepted
    try:
        seen = await viewing.view(gateway, token, "json" if is_data else "page", lang)
    except NotFoundError:
        if is_data:
            raise
        text = page.gone_page(lang or Language.ENGLISH)
        return HTMLResponse(text, HTTPStatus.NOT_FOUND, headers=page.HEADERS)
    if is_data:
        return JSONResponse(seen.model_dump(mode="json"), headers=page.DATA_HEADERS)
    timezone = gateway.policy.sharing.timezone
    return HTMLResponse(page.page(seen, timezone), headers=page.HEADERS)
