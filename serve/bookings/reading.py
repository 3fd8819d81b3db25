"""Bookings as their readers see them: phones and prices only to those whom they concern."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.life import now_ms
from freight.booking.detention import clocks
from freight.booking.events import BookingEvent
from freight.booking.state import Booking
from freight.booking.timeline import timeline
from serve.bookings import contacts
from serve.bookings.answers import BookingOut, ClockOut, DetentionOut, StepOut
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from store import bookings, trucks
from store.postgres import AnyConnection

# Steps say who sees what: the price is between the shipper and who books for it.
_BETWEEN_SHIPPER_AND_BOOKER = frozenset({"price", "terms", "agreed", "before", "after", "load"})


def shown(gateway: Gateway, who: Principal, booking: Booking) -> BookingOut:
    unmasked = Permission.PERSONAL_READ in who.permissions or who.shipper is not None
    load = contacts.shown_load(booking.load, gateway.personal, unmasked=unmasked)
    return BookingOut.of(booking, load, with_price=who.carrier is None)


async def get(gateway: Gateway, who: Principal, booking_id: str) -> BookingOut:
    async with gateway.as_tenant(who) as conn:
        return shown(gateway, who, await standing(conn, booking_id))


async def standing(conn: AnyConnection, booking_id: str) -> Booking:
    return msgspec.json.decode(await bookings.get(conn, booking_id), type=Booking)


async def list_page(
    gateway: Gateway,
    who: Principal,
    page: Page,
    *,
    statuses: Sequence[str],
    shipper: str | None,
    truck: str | None,
    words: str | None,
) -> ListOf[BookingOut]:
    async with gateway.as_tenant(who) as conn:
        truck_key = None if truck is None else (await trucks.get(conn, truck)).key
        found = await bookings.list_page(
            conn,
            before=number_of(page.after),
            limit=page.one_more,
            statuses=statuses,
            shipper=shipper,
            truck_key=truck_key,
            words=words,
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    decode = msgspec.json.Decoder(Booking).decode
    items = [shown(gateway, who, decode(one.state)) for one in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def steps(gateway: Gateway, who: Principal, booking_id: str, page: Page) -> ListOf[StepOut]:
    hidden = frozenset() if who.carrier is None else _BETWEEN_SHIPPER_AND_BOOKER
    async with gateway.as_tenant(who) as conn:
        await bookings.get(conn, booking_id)
        log = await bookings.log(conn, booking_id)
    decode = msgspec.json.Decoder(BookingEvent).decode
    after = number_of(page.after) or 0
    told = timeline(decode(one.event) for one in log)[after : after + page.one_more]
    kept, next_cursor = page.cut(told, lambda step: str(step.version))
    return ListOf(items=[StepOut.of(step, hidden) for step in kept], next_cursor=next_cursor)


async def detention(gateway: Gateway, who: Principal, booking_id: str) -> DetentionOut:
    rules = gateway.policy_of(who).booking_rules
    async with gateway.as_tenant(who) as conn:
        booking = await standing(conn, booking_id)
    found = [ClockOut.of(clock) for clock in clocks(booking, rules, now_ms())]
    return DetentionOut(booking=booking_id, clocks=found)
