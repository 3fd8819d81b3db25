"""/v1/bookings: from a shipper's wish to a delivered load."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from freight.booking import commands as asked
from freight.booking.state import Status
from serve.bookings import dispatching, reading, service, wire
from serve.bookings.addressed import To
from serve.bookings.answers import BookingOut, DetentionOut, StepOut
from serve.bookings.dispatching import DispatchOut
from serve.bookings.service import Wish
from serve.fields import LongText, ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.versions import tagged

router = APIRouter(tags=["bookings"])
LOOKS_MAX = 50  # fixed: part of the published API
TRUCKS_MAX = 10_000  # fixed: part of the published API
TRUCKS_SHOWN = 100

Reader = Annotated[Principal, needs(Permission.BOOKINGS_READ)]
Writer = Annotated[Principal, needs(Permission.BOOKINGS_WRITE)]
Dispatcher = Annotated[Principal, needs(Permission.BOOKINGS_DISPATCH)]
Canceller = Annotated[Principal, needs(Permission.BOOKINGS_CANCEL)]
Reporter = Annotated[Principal, needs(Permission.BOOKINGS_REPORT)]
Overrider = Annotated[Principal, needs(Permission.BOOKINGS_OVERRIDE)]


@router.post("/v1/bookings", status_code=HTTPStatus.CREATED)
async def create_booking(
    new: wire.NewBooking, gateway: Opened, who: Writer, response: Response
) -> BookingOut:
    """Its load is as a quote has it, or as given; it is not dispatched before it is confirmed."""
    booking = await service.create(gateway, who, new)
    return tagged(response, booking, f"/v1/bookings/{booking.id}")


@router.get("/v1/bookings")
async def list_bookings(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    status: Annotated[list[Status] | None, Query(max_length=len(Status))] = None,
    shipper: ObjectId | None = None,
    truck: Annotated[ObjectId | None, Query(description="that carries or carried it")] = None,
    words: Annotated[
        LongText | None, Query(alias="q", description="in references, places, trucks, drivers")
    ] = None,
) -> ListOf[BookingOut]:
    """The newest first."""
    return await reading.list_page(
        gateway, who, page, statuses=status or [], shipper=shipper, truck=truck, words=words
    )


@router.get("/v1/bookings/{id}")
async def get_booking(
    booking_id: PathId, gateway: Opened, who: Reader, response: Response
) -> BookingOut:
    return tagged(response, await reading.get(gateway, who, booking_id))


@router.get("/v1/bookings/{id}/timeline")
async def get_timeline(
    booking_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[StepOut]:
    """Every step in its order, and what made it happen."""
    return await reading.steps(gateway, who, booking_id, page)


@router.get("/v1/bookings/{id}/detention")
async def get_detention(booking_id: PathId, gateway: Opened, who: Reader) -> DetentionOut:
    """The same clock for both sides: free time, since when it runs, and what it costs by now."""
    return await reading.detention(gateway, who, booking_id)


@router.get("/v1/bookings/{id}/dispatch")
async def get_dispatch(
    booking_id: PathId,
    gateway: Opened,
    who: Reader,
    looks: Annotated[int, Query(ge=1, le=LOOKS_MAX)] = 1,
    trucks: Annotated[int, Query(ge=1, le=TRUCKS_MAX, description="of each look")] = TRUCKS_SHOWN,
) -> DispatchOut:
    """Every truck within range as a candidate with its score, or with the rules that excluded it;
    who speaks for a carrier sees its own trucks, without costs."""
    return await dispatching.of_booking(gateway, who, booking_id, looks=looks, trucks=trucks)


@router.patch("/v1/bookings/{id}")
async def amend_booking(wanted: wire.BookingChange, who: Writer, to: To) -> BookingOut:
    """What may change depends on how far it is; another load or other stops need a new quote."""
    return to.tagged(await service.amend(to.gateway, who, to.id, wanted, to.expected))


@router.post("/v1/bookings/{id}/reprice")
async def reprice_booking(given: wire.Repricing, who: Writer, to: To) -> BookingOut:
    """By a new quote for its load and stops as they are now."""
    return to.tagged(await service.reprice(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/bookings/{id}/confirm")
async def confirm_booking(who: Writer, to: To, given: wire.Reasoned | None = None) -> BookingOut:
    """What was agreed on waiting and cancelling holds from now on; 409 where nothing is served."""
    return to.tagged(await service.confirm(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/bookings/{id}/cancel")
async def cancel_booking(
    who: Canceller, to: To, given: wire.Cancellation | None = None
) -> BookingOut:
    """What it costs depends on how far it is, and on who cancels."""
    given = given or wire.Cancellation()
    command = asked.Cancel(
        **service.stamp(who, given.reason),
        side=service.side_of(who, given.side),
        leg=given.leg,
    )
    return await to.tell(who, "bookings.cancel", command)


@router.post("/v1/bookings/{id}/start-dispatch")
async def start_dispatch(who: Dispatcher, to: To, given: wire.OfLegs | None = None) -> BookingOut:
    """From now on a truck is looked for; where one is already, nothing changes."""
    given = given or wire.OfLegs()
    command = asked.StartDispatch(**service.stamp(who, given.reason), leg=given.leg)
    done = ("already_dispatching",)
    wish = Wish(to.id, "bookings.dispatch", command, to.expected, done)
    return to.tagged(await service.tell(to.gateway, who, wish))


@router.post("/v1/bookings/{id}/assign")
async def assign_booking(given: wire.Assignment, who: Dispatcher, to: To) -> BookingOut:
    """409 when truck or driver is promised to another load then, or may not go: with reasons."""
    return to.tagged(await service.assign(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/bookings/{id}/unassign")
async def unassign_booking(given: wire.Unassignment, who: Dispatcher, to: To) -> BookingOut:
    """Before anything is aboard; another truck is looked for."""
    command = asked.Unassign(
        **service.stamp(who, given.reason),
        leg=given.leg,
        fault=given.fault,
    )
    return await to.tell(who, "bookings.unassign", command)


@router.post("/v1/bookings/{id}/swap")
async def swap_truck(given: wire.Swap, who: Dispatcher, to: To) -> BookingOut:
    """Another truck or driver goes on where the one before stopped."""
    return to.tagged(await service.swap(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/bookings/{id}/fail")
async def fail_leg(given: wire.OfLeg, who: Dispatcher, to: To) -> BookingOut:
    """Nobody carries it now; it may be dispatched again."""
    command = asked.Fail(**service.stamp(who, given.reason), leg=given.leg)
    return await to.tell(who, "bookings.fail", command)


@router.post("/v1/bookings/{id}/split")
async def split_leg(given: wire.SplitFields, who: Dispatcher, to: To) -> BookingOut:
    """Several trucks share what one cannot carry; each is dispatched and proven for itself."""
    return to.tagged(await service.split(to.gateway, who, to.id, given, to.expected))


@router.post("/v1/bookings/{id}/merge")
async def merge_legs(given: wire.MergeFields, who: Dispatcher, to: To) -> BookingOut:
    """Refused: shares of several trucks cannot become one truck's again; the answer says why."""
    command = asked.Merge(
        **service.stamp(who, given.reason),
        legs=tuple(given.legs),
    )
    return await to.tell(who, "bookings.merge", command)


@router.post("/v1/bookings/{id}/close")
async def close_booking(who: Dispatcher, to: To, given: wire.Reasoned | None = None) -> BookingOut:
    """Delivered, and nothing more is to come."""
    command = asked.Close(**service.stamp(who, None if given is None else given.reason))
    return await to.tell(who, "bookings.close", command)
