"""What can be done with quotes: made, looked at, computed again, held against today's rates."""

from __future__ import annotations

import dataclasses
import time
import uuid
from datetime import datetime

from freight.load import Load
from freight.pricing.asking import NoPriceError, PriceRequest
from freight.pricing.price import price
from freight.pricing.quotes import Quote, computed_again, digest_of, rates_read, written
from serve.audit.together import Write
from serve.bookings.contacts import sealed_load, shown_load
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.loads.reading import load_of
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError
from serve.quotes.facts import facts_of
from serve.quotes.tariffs import HeldTariff
from serve.quotes.wire import NewQuote, PriceOut, QuoteOut, RecomputedOut
from store import quotes
from store.postgres import AnyConnection, epoch_ms
from store.quotes import KeptQuote

MS_PER_MINUTE = 60_000


async def create(gateway: Gateway, who: Principal, new: NewQuote) -> QuoteOut:
    now_ms = int(time.time() * 1000)
    load = load_of(new, gateway.policy_of(who).loads)
    request = PriceRequest(
        load=sealed_load(load, gateway.personal),
        at_ms=_at_ms(who, new.at, load, now_ms),
        shipper=shipper_of(who, new.shipper),
    )
    held = gateway.quoting.tariffs.of(who.tenant)
    try:
        quote = await _priced(gateway, who, held, request, now_ms)
    except NoPriceError as none:
        error = {"pointer": "/load", "detail": none.detail, "code": none.code}
        raise InvalidError(none.detail, errors=[error]) from none
    signed = _signed(gateway, quote)
    made = _out(gateway, who, quote, signed.digest, signed.signature)
    keep = _keeping(gateway, who, held, signed)
    await gateway.add(who, "quotes.create", f"quotes/{quote.id}", keep, made)
    gateway.quoting.tariffs.note_kept(who.tenant_key, held)
    return made


async def for_booking(
    gateway: Gateway, who: Principal, load: Load, shipper: str | None
) -> tuple[Quote, str] | None:
    """The quote of a load that is booked without one, its phones sealed already, and its digest;
    None: the tenant's rates give it no price."""
    now_ms = int(time.time() * 1000)
    held = gateway.quoting.tariffs.of(who.tenant)
    request = PriceRequest(load, _at_ms(who, None, load, now_ms), shipper)
    try:
        quote = await _priced(gateway, who, held, request, now_ms)
    except NoPriceError:
        return None
    signed = _signed(gateway, quote)
    await gateway.together.add(who.tenant_key, _keeping(gateway, who, held, signed), None)
    gateway.quoting.tariffs.note_kept(who.tenant_key, held)
    return quote, signed.digest


async def _priced(
    gateway: Gateway, who: Principal, held: HeldTariff, request: PriceRequest, now_ms: int
) -> Quote:
    facts = await facts_of(gateway, who, request.load)
    valid_minutes = gateway.policy_of(who).quotes.valid_minutes
    return Quote(
        id=f"quote-{uuid.uuid4().hex}",
        tenant=who.tenant,
        made_ms=now_ms,
        expires_ms=now_ms + valid_minutes * MS_PER_MINUTE,
        request=request,
        facts=facts,
        rates=held.digest,
        price=price(request, held.tariff, facts),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """A quote as it is kept."""

    quote: Quote
    body: bytes
    signature: str

    @property
    def digest(self) -> str:
        return digest_of(self.body)


def _signed(gateway: Gateway, quote: Quote) -> Signed:
    body = written(quote)
    return Signed(quote, body, gateway.quoting.signer.sign(body))


def _keeping(gateway: Gateway, who: Principal, held: HeldTariff, signed: Signed) -> Write:
    async def keep(conn: AnyConnection) -> None:
        if not gateway.quoting.tariffs.is_kept(who.tenant_key, held):
            await quotes.keep_rates(conn, who.tenant_key, bytes.fromhex(held.digest), held.body)
        await quotes.create(conn, who.tenant_key, signed.quote, signed.body, signed.signature)

    return keep


def shipper_of(who: Principal, given: str | None) -> str | None:
    """Whose load it is; who speaks for one shipper speaks for no other."""
    if who.shipper is not None and given not in (None, who.shipper):
        raise InvalidError.at("/shipper", f"you speak for shipper {who.shipper!r} only")
    return given or who.shipper


def _at_ms(who: Principal, at: datetime | None, load: Load, now_ms: int) -> int:
    """What rates of which day hold is no shipper's choice: for one it is not in the past."""
    if at is None:
        begins_ms = load.stops[0].window.from_ms
        return now_ms if begins_ms is None else max(begins_ms, now_ms)
    at_ms = epoch_ms(at)
    if who.shipper is not None and at_ms < now_ms:
        raise InvalidError.at("/at", "is in the past")
    return at_ms


async def get(gateway: Gateway, who: Principal, quote_id: str) -> QuoteOut:
    async with gateway.as_tenant(who) as conn:
        return _kept_out(gateway, who, await quotes.get(conn, quote_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, shipper: str | None
) -> ListOf[QuoteOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await quotes.list_page(conn, before, page.one_more, shipper=shipper)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[_kept_out(gateway, who, one) for one in kept], next_cursor=next_cursor)


async def recompute(gateway: Gateway, who: Principal, quote_id: str) -> RecomputedOut:
    """With the rates and facts that were kept with it, whatever holds today."""
    async with gateway.as_tenant(who) as conn:
        kept = await quotes.get(conn, quote_id)
        body = await quotes.rates(conn, kept.rates)
    try:
        again = computed_again(kept.quote, rates_read(body, kept.quote.price.revision))
    except NoPriceError as none:
        raise ConflictError(f"no price comes out any more: {none.detail}") from none
    recomputed = written(again)
    return RecomputedOut(
        id=quote_id,
        is_same=recomputed == kept.body,
        is_signature_valid=gateway.quoting.signer.is_ours(kept.body, kept.signature),
        digest=kept.digest,
        recomputed_digest=digest_of(recomputed),
        price=PriceOut.of(again.price),
    )


def _kept_out(gateway: Gateway, who: Principal, kept: KeptQuote) -> QuoteOut:
    return _out(gateway, who, kept.quote, kept.digest, kept.signature)


def _out(gateway: Gateway, who: Principal, quote: Quote, digest: str, signature: str) -> QuoteOut:
    unmasked = Permission.PERSONAL_READ in who.permissions
    load = shown_load(quote.request.load, gateway.personal, unmasked=unmasked)
    return QuoteOut.of(quote, load, digest, signature)
