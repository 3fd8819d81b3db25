"""Links to a booking: made, found and withdrawn, with who opened them; and who may be followed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from freight.sharing.words import Language
from serve.bookings.reading import standing
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError
from serve.sharing.wire import (
    ConsentFields,
    ConsentOut,
    NewShare,
    NewShareOut,
    ShareAccessOut,
    ShareOut,
)
from store import carriers, sharing

SHARED = "/s"
ID_BYTES = 9  # fixed: enough that no two are the same
TOKEN_BYTES = 24  # fixed: 192 bits, which nobody guesses


def digest_of(token: str) -> bytes:
    """What is kept of a token: nobody who reads the database can open a link by it."""
    return hashlib.sha256(token.encode()).digest()


async def create(gateway: Gateway, who: Principal, booking: str, given: NewShare) -> NewShareOut:
    rules = gateway.policy_of(who).sharing
    valid_s = rules.valid_s if given.valid_s is None else given.valid_s
    if valid_s > rules.valid_s_max:
        raise InvalidError.at("/valid_s", f"a link is good for at most {rules.valid_s_max} s")
    now = datetime.now(UTC).replace(microsecond=0)
    share_id, token = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
    subject = f"bookings/{booking}/shares/{share_id}"
    async with gateway.changing(who, "bookings.share", subject) as change:
        await standing(change.conn, booking)
        if await sharing.count_good(change.conn, booking, now) >= rules.of_booking_max:
            raise ConflictError(f"{rules.of_booking_max} links to it are good already")
        share = await sharing.create(
            change.conn,
            who.tenant_key,
            share_id,
            booking,
            rules.coarse if given.coarse is None else given.coarse,
            Language(given.language or rules.language).value,
            given.label,
            who.name,
            now,
            now + timedelta(seconds=valid_s),
            digest_of(token),
        )
        change.after = shown = ShareOut.of(share)
    return NewShareOut(**dict(shown), path=f"{SHARED}/{token}")


async def list_page(gateway: Gateway, who: Principal, booking: str, page: Page) -> ListOf[ShareOut]:
    async with gateway.as_tenant(who) as conn:
        await standing(conn, booking)
        found = await sharing.list_page(conn, booking, number_of(page.after), page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[ShareOut.of(one) for one in kept], next_cursor=next_cursor)


async def revoke(gateway: Gateway, who: Principal, booking: str, share_id: str) -> ShareOut:
    subject = f"bookings/{booking}/shares/{share_id}"
    async with gateway.changing(who, "bookings.unshare", subject) as change:
        change.before = ShareOut.of(await sharing.get(change.conn, booking, share_id))
        revoked = await sharing.revoke(change.conn, booking, share_id, datetime.now(UTC))
        change.after = shown = ShareOut.of(revoked)
    return shown


async def accesses(
    gateway: Gateway, who: Principal, booking: str, share_id: str, page: Page
) -> ListOf[ShareAccessOut]:
    async with gateway.as_tenant(who) as conn:
        await sharing.get(conn, booking, share_id)
        found = await sharing.accesses(conn, share_id, number_of(page.after), page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[ShareAccessOut.of(one) for one in kept], next_cursor=next_cursor)


# ----------------------------------------------------------------------------------- consent


async def record_consent(gateway: Gateway, who: Principal, given: ConsentFields) -> ConsentOut:
    """A carrier speaks for itself and its drivers."""
    if (given.driver is None) == (given.carrier is None):
        raise InvalidError.at("/driver", "give a driver, or a carrier")
    if who.carrier is not None and given.carrier not in {None, who.carrier}:
        raise InvalidError.at("/carrier", f"there is no carrier {given.carrier!r}")
    whose = f"drivers/{given.driver}" if given.driver else f"carriers/{given.carrier}"
    async with gateway.changing(who, "tracking_consents.record", whose) as change:
        if given.carrier is not None and not await carriers.exists(
            change.conn, who.tenant_key, given.carrier
        ):
            raise InvalidError.at("/carrier", f"there is no carrier {given.carrier!r}")
        recorded = await sharing.record_consent(
            change.conn,
            who.tenant_key,
            datetime.now(UTC),
            given.driver,
            given.carrier,
            given.shipper,
            given.agreed,
            given.how,
            who.name,
        )
        change.after = shown = ConsentOut.of(recorded)
    return shown


async def consents(
    gateway: Gateway, who: Principal, page: Page, driver: str | None, carrier: str | None
) -> ListOf[ConsentOut]:
    async with gateway.as_tenant(who) as conn:
        found = await sharing.consents(conn, number_of(page.after), page.one_more, driver, carrier)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[ConsentOut.of(one) for one in kept], next_cursor=next_cursor)
