"""What can be done with offers: asked of their booking's actor, which alone writes them."""

from __future__ import annotations

from actors.booking_writing import TenantName
from actors.bookings import Refused
from actors.handles import ActorAwayError
from actors.life import now_ms
from actors.offering import OfferWish
from freight.dispatch.offer_messages import Make, OfferCommand
from freight.dispatch.offer_state import Asked
from serve.bookings.problems import problem_of
from serve.bookings.service import actor_of, command_key
from serve.gateway import Change, Gateway
from serve.identity.principal import Principal
from serve.offers.wire import NewOffer, OfferOut
from serve.paging import ListOf, Page, number_of
from serve.problems import InvalidError, UnavailableError
from store import bookings, offers, trucks
from store.errors import NotFoundError
from store.postgres import AnyConnection

MILLIS = 1000


async def get(gateway: Gateway, who: Principal, offer_id: str) -> OfferOut:
    async with gateway.as_tenant(who) as conn:
        return OfferOut.of(await offers.get(conn, offer_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, having: dict[str, str | None]
) -> ListOf[OfferOut]:
    """The newest first."""
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await offers.list_page(conn, before=before, limit=page.one_more, having=having)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[OfferOut.of(one) for one in kept], next_cursor=next_cursor)


async def make(gateway: Gateway, who: Principal, new: NewOffer) -> OfferOut:
    subject = f"bookings/{new.booking}/offers"
    async with gateway.changing(who, "offers.make", subject) as change:
        offer_id, asked = await _asked(gateway, who, change.conn, new)
        change.subject = f"offers/{offer_id}"
        await _tell(gateway, who, new.booking, OfferWish(new.leg, Make((asked,)), actor_of(who)))
        change.after = made = OfferOut.of(await offers.get(change.conn, offer_id))
    return made


async def _asked(
    gateway: Gateway, who: Principal, conn: AnyConnection, new: NewOffer
) -> tuple[str, Asked]:
    await bookings.get(conn, new.booking)
    before = await offers.load(conn, new.booking, new.leg)
    # The same request again, though its answer was lost, is about the same offer.
    name = command_key() or str(len(before.state.offers) + 1)
    offer_id = f"{new.booking}-{new.leg}-{name}"
    known = before.state.find(offer_id)
    if known is not None and command_key() is not None:
        return offer_id, known.asked
    rules = gateway.policy_of(who).dispatch.offers
    expires_s = rules.expires_s if new.expires_in_s is None else new.expires_in_s
    carrier = new.carrier
    if new.truck is not None:
        carrier = await _carrier_of(conn, new.truck, new.carrier)
    return offer_id, Asked(
        id=offer_id,
        carrier=carrier,
        truck=new.truck,
        driver=new.driver,
        price_minor=None if new.price is None else new.price.amount_minor,
        bidding=new.bidding,
        expires_ms=now_ms() + round(expires_s * MILLIS),
        round=len(before.state.offers) + 1,
        by_hand=True,
    )


async def _carrier_of(conn: AnyConnection, truck_id: str, said: str | None) -> str | None:
    try:
        truck = await trucks.get(conn, truck_id)
    except NotFoundError as missing:
        raise InvalidError.at("/truck", str(missing)) from missing
    if said not in (None, truck.carrier):
        raise InvalidError.at("/carrier", f"{truck_id} is not a truck of {said}")
    return truck.carrier


async def answer(
    gateway: Gateway, who: Principal, offer_id: str, action: str, command: OfferCommand
) -> OfferOut:
    async with gateway.changing(who, f"offers.{action}", f"offers/{offer_id}") as change:
        before = await offers.get(change.conn, offer_id)
        change.before = OfferOut.of(before)
        wish = OfferWish(before.leg, command, actor_of(who), who.carrier)
        await _tell(gateway, who, before.booking, wish)
        change.after = after = await _after(change, offer_id)
    return after


async def _after(change: Change, offer_id: str) -> OfferOut:
    return OfferOut.of(await offers.get(change.conn, offer_id))


async def _tell(gateway: Gateway, who: Principal, booking: str, wish: OfferWish) -> None:
    tenant = TenantName(who.tenant_key, who.tenant)
    try:
        answered = await gateway.actors.offer(tenant, booking, wish)
    except ActorAwayError as error:
        retry_s = gateway.policy.edge.overloaded_retry_s
        detail = "offers cannot be answered now; try again"
        raise UnavailableError(detail, retry_after_s=retry_s) from error
    if isinstance(answered, Refused):
        raise problem_of(answered)
