"""Which quotes a change of rates would have priced otherwise, and by how much."""

from __future__ import annotations

from collections.abc import Iterable

from freight.pricing.asking import NoPriceError
from freight.pricing.lines import Line, Tariff
from freight.pricing.price import Price
from freight.pricing.quotes import Quote, computed_again
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import cursor_of, key_of, number_of
from serve.quotes.wire import (
    AffectedBy,
    AffectedListOut,
    AffectedOut,
    DifferenceOut,
    MoneyOut,
)
from store import quotes
from store.postgres import moment

LineName = tuple[str, str | None]


async def affected(gateway: Gateway, who: Principal, asked: AffectedBy) -> AffectedListOut:
    """One step of the list: so many quotes as one question may compute again."""
    held = gateway.quoting.tariffs.of(who.tenant)
    after = number_of(None if asked.cursor is None else key_of(asked.cursor))
    limit = gateway.policy_of(who).quotes.affected_max
    async with gateway.as_tenant(who) as conn:
        found = await quotes.with_other_rates(
            conn,
            bytes.fromhex(held.digest),
            (asked.since, asked.until),
            asked.shipper,
            after,
            limit + 1,
        )
    looked_at = found[:limit]
    changed = [_changed(one.quote, held.tariff) for one in looked_at]
    return AffectedListOut(
        items=[one for one in changed if one is not None],
        looked_at=len(looked_at),
        next_cursor=cursor_of(str(looked_at[-1].nr)) if len(found) > limit else None,
    )


def _changed(quote: Quote, tariff: Tariff) -> AffectedOut | None:
    """None: it would be the same."""
    was = quote.price
    try:
        now = computed_again(quote, tariff).price
    except NoPriceError as none:
        return _out(quote, None, [], none.detail)
    differences = _differences(was, now)
    return _out(quote, now, differences, None) if differences else None


def _out(
    quote: Quote, now: Price | None, differences: list[DifferenceOut], detail: str | None
) -> AffectedOut:
    was_minor = quote.price.total_minor
    return AffectedOut(
        id=quote.id,
        shipper=quote.request.shipper,
        at=moment(quote.request.at_ms),
        made_at=moment(quote.made_ms),
        was=MoneyOut.of(was_minor),
        now=None if now is None else MoneyOut.of(now.total_minor),
        difference=None if now is None else MoneyOut.of(now.total_minor - was_minor),
        lines=differences,
        detail=detail,
    )


def _differences(was: Price, now: Price) -> list[DifferenceOut]:
    """Also of what is under reverse charge, which is no part of the total."""
    before, after = (_by_name((*each.lines, *each.reverse_charge)) for each in (was, now))
    names = dict.fromkeys((*before, *after))
    return [
        DifferenceOut(
            key=name[0],
            subject=name[1],
            was=MoneyOut.of(before.get(name, 0)),
            now=MoneyOut.of(after.get(name, 0)),
        )
        for name in names
        if before.get(name, 0) != after.get(name, 0)
    ]


def _by_name(lines: Iterable[Line]) -> dict[LineName, int]:
    found: dict[LineName, int] = {}
    for line in lines:
        name = line.key, line.subject
        found[name] = found.get(name, 0) + line.amount_minor
    return found
