"""Makes settlements, payouts and lines of statements, and bodies for what is done with them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from actors.booking_writing import TenantName
from actors.money.payouts import start
from actors.money.settlement_writing import take
from actors.money.settlements import approve, propose
from freight.settlements import commands as c
from freight.settlements.state import Head, Kind, Line, Source
from serve.payments.changing import desk_of
from store.postgres import as_tenant

if TYPE_CHECKING:
    from tests.api.makers import Made, World

MONEY = {"amount_minor": 100, "currency": "INR"}


async def settlement(world: World) -> Made:
    """Of a leg, delivered and open, with a line by hand."""
    name, tenant = f"set-{secrets.token_hex(4)}", world.owner.tenant
    carrier = f"carrier-{secrets.token_hex(4)}"
    answer = await world.owner.ask("POST", "/v1/carriers", json={"id": carrier, "name": "A"})
    assert answer.is_success, answer.text
    freight = Line(
        id="freight", head=Head.FREIGHT, amount_minor=100_000, source=Source.BOOKING, booking="B"
    )
    opening = c.Open(
        id=name,
        kind=Kind.LEG,
        carrier=carrier,
        booking=name,
        leg="L1",
        due=c.Due(lines=(freight,), ready_ms=1),
    )
    async with as_tenant(world.gateway.app_pool, tenant.key) as conn:
        await take(desk_of(world.gateway), conn, _named(world), name, opening)
    new = {"head": "toll", "amount": MONEY, "reason": "a toll"}
    added = await world.owner.ask("POST", f"/v1/settlements/{name}/lines", json=new)
    assert added.is_success, added.text
    asked = {"amount": MONEY, "method": "cash"}
    given = await world.owner.ask("POST", f"/v1/settlements/{name}/advances", json=asked)
    assert given.is_success, given.text
    line = next(one["id"] for one in added.json()["lines"] if one["source"] == "hand")
    return {"id": name, "line": line, "advance": given.json()["advances"][0]["id"]}


async def payout(world: World) -> Made:
    """Written down, and not sent."""
    made, tenant = await settlement(world), _named(world)
    async with as_tenant(world.gateway.app_pool, tenant.key) as conn:
        desk = desk_of(world.gateway)
        await propose(desk, conn, tenant, made["id"], None)
        await approve(desk, conn, tenant, made["id"], "user:another")
        started = await start(desk, conn, tenant, made["id"])
    assert started is not None
    return {"id": started.id}


async def statement_line(world: World) -> Made:
    """Of a bank: nobody knows what it is."""
    said = secrets.token_hex(4)
    text = f"Date,Narration,Reference,Withdrawal,Deposit,Balance\n05/11/2026,{said},,,1.00,0\n"
    asked = await world.owner.ask(
        "POST",
        "/v1/reconciliation/bank-imports",
        content=text.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert asked.is_success, asked.text
    having = {"imported_by": asked.json()["id"]}
    found = await world.owner.get("/v1/reconciliation/lines", params=having)
    return {"id": found.json()["items"][0]["id"]}


def _named(world: World) -> TenantName:
    return TenantName(world.owner.tenant.key, world.owner.tenant.id)


MAKERS: Mapping[str, Callable[[World], Awaitable[Made]]] = {
    "/v1/settlements/{id}": settlement,
    "/v1/payouts/{id}": payout,
    "/v1/reconciliation/lines/{id}": statement_line,
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/settlements/{id}/lines": {"head": "toll", "amount": MONEY, "reason": "a toll"},
    "POST /v1/settlements/{id}/lines/{line}/remove": {"reason": "none"},
    "POST /v1/settlements/{id}/advances": {"amount": MONEY, "method": "cash"},
    "POST /v1/settlements/{id}/dispute": {"reason": "too little"},
    "POST /v1/settlements/{id}/resolve": {"reason": "explained"},
    "POST /v1/settlements/{id}/reopen": {"reason": "a mistake"},
    "POST /v1/settlements/{id}/carry-over": {"to": "another"},
    "POST /v1/payouts/{id}/cancel": {"reason": "a mistake"},
    "POST /v1/reconciliation/lines/{id}/confirm": {"account": "unallocated"},
    "POST /v1/reconciliation/lines/{id}/ignore": {"reason": "a mistake"},
}
