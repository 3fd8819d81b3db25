"""/v1/.../pdf: printed for whom the document is, from what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.api.makers import World
from tests.api.settlement_makers import settlement
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors
from tests.serve.printing.test_printing import Pages
from tests.serve.test_invoices import CARRIAGE, post
from tests.serve.test_parties import MILL, OWN, put
from tests.serve.uploading import with_rules


@pytest.fixture
async def invoice(caller: Caller) -> dict[str, Any]:
    await put(caller, "registrations/27", **OWN)
    await put(caller, "shippers/mill", **MILL)
    return await post(caller, "/v1/invoices", **CARRIAGE)


async def test_an_invoice_is_printed_for_whom_it_is(
    caller: Caller,
    neighbour: Caller,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    invoice: dict[str, Any],
) -> None:
    bound = BoundTokens(monkeypatch)
    tokens = [
        bound.token(gateway, caller.tenant, Role.SHIPPER, shipper=name)
        for name in ("mill", "other")
    ]
    mill, other = (Caller(caller.http, caller.tenant, token) for token in tokens)
    path = f"/v1/invoices/{invoice['id']}/pdf"
    english = await caller.get(path)
    hindi = await mill.get(path, params={"lang": "hi"})

    assert english.headers["content-type"] == "application/pdf"
    assert "sandbox" in english.headers["content-security-policy"]
    name = invoice["number"].replace("/", "-")
    assert f'filename="{name}.pdf"' in english.headers["content-disposition"]
    pages = Pages(english.content)
    assert pages.title == f"Tax invoice {invoice['number']}"
    assert "59,000.00" in pages.text()
    assert "59000.00" in pages.codes()[0]
    assert Pages(hindi.content).title.startswith("कर बीजक")
    known = {"If-None-Match": english.headers["etag"]}
    assert (await caller.get(path, headers=known)).status_code == 304
    assert (await caller.get(path, params={"lang": "fr"})).status_code == 422
    for stranger in (neighbour, other):
        assert (await stranger.get(path)).status_code == 404


async def test_what_is_too_long_is_not_printed(
    caller: Caller, gateway: Gateway, invoice: dict[str, Any]
) -> None:
    lines = [{**CARRIAGE["lines"][0], "description": f"Trip {n}"} for n in range(3)]
    longer = await post(caller, "/v1/invoices", **{**CARRIAGE, "lines": lines})
    with_rules(gateway, printing={"rows_max": 2})

    assert (await caller.get(f"/v1/invoices/{invoice['id']}/pdf")).status_code == 200
    refused = await caller.get(f"/v1/invoices/{longer['id']}/pdf")
    assert refused.status_code == 409


async def test_a_settlement_is_printed_with_who_settles(
    caller: Caller, neighbour: Caller, gateway: Gateway, actors: InProcessActors
) -> None:
    await put(caller, "registrations/27", **OWN)
    made = await settlement(World(caller, gateway, actors))
    path = f"/v1/settlements/{made['id']}/pdf"

    said = Pages((await caller.get(path)).content).text()

    assert OWN["gstin"] in said
    assert "1,000.00" in said
    assert (await caller.get(path, params={"lang": "hi"})).status_code == 200
    assert (await neighbour.get(path)).status_code == 404
