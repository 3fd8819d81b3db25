"""/v1/refunds: money that goes back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response

from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.payments.wire import RefundOut
from serve.refunds import service
from serve.refunds.wire import NewRefund, PaidOut

router = APIRouter(tags=["payments"])

Reader = Annotated[Principal, needs(Permission.PAYMENTS_READ)]
Refunder = Annotated[Principal, needs(Permission.REFUNDS_WRITE)]


@router.post("/v1/refunds", status_code=HTTPStatus.CREATED)
async def create_refund(
    new: NewRefund, gateway: Opened, who: Refunder, response: Response
) -> RefundOut:
    """All or a part of what came in, never more; it goes the way it came, unless said otherwise."""
    refund = await service.create(gateway, who, new)
    response.headers["Location"] = f"/v1/refunds/{refund.id}"
    return refund


@router.get("/v1/refunds")
async def list_refunds(
    gateway: Opened,
    who: Reader,
    page: Paged,
    payment: ObjectId | None = None,
    booking: ObjectId | None = None,
) -> ListOf[RefundOut]:
    """The newest first."""
    return await service.list_page(gateway, who, page, payment, booking)


@router.get("/v1/refunds/{id}")
async def get_refund(refund_id: PathId, gateway: Opened, who: Reader) -> RefundOut:
    return await service.get(gateway, who, refund_id)


@router.post("/v1/refunds/{id}/record")
async def record_refund(
    refund_id: PathId, given: PaidOut, gateway: Opened, who: Refunder
) -> RefundOut:
    """One to a bank account was paid, by hand."""
    return await service.record(gateway, who, refund_id, given)
