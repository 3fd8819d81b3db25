"""What can be done with quotes: made, looked at, computed again, held against today's rates."""

from __future__ import annotations

import time
import uuid

from freight.load import Load
from freight.pricing.asking import NoPriceError, PriceRequest
from freight.pricing.price import price
from freight.pricing.quotes import Quote, computed_again, digest_of, rates_read, written
from serve.bookings.contacts import sealed_load, shown_load
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.loads.reading import load_of
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError
from serve.quotes.facts import facts_of
from serve.quotes.wire import NewQuote, PriceOut, QuoteOut, RecomputedOut
from store import quotes
from store.postgres import epoch_ms
from store.quotes import KeptQuote

MS_PER_MINUTE = 60_000


async def create(gateway: Gateway, who: Principal, new: NewQuote) -> QuoteOut:
    policy, now_ms = gateway.policy_of(who), int(time.time() * 1000)
    load = load_of(new, policy.loads)
    request = PriceRequest(
        load=sealed_load(load, gateway.personal),
        at_ms=_at_ms(who, new, load, now_ms),
        shipper=shipper_of(who, new.shipper),
    )
    facts = await facts_of(gateway, who, load)
    held = gateway.quoting.tariffs.of(who.tenant)
    try:
        priced = price(request, held.tariff, facts)
    except NoPriceError as none:
        error = {"pointer": "/load", "detail": none.detail, "code": none.code}
        raise InvalidError(none.detail, errors=[error]) from none
    quote = Quote(
        id=f"quote-{uuid.uuid4().hex}",
        tenant=who.tenant,
        made_ms=now_ms,
        expires_ms=now_ms + policy.quotes.valid_minutes * MS_PER_MINUTE,
        request=request,
        facts=facts,
        rates=held.digest,
        price=priced,
    )
    body, tariffs = written(quote), gateway.quoting.tariffs
    signature = gateway.quoting.signer.sign(body)
    async with gateway.changing(who, "quotes.create", f"quotes/{quote.id}") as change:
        if not tariffs.is_kept(who.tenant_key, held):
            digest = bytes.fromhex(held.digest)
            await quotes.keep_rates(change.conn, who.tenant_key, digest, held.body)
        await quotes.create(change.conn, who.tenant_key, quote, body, signature)
        change.after = made = _out(gateway, who, quote, digest_of(body), signature)
    tariffs.note_kept(who.tenant_key, held)
    return made


def shipper_of(who: Principal, given: str | None) -> str | None:
    """Whose load it is; who speaks for one shipper speaks for no other."""
    if who.shipper is not None and given not in (None, who.shipper):
        raise InvalidError.at("/shipper", f"you speak for shipper {who.shipper!r} only")
    return given or who.shipper


def _at_ms(who: Principal, new: NewQuote, load: Load, now_ms: int) -> int:
    """What rates of which day hold is no shipper's choice: for one it is not in the past."""
    if new.at is None:
        begins_ms = load.stops[0].window.from_ms
        return now_ms if begins_ms is None else max(begins_ms, now_ms)
    at_ms = epoch_ms(new.at)
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
