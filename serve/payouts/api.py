"""/v1/payouts: money on its way to carriers' banks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from freight.payouts.state import Status
from serve.addressed import To
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.payouts import service
from serve.payouts.wire import Cancelling, PayoutOut
from serve.versions import tagged

router = APIRouter(tags=["payouts"])

Reader = Annotated[Principal, needs(Permission.SETTLEMENTS_READ)]
Payer = Annotated[Principal, needs(Permission.PAYOUTS_WRITE)]


@router.get("/v1/payouts")
async def list_payouts(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    status: Status | None = None,
    carrier: ObjectId | None = None,
    settlement: ObjectId | None = None,
) -> ListOf[PayoutOut]:
    """The newest first; a carrier sees its own."""
    having = {"status": status, "carrier": carrier, "settlement": settlement}
    return await service.list_page(gateway, who, page, having)


@router.get("/v1/payouts/{id}")
async def get_payout(
    payout_id: PathId, gateway: Opened, who: Reader, response: Response
) -> PayoutOut:
    return tagged(response, await service.get(gateway, who, payout_id))


@router.post("/v1/payouts/{id}/retry")
async def retry_payout(who: Payer, to: To) -> PayoutOut:
    """Anew, once it is known to have come to nothing; 409 while it may be under way."""
    return to.tagged(await service.retry(to.gateway, who, to.id, to.expected))


@router.post("/v1/payouts/{id}/cancel")
async def cancel_payout(given: Cancelling, who: Payer, to: To) -> PayoutOut:
    """Before it is sent, or while it is queued; its settlement waits to be paid again."""
    made = await service.cancel(to.gateway, who, to.id, given.reason, to.expected)
    return to.tagged(made)
