"""Quotes in the database: kept once as signed, changed by nobody, seen by whom they are for."""

from __future__ import annotations

import asyncpg
import pytest

from config.policy import defaults
from freight.load import Load, Place, Stop, StopKind
from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.lines import Tariff
from freight.pricing.price import price
from freight.pricing.quotes import Quote, digest_of, rates_written, written
from store import quotes
from store.errors import NotFoundError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

TARIFF = Tariff(defaults().pricing, default_folder="/*/pricing")
RATES = rates_written(TARIFF)
AT_MS = 1_790_000_000_000


def a_quote(id: str, shipper: str | None = None) -> Quote:  # noqa: A002 - its name everywhere
    stops = (
        Stop("S1", StopKind.PICKUP, Place(18.5, 73.8), 9000),
        Stop("S2", StopKind.DROP, Place(28.6, 77.2), 9000),
    )
    request = PriceRequest(Load("steel", 9000, stops), AT_MS, shipper)
    facts = Facts(1_400_000, "builtin")
    return Quote(
        id=id,
        tenant="t",
        made_ms=AT_MS,
        expires_ms=AT_MS + 1000,
        request=request,
        facts=facts,
        rates=digest_of(RATES),
        price=price(request, TARIFF, facts),
    )


async def keep(conn: AnyConnection, tenant: Tenant, quote: Quote) -> None:
    await quotes.keep_rates(conn, tenant.key, bytes.fromhex(quote.rates), RATES)
    await quotes.create(conn, tenant.key, quote, written(quote), "v1.x")


async def test_a_quote_is_kept_byte_for_byte_with_its_rates(
    tenant_conn: AnyConnection, tenant: Tenant
) -> None:
    quote = a_quote("q1", "tata")
    await keep(tenant_conn, tenant, quote)
    await keep(tenant_conn, tenant, a_quote("q2"))

    found = await quotes.get(tenant_conn, "q1")

    assert (found.body, found.quote, found.digest) == (
        written(quote),
        quote,
        digest_of(written(quote)),
    )
    assert await quotes.rates(tenant_conn, found.rates) == RATES
    assert await tenant_conn.fetchval("SELECT count(*) FROM quote_rates") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quotes SET total_minor = 1",
        "DELETE FROM quotes",
        "UPDATE quote_rates SET body = ''",
        "DELETE FROM quote_rates",
    ],
)
async def test_nobody_changes_or_removes_one(
    tenant_conn: AnyConnection, tenant: Tenant, statement: str
) -> None:
    await keep(tenant_conn, tenant, a_quote("q1"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await tenant_conn.execute(statement)


async def test_rates_are_what_their_digest_says(tenant_conn: AnyConnection, tenant: Tenant) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await quotes.keep_rates(tenant_conn, tenant.key, bytes(32), RATES)


async def test_quotes_are_seen_by_whom_they_are_for(app: AnyPool, tenant: Tenant) -> None:
    async with as_tenant(app, tenant.key) as conn:
        for id_, shipper in (("q1", "tata"), ("q2", "jsw"), ("q3", None)):
            await keep(conn, tenant, a_quote(id_, shipper))

    async def seen(**party: str) -> list[str]:
        async with as_tenant(app, tenant.key, **party) as conn:
            found = await quotes.list_page(conn, None, 10, shipper=None)
        return [kept.quote.id for kept in found]

    assert await seen() == ["q3", "q2", "q1"]
    assert await seen(shipper="tata") == ["q1"]
    assert await seen(carrier="ravi") == []
    async with as_tenant(app, tenant.key, shipper="tata") as conn:
        with pytest.raises(NotFoundError):
            await quotes.get(conn, "q2")


async def test_the_newest_come_first_in_pages(tenant_conn: AnyConnection, tenant: Tenant) -> None:
    for number in range(5):
        shipper = "tata" if number % 2 else None
        await keep(tenant_conn, tenant, a_quote(f"q{number}", shipper))

    first = await quotes.list_page(tenant_conn, None, 2, shipper=None)
    then = await quotes.list_page(tenant_conn, first[-1].nr, 2, shipper=None)
    of_one = await quotes.list_page(tenant_conn, None, 9, shipper="tata")

    assert [one.quote.id for one in (*first, *then)] == ["q4", "q3", "q2", "q1"]
    assert [one.quote.id for one in of_one] == ["q3", "q1"]
