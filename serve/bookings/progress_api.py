"""/v1/bookings/{id}/...: how the carrying goes, said by hand, and its proofs and charges."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from freight.booking import commands as asked
from serve.bookings import proving, service, weighing, wire
from serve.bookings.addressed import To
from serve.bookings.answers import BookingOut
from serve.bookings.api import Overrider, Reader, Reporter, Writer
from serve.fields import PathId
from serve.identity.access import Opened
from serve.versions import tagged

router = APIRouter(tags=["bookings"])


@router.post("/v1/bookings/{id}/milestones")
async def reach_milestone(given: wire.MilestoneFields, who: Overrider, to: To) -> BookingOut:
    """By hand, against what the truck was seen to do; milestones else move by themselves."""
    command = asked.Reach(
        **service.stamp(who, given.reason),
        leg=given.leg,
        milestone=given.milestone,
        stop=given.stop,
        at_ms=wire.ms_of(given.at),
    )
    return await to.tell(who, "bookings.reach", command)


@router.post("/v1/bookings/{id}/milestones/take-back")
async def take_back_milestone(given: wire.MilestoneFields, who: Overrider, to: To) -> BookingOut:
    """What was said by hand, or an arrival that was none."""
    command = asked.TakeBack(
        **service.stamp(who, given.reason),
        leg=given.leg,
        milestone=given.milestone,
        stop=given.stop,
    )
    return await to.tell(who, "bookings.take_back", command)


@router.post("/v1/bookings/{id}/codes", status_code=HTTPStatus.CREATED)
async def give_code(
    booking_id: PathId, given: wire.CodeFields, gateway: Opened, who: Writer
) -> wire.CodeOut:
    """A one-time password with which a pickup or delivery is proven; shown this once."""
    return await proving.give_code(gateway, who, booking_id, given)


@router.post("/v1/bookings/{id}/proofs")
async def record_proof(
    booking_id: PathId,
    given: wire.ProofFields,
    gateway: Opened,
    who: Reporter,
    response: Response,
) -> BookingOut:
    """Delivered means proven: by the code, or by a signature, picture or paper."""
    return tagged(response, await proving.record_proof(gateway, who, booking_id, given))


@router.get("/v1/bookings/{id}/weights")
async def get_weights(booking_id: PathId, gateway: Opened, who: Reader) -> weighing.WeightsOut:
    """What was loaded and unloaded by leg, what is missing, and what is due for it."""
    return await weighing.of_booking(gateway, who, booking_id)


@router.post("/v1/bookings/{id}/adjustments")
async def adjust_price(given: wire.AdjustmentFields, who: Overrider, to: To) -> BookingOut:
    """Agreed later by the unit, such as a difference in weight; a line of its own."""
    command = asked.Adjust(
        **service.stamp(who, given.reason),
        head=given.head,
        unit=given.unit,
        quantity=given.quantity,
        per=given.per,
        unit_minor=given.unit_price.amount_minor,
        leg=given.leg,
    )
    return await to.tell(who, "bookings.adjust", command)


@router.post("/v1/bookings/{id}/detention-exclusions")
async def exclude_detention(given: wire.ExclusionFields, who: Overrider, to: To) -> BookingOut:
    """Waiting that nobody pays for, such as a driver who was away."""
    command = asked.ExcludeDetention(
        **service.stamp(who, None),
        leg=given.leg,
        stop=given.stop,
        from_ms=wire.ms_of(given.since) or 0,
        to_ms=wire.ms_of(given.until) or 0,
        why=given.why,
    )
    return await to.tell(who, "bookings.exclude", command)
