"""Makes parties and documents, and the bodies that their operations want."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from tests.serve.caller import Caller

Made = dict[str, str]
REGISTRATION = {"name": "A company", "address": "1 Street"}


class HasOwner(Protocol):
    @property
    def owner(self) -> Caller: ...


async def _asked(world: HasOwner, method: str, path: str, body: Mapping[str, Any]) -> Any:
    answer = await world.owner.ask(method, path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    return answer.json()


async def shipper(world: HasOwner) -> Made:
    """As papers name it."""
    name = f"shipper-{secrets.token_hex(4)}"
    await _asked(world, "PUT", f"/v1/parties/shippers/{name}", {"name": "A shipper"})
    return {"id": name}


async def carrier_party(world: HasOwner) -> Made:
    """And the year of a declaration of it."""
    name = f"carrier-{secrets.token_hex(4)}"
    await _asked(world, "POST", "/v1/carriers", {"id": name, "name": "A carrier"})
    return {"id": name, "year": "2026"}


async def registration(world: HasOwner) -> Made:
    await _asked(world, "PUT", "/v1/parties/registrations/27", REGISTRATION)
    return {"state": "27"}


async def invoice(world: HasOwner) -> Made:
    """By hand."""
    line = {"description": "Freight", "amount": {"amount_minor": 500_000}}
    asked = {"party": "shippers/a-mill", "lines": [line]}
    return {"id": (await _asked(world, "POST", "/v1/invoices", asked))["id"]}


TAX_MAKERS = {
    "/v1/invoices/{id}": invoice,
    "/v1/parties/shippers/{id}": shipper,
    "/v1/parties/carriers/{id}": carrier_party,
    "/v1/parties/registrations/{state}": registration,
}
TAX_BODIES: dict[str, Mapping[str, Any]] = {
    "POST /v1/invoices/{id}/credit-notes": {"reason": "a test"},
    "POST /v1/invoices/{id}/debit-notes": {"reason": "a test", "amount": {"amount_minor": 100}},
    "PUT /v1/parties/shippers/{id}": {"name": "Another"},
    "PUT /v1/parties/carriers/{id}/declarations/{year}": {
        "declared_on": "2026-04-05",
        "trucks_owned": 3,
    },
    "PUT /v1/parties/registrations/{state}": REGISTRATION,
}
TAX_QUERIES: dict[str, Mapping[str, str]] = {
    "GET /v1/tax/gstr1": {"month": "2026-11"},
    "GET /v1/tax/tcs": {"month": "2026-11"},
    "GET /v1/tax/tds-register": {"from": "2026-04-01", "to": "2027-03-31"},
}
