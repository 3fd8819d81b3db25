"""What can be asked about what bookings owe."""

from __future__ import annotations

import time

import msgspec

from freight.booking.state import Booking
from serve.dues.wire import (
    Asked,
    BookedOut,
    DueOut,
    PaidOut,
    PaperOut,
    SettledOut,
    StoryOut,
    quoted,
)
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, not_a_cursor
from store import bookings, dues, invoices, ledger_entries, payments, settlements
from store.dues import Wanted
from store.ledger_entries import Wanted as WantedEntries

PLACE_PARTS = 3  # of a cursor: when it is due, the booking, the due


async def list_page(gateway: Gateway, who: Principal, page: Page, wanted: Wanted) -> ListOf[DueOut]:
    after = None
    if page.after is not None:
        parts = page.after.split(" ")
        if len(parts) != PLACE_PARTS or not parts[0].isdecimal():
            raise not_a_cursor()
        after = (int(parts[0]), parts[1], parts[2])
    async with gateway.as_tenant(who) as conn:
        found = await dues.list_page(conn, wanted, after, page.one_more)
    kept, next_cursor = page.cut(found, dues.place_of)
    return ListOf(items=[DueOut.of(one) for one in kept], next_cursor=next_cursor)


def wanted_of(asked: Asked | None, booking: str | None, shipper: str | None) -> Wanted:
    now_ms = time.time_ns() // 1_000_000 if asked is Asked.OVERDUE else None
    return Wanted(
        booking=booking,
        shipper=shipper,
        is_paid=None if asked is None else asked is Asked.PAID,
        is_awaited=None if asked in (None, Asked.PAID) else asked is Asked.AWAITED,
        due_before_ms=now_ms,
    )


async def story(gateway: Gateway, who: Principal, booking_id: str) -> StoryOut:
    may = who.permissions
    limit = gateway.policy.bookkeeper.story_entries_max
    async with gateway.as_tenant(who) as conn:
        booking = msgspec.json.decode(await bookings.get(conn, booking_id), type=Booking)
        owed = await dues.of_booking(conn, booking_id)
        paid = await payments.of_booking(conn, booking_id)
        waiting = await dues.waiting(conn, booking_id)
        papers = settled = entries = None
        if Permission.INVOICES_READ in may:
            papers = await invoices.of_booking(conn, booking_id)
        if Permission.SETTLEMENTS_READ in may:
            settled = await settlements.of_booking(conn, booking_id)
        if Permission.LEDGER_READ in may:
            of_it = WantedEntries(booking=booking_id)
            entries = await ledger_entries.list_page(conn, of_it, None, limit + 1)
    shown = None if entries is None else [BookedOut.of(one.entry) for one in entries[:limit]]
    return StoryOut(
        booking=booking_id,
        quote=quoted(booking),
        dues=[DueOut.of_due(booking_id, booking.shipper, due) for due in owed],
        payments=[PaidOut.of(one) for one in paid],
        documents=None if papers is None else [PaperOut.of(one) for one in papers],
        settlements=None if settled is None else [SettledOut.of(one) for one in settled],
        entries=None if shown is None else shown[::-1],
        is_more=entries is not None and len(entries) > limit,
        pending=waiting.is_pending,
        trouble=waiting.trouble if Permission.LEDGER_READ in may else None,
    )
