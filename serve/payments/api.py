"""/v1/payments: what shippers are asked to pay, and what came in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from freight.payments.state import Status
from serve.addressed import To
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.payments import service
from serve.payments.wire import (
    Cancellation,
    Deposit,
    NewPayment,
    PaymentOut,
    PaymentStepOut,
    Recording,
    Verification,
)
from serve.versions import tagged

router = APIRouter(tags=["payments"])

Reader = Annotated[Principal, needs(Permission.PAYMENTS_READ)]
Writer = Annotated[Principal, needs(Permission.PAYMENTS_WRITE)]
Recorder = Annotated[Principal, needs(Permission.PAYMENTS_RECORD)]


@router.post("/v1/payments", status_code=HTTPStatus.CREATED)
async def create_payment(
    new: NewPayment, gateway: Opened, who: Writer, response: Response
) -> PaymentOut:
    """By UPI, card, bank or wallet: an order for a checkout, or a link. From the shipper's balance
    it is paid at once; cash and transfers are recorded when they come."""
    payment = await service.create(gateway, who, new)
    return tagged(response, payment, f"/v1/payments/{payment.id}")


@router.get("/v1/payments")
async def list_payments(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    status: Annotated[list[Status] | None, Query(max_length=len(Status))] = None,
    booking: ObjectId | None = None,
    shipper: ObjectId | None = None,
    troubled: Annotated[bool, Query(description="only what a person should look at")] = False,
) -> ListOf[PaymentOut]:
    """The newest first; who speaks for one shipper sees that one's."""
    return await service.list_page(
        gateway, who, page, status or [], booking, shipper, is_troubled=troubled
    )


@router.get("/v1/payments/{id}")
async def get_payment(
    payment_id: PathId, gateway: Opened, who: Reader, response: Response
) -> PaymentOut:
    return tagged(response, await service.get(gateway, who, payment_id))


@router.get("/v1/payments/{id}/timeline")
async def get_payment_timeline(
    payment_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[PaymentStepOut]:
    """Every step in its order, and who told us."""
    return await service.timeline(gateway, who, payment_id, page)


@router.post("/v1/payments/{id}/cancel")
async def cancel_payment(who: Writer, to: To, given: Cancellation | None = None) -> PaymentOut:
    """Of one that nobody has paid; money that comes all the same is given back or shown."""
    given = given or Cancellation()
    return to.tagged(await service.cancel(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/payments/{id}/verify")
async def verify_payment(
    payment_id: PathId, given: Verification, gateway: Opened, who: Writer, response: Response
) -> PaymentOut:
    """What a checkout brought back is checked, and the provider asked how the payment stands."""
    return tagged(response, await service.verify(gateway, who, payment_id, given))


@router.post("/v1/payments/{id}/record")
async def record_payment(given: Recording, who: Recorder, to: To) -> PaymentOut:
    """Cash that was collected, with its proof, or a transfer, with its UTR."""
    return to.tagged(await service.record(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/payments/{id}/hand-in")
async def hand_in_cash(who: Recorder, to: To, given: Deposit | None = None) -> PaymentOut:
    """Cash that a driver had collected is in our bank account now."""
    given = given or Deposit()
    return to.tagged(await service.hand_in(to.gateway, who, to.id, given, to.expected))
