"""/v1/bookings/{id}/...: how the carrying goes, said by hand, and its proofs and charges."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from freight.booking import commands as asked
from serve.bookings import proving, service, wire
from serve.bookings.answers import BookingOut
from serve.bookings.api import Overrider, Reporter, Writer
from serve.bookings.service import Wish
from serve.fields import PathId
from serve.identity.access import Opened
from serve.versions import Expected, tagged

router = APIRouter(tags=["bookings"])


@router.post("/v1/bookings/{id}/milestones")
async def reach_milestone(  # noqa: PLR0917 - the framework passes by name
    booking_id: PathId,
    given: wire.MilestoneFields,
    gateway: Opened,
    who: Overrider,
    expected: Expected,
    response: Response,
) -> BookingOut:
    """By hand, against what the truck was seen to do; milestones else move by themselves."""
    command = asked.Reach(
        **service.stamp(who, given.reason),
        leg=given.leg,
        milestone=given.milestone,
        stop=given.stop,
        at_ms=wire.ms_of(given.at),
    )
    wish = Wish(booking_id, "bookings.reach", command, expected)
    return tagged(response, await service.tell(gateway, who, wish))


@router.post("/v1/bookings/{id}/milestones/take-back")
async def take_back_milestone(  # noqa: PLR0917 - the framework passes by name
    booking_id: PathId,
    given: wire.MilestoneFields,
    gateway: Opened,
    who: Overrider,
    expected: Expected,
    response: Response,
) -> BookingOut:
    """What was said by hand, or an arrival that was none."""
    command = asked.TakeBack(
        **service.stamp(who, given.reason),
        leg=given.leg,
        milestone=given.milestone,
        stop=given.stop,
    )
    wish = Wish(booking_id, "bookings.take_back", command, expected)
    return tagged(response, await service.tell(gateway, who, wish))


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


@router.post("/v1/bookings/{id}/adjustments")
async def adjust_price(  # noqa: PLR0917 - the framework passes by name
    booking_id: PathId,
    given: wire.AdjustmentFields,
    gateway: Opened,
    who: Overrider,
    expected: Expected,
    response: Response,
) -> BookingOut:
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
    wish = Wish(booking_id, "bookings.adjust", command, expected)
    return tagged(response, await service.tell(gateway, who, wish))


@router.post("/v1/bookings/{id}/detention-exclusions")
async def exclude_detention(  # noqa: PLR0917 - the framework passes by name
    booking_id: PathId,
    given: wire.ExclusionFields,
    gateway: Opened,
    who: Overrider,
    expected: Expected,
    response: Response,
) -> BookingOut:
    """Waiting that nobody pays for, such as a driver who was away."""
    command = asked.ExcludeDetention(
        **service.stamp(who, None),
        leg=given.leg,
        stop=given.stop,
        from_ms=wire.ms_of(given.since) or 0,
        to_ms=wire.ms_of(given.until) or 0,
        why=given.why,
    )
    wish = Wish(booking_id, "bookings.exclude", command, expected)
    return tagged(response, await service.tell(gateway, who, wish))
