"""/v1/eway-bills: the paper that goods travel with, asked of the government's portal."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from freight.eway.state import Status
from serve.addressed import To
from serve.eway_bills import service
from serve.eway_bills.answers import EwayBillOut, EwayStepOut
from serve.eway_bills.wire import CancelIn, ExtensionIn, NewEwayBill, PartBIn, TransporterIn
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import tagged

router = APIRouter(tags=["eway-bills"])

Reader = Annotated[Principal, needs(Permission.EWAY_READ)]
Reporter = Annotated[Principal, needs(Permission.EWAY_REPORT)]
Writer = Annotated[Principal, needs(Permission.EWAY_WRITE)]
MINUTES_MAX = 527_040  # fixed: a year; part of the published API
_LATER = HTTPStatus.ACCEPTED


@router.post("/v1/eway-bills", status_code=HTTPStatus.CREATED)
async def create_eway_bill(
    new: NewEwayBill, gateway: Opened, who: Writer, response: Response
) -> EwayBillOut:
    """A draft; with `generate` the portal is asked at once. What the request leaves out is taken
    from the booking, its references, its truck and the truck's way."""
    bill = await service.create(gateway, who, new)
    return tagged(response, bill, f"/v1/eway-bills/{bill.id}")


@router.get("/v1/eway-bills")
async def list_eway_bills(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    booking: ObjectId | None = None,
    status: Annotated[Status | None, Query()] = None,
    expiring_in_minutes: Annotated[
        int | None, Query(ge=0, le=MINUTES_MAX, description="only what ends by then, or has ended")
    ] = None,
) -> ListOf[EwayBillOut]:
    """The newest first."""
    return await service.list_page(
        gateway,
        who,
        page,
        booking=booking,
        status=status,
        expiring_in_minutes=expiring_in_minutes,
    )


@router.get("/v1/eway-bills/{id}")
async def get_eway_bill(
    bill_id: PathId, gateway: Opened, who: Reader, response: Response
) -> EwayBillOut:
    return tagged(response, await service.get(gateway, who, bill_id))


@router.get("/v1/eway-bills/{id}/history")
async def list_eway_bill_history(
    bill_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[EwayStepOut]:
    """All that happened to it, and who asked for it."""
    return await service.history(gateway, who, bill_id, page)


@router.post("/v1/eway-bills/{id}/generate", status_code=_LATER)
async def generate_eway_bill(who: Writer, to: To) -> EwayBillOut:
    """Written down; the portal's answer is in the bill soon, as for all that follows."""
    return to.tagged(await service.generate(to.gateway, who, to.id, to.expected))


@router.post("/v1/eway-bills/{id}/part-b", status_code=_LATER)
async def update_part_b(given: PartBIn, who: Reporter, to: To) -> EwayBillOut:
    """The vehicle that has the goods now; whoever carries a leg may say so of its bills."""
    return to.tagged(await service.change_vehicle(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/eway-bills/{id}/extend", status_code=_LATER)
async def extend_eway_bill(given: ExtensionIn, who: Writer, to: To) -> EwayBillOut:
    """409 outside of its window: `extendable` says when."""
    return to.tagged(await service.extend(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/eway-bills/{id}/update-transporter", status_code=_LATER)
async def update_transporter(given: TransporterIn, who: Writer, to: To) -> EwayBillOut:
    shown = await service.change_transporter(to.gateway, who, to.id, given, to.expected)
    return to.tagged(shown)


@router.post("/v1/eway-bills/{id}/cancel", status_code=_LATER)
async def cancel_eway_bill(given: CancelIn, who: Writer, to: To) -> EwayBillOut:
    """Within a day of its generation; a draft at any time, and at once."""
    return to.tagged(await service.cancel(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/eway-bills/{id}/refresh", status_code=_LATER)
async def refresh_eway_bill(
    bill_id: PathId, gateway: Opened, who: Writer, response: Response
) -> EwayBillOut:
    """Look on the portal for what others did to it there."""
    return tagged(response, await service.refresh(gateway, who, bill_id))
