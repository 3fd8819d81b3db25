"""Makes payments, refunds, what providers tell of them, and entries of the books."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from serve.gateway import Gateway
from store import provider_inbox
from store.postgres import as_tenant, epoch_ms
from store.provider_inbox import Letter
from tests.serve.caller import Caller

Made = dict[str, str]
JOURNAL_SHIPPER = "shipper-in-the-books"
JOURNAL = {
    "reason": "An opening balance",
    "postings": [
        {
            "account": "receivables",
            "party": f"shippers/{JOURNAL_SHIPPER}",
            "amount": {"amount_minor": 100},
        },
        {"account": "opening_balances", "amount": {"amount_minor": -100}},
    ],
}


class World(Protocol):
    @property
    def owner(self) -> Caller: ...

    @property
    def gateway(self) -> Gateway: ...


def fresh(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(4)}"


async def _post(world: World, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = await world.owner.ask("POST", path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    made: dict[str, Any] = answer.json()
    return made


async def payment(world: World) -> Made:
    """By transfer, and what came in of it."""
    asked = {"method": "bank_transfer", "amount": {"amount_minor": 500_000}, "shipper": "a-mill"}
    made = await _post(world, "/v1/payments", asked)
    given = {"amount": {"amount_minor": 100}, "reference": fresh("UTR")}
    await _post(world, f"/v1/payments/{made['id']}/record", given)
    return {"id": made["id"]}


async def cash(world: World) -> Made:
    """That somebody has collected."""
    asked = {"method": "cod", "amount": {"amount_minor": 500_000}}
    made = await _post(world, "/v1/payments", asked)
    given = {"amount": {"amount_minor": 100}, "proof": "a slip"}
    await _post(world, f"/v1/payments/{made['id']}/record", given)
    return {"id": made["id"]}


async def unpaid(world: World) -> Made:
    asked = {"method": "bank_transfer", "amount": {"amount_minor": 500_000}}
    return {"id": (await _post(world, "/v1/payments", asked))["id"]}


async def refund(world: World) -> Made:
    return {
        "id": (await _post(world, "/v1/refunds", {"payment": (await payment(world))["id"]}))["id"]
    }


async def provider(_: World) -> Made:
    """Nobody who tells us anything: who does is known in all tenants."""
    return {"provider": fresh("provider"), "tenant": fresh("tenant")}


async def letter(world: World) -> Made:
    """From a provider, about nothing that we know."""
    tenant = world.owner.tenant
    at = datetime.now(UTC)
    written = Letter(
        received_ms=epoch_ms(at),
        told_ms=None,
        provider="razorpay",
        event=fresh("evt"),
        type="payment.downtime.started",
        refs=[],
        digest=secrets.token_bytes(32),
        headers={},
        body='{"event":"payment.downtime.started","created_at":1,"payload":{}}',
    )
    async with as_tenant(world.gateway.app_pool, tenant.key) as conn:
        kept = await provider_inbox.keep(conn, tenant.key, written)
    return {"id": f"pw-{kept.nr}"}


async def journal_entry(world: World) -> Made:
    return {"id": (await _post(world, "/v1/ledger/entries", JOURNAL))["id"]}


async def shipper_in_the_books(world: World) -> Made:
    await _post(world, "/v1/ledger/entries", JOURNAL)
    return {"id": JOURNAL_SHIPPER}


async def carrier_in_the_books(world: World) -> Made:
    made = {"id": fresh("carrier")}
    await _post(world, "/v1/carriers", made | {"name": "A carrier"})
    owed = {"account": "carrier_payables", "amount": {"amount_minor": -100}}
    paid = {"account": "bank", "amount": {"amount_minor": 100}}
    postings = [owed | {"party": f"carriers/{made['id']}"}, paid]
    await _post(world, "/v1/ledger/entries", {"reason": "A deposit", "postings": postings})
    return made


MAKERS = {
    "/v1/payments/{id}": payment,
    "/v1/payments/{id}/cancel": unpaid,
    "/v1/payments/{id}/hand-in": cash,
    "/v1/refunds/{id}": refund,
    "/v1/provider-webhooks/{id}": letter,
    "/v1/webhooks/{provider}": provider,
    "/v1/ledger/entries/{id}": journal_entry,
    "/v1/ledger/parties/shippers/{id}": shipper_in_the_books,
    "/v1/ledger/parties/carriers/{id}": carrier_in_the_books,
}
BODIES: dict[str, Mapping[str, Any]] = {
    "POST /v1/payments/{id}/record": {
        "amount": {"amount_minor": 100},
        "reference": "UTR-OF-A-TEST",
    },
    "POST /v1/payments/{id}/verify": {"payment": "pay_1", "signature": "none"},
    "POST /v1/refunds/{id}/record": {"reference": "UTR-OUT"},
    "POST /v1/ledger/entries/{id}/reverse": {"reason": "A mistake"},
}
