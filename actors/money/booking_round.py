"""The round that looks at every booking that changed, and has the books say what follows."""

from __future__ import annotations

import dataclasses
import logging

import msgspec

from actors.booking_writing import TenantName
from actors.money import eway
from actors.money.at_provider import advance
from actors.money.booking_books import claim, give_back, received_minor, shortages, take_up
from actors.money.booking_papers import Case, keep_papers
from actors.money.desk import Desk
from actors.money.settlements import open_for_leg
from freight.booking.state import Booking
from freight.dues.charging import final_minor
from freight.dues.owing import dues_of, is_final
from providers.errors import ProviderAwayError, ProviderRefusedError
from store import bookings, dues, payments
from store.dues import Changed, Whose
from store.postgres import STORE_FAILURES, AnyConnection

log = logging.getLogger(__name__)


async def booking_round(desk: Desk) -> int:
    """Each booking in a transaction of its own; one that cannot be looked at is put off, and
    holds up no other."""
    async with desk.system.acquire() as conn:
        waiting = await dues.changed(conn, desk.settings.now.bookkeeper.bookings_at_once)
    return sum([await _look(desk, one) for one in waiting])


async def _look(desk: Desk, one: Changed) -> bool:
    tenant = TenantName(one.tenant_key, one.tenant)
    try:
        async with desk.writing(tenant) as conn:
            if not await dues.take(conn, one):
                return False
            refunding = await look_at(desk, conn, tenant, one.booking)
    except Exception as error:
        log.exception("the books cannot look at %s of %s", one.booking, one.tenant)
        # With a store that is away this fails as well, and the round waits for it.
        await _put_off(desk, tenant, one, f"{type(error).__name__}: {error}")
        return False
    for payment in refunding:
        await _tell_provider(desk, tenant, payment)
    return True


async def _tell_provider(desk: Desk, tenant: TenantName, payment: str) -> None:
    """Whoever dies before, or gets no answer or a no, leaves it to the round of payments."""
    try:
        await advance(desk, tenant, payment)
    except STORE_FAILURES:
        raise
    except (ProviderAwayError, ProviderRefusedError) as later:
        log.warning("payment %s of %s is gone on with later: %s", payment, tenant.id, later)
    except Exception:  # the books have been written, and this holds up no other booking
        log.exception("payment %s of %s is gone on with later", payment, tenant.id)


async def _put_off(desk: Desk, tenant: TenantName, one: Changed, trouble: str) -> None:
    limits = desk.settings.now.bookkeeper
    wait_s = min(limits.put_off_s_min * 2.0**one.tries, limits.put_off_s_max)
    async with desk.writing(tenant) as conn:
        await dues.put_off(conn, one, wait_s, trouble[: limits.trouble_chars_max])


async def look_at(
    desk: Desk, conn: AnyConnection, tenant: TenantName, booking_id: str
) -> list[str]:
    """All that the books have to say about a booking as it stands; asked again, nothing more. The
    payments of which something goes back, which their provider is to be told of."""
    state = await bookings.load(conn, booking_id)
    if state is None:
        return []
    rules, at_ms = desk.policy_of(tenant).dues, desk.now_ms()
    booking = msgspec.json.decode(state, type=Booking)
    case = Case(desk, conn, tenant, booking, await payments.of_booking(conn, booking_id), at_ms)
    is_known = is_final(booking, rules)
    documents = await keep_papers(case, is_final=is_known)
    missing = shortages(case)
    claimed_minor = await claim(case, missing.values()) if is_known else 0
    await take_up(case, documents)
    refunding = await give_back(case)
    if refunding:
        case = dataclasses.replace(case, payments=await payments.of_booking(conn, booking_id))
    for leg in booking.legs:
        more = [missing[leg.id]] if leg.id in missing else []
        await open_for_leg(desk, conn, tenant, booking, leg.id, more)
    await eway.for_booking(conn, desk, tenant, booking)
    # What a person invoices somebody else for, such as a consignee, its shipper does not owe.
    final = final_minor([one for one in documents if one.buyer.party == case.party])
    final = None if final is None else final - claimed_minor
    owed = dues_of(booking, final, rules, received_minor(case.payments))
    whose = Whose(booking.id, booking.shipper)
    await dues.put(conn, tenant.key, whose, owed, at_ms)
    return refunding
