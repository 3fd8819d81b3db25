"""/v1/settlements and /v1/payouts: who may do what, and what a carrier sees of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from actors.money.desk import Desk
from actors.money.payouts_round import look
from providers.payouts import PayoutStatus
from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.payments.changing import desk_of
from store.payouts import Waiting
from store.tenants import Tenant
from tests.actors.money.fake_payouts import FakePayouts
from tests.api.makers import World
from tests.api.settlement_makers import settlement
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors

pytestmark = pytest.mark.postgres


@pytest.fixture
def finance(http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant) -> Caller:
    return Caller(http, tenant, token_for(gateway, tenant, Role.FINANCE))


@pytest.fixture
async def made(caller: Caller, gateway: Gateway, actors: InProcessActors) -> dict[str, str]:
    """1,000.00 of freight, a toll of 1.00 by the administrator, 1.00 advance in cash."""
    return await settlement(World(caller, gateway, actors))


async def asked(caller: Caller, path: str, json: object = None, code: int = 200) -> Any:
    answer = await caller.ask("POST", path, json=json)
    assert answer.status_code == code, answer.text
    return answer.json()


async def test_from_lines_to_a_payout(
    caller: Caller, finance: Caller, made: dict[str, str]
) -> None:
    place = f"/v1/settlements/{made['id']}"
    proposed = await asked(caller, f"{place}/propose")
    assert (proposed["status"], proposed["balance"]["amount_minor"]) == ("proposed", 100_000)
    refused = await caller.ask("POST", f"{place}/approve")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "own_change"
    approved = await asked(finance, f"{place}/approve")
    assert (approved["status"], approved["approvals"]) == ("approved", [finance_name(finance)])
    paying = await asked(finance, f"{place}/pay")
    (payout_id,) = paying["payouts"]
    payout = (await caller.get(f"/v1/payouts/{payout_id}")).json()
    assert (payout["status"], payout["amount"]["amount_minor"]) == ("created", 100_000)
    assert (await caller.ask("POST", f"/v1/payouts/{payout_id}/retry")).status_code == 200
    cancelled = await asked(finance, f"/v1/payouts/{payout_id}/cancel", {"reason": "wrong bank"})
    assert cancelled["status"] == "cancelled"
    again = await asked(finance, f"{place}/pay")
    assert again["status"] == "paying"
    assert len(again["payouts"]) == 2
    steps = (await caller.get(f"{place}/timeline")).json()["items"]
    kinds = [step["type"] for step in steps]
    assert kinds[:3] == ["opened", "line_added", "advance_asked"]
    assert kinds[-2:] == ["paying_failed", "paying_started"]


def finance_name(caller: Caller) -> str:
    return f"client:{caller.tenant.id}-{Role.FINANCE}"


async def test_a_stale_version_approves_nothing(finance: Caller, made: dict[str, str]) -> None:
    place = f"/v1/settlements/{made['id']}"
    first = await finance.get(place)
    await asked(finance, f"{place}/propose")
    tag = {"If-Match": first.headers["ETag"]}
    answer = await finance.ask("POST", f"{place}/approve", headers=tag)
    assert answer.status_code == 412


async def test_the_same_request_again_adds_no_second_line(
    caller: Caller, made: dict[str, str]
) -> None:
    new = {"head": "fee", "amount": {"amount_minor": -500}, "reason": "a document"}
    key = {"Idempotency-Key": "fee-of-a-test"}
    place = f"/v1/settlements/{made['id']}/lines"
    first = await caller.ask("POST", place, json=new, headers=key)
    second = await caller.ask("POST", place, json=new, headers=key)
    assert first.json() == second.json()
    lines = (await caller.get(f"/v1/settlements/{made['id']}")).json()["lines"]
    assert [line["head"] for line in lines].count("fee") == 1


@pytest.mark.parametrize(
    ("new", "pointer"),
    [
        ({"head": "fee", "amount": {"amount_minor": 5}, "reason": "x"}, "/amount"),
        ({"head": "tds", "amount": {"amount_minor": -5}, "reason": "x"}, "/head"),
        ({"head": "damage", "amount": {"amount_minor": -5}, "reason": "x"}, "/evidence"),
        ({"head": "toll", "amount": {"amount_minor": 5}}, "/reason"),
    ],
)
async def test_lines_that_cannot_be(
    caller: Caller, made: dict[str, str], new: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("POST", f"/v1/settlements/{made['id']}/lines", json=new)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_statement_as_json_and_csv(caller: Caller, made: dict[str, str]) -> None:
    place = f"/v1/settlements/{made['id']}/statement"
    shown = (await caller.get(place)).json()
    totals = {one["name"]: one["total"]["amount_minor"] for one in shown["sections"]}
    assert totals == {"earned": 100_100, "had": -100}
    assert shown["balance"]["amount_minor"] == sum(totals.values())
    text = (await caller.get(place, params={"format": "csv"})).text
    header, *rows = text.splitlines()
    assert "amount_minor" in header.split(",")
    assert len(rows) == 3


async def test_a_carrier_sees_its_own_and_may_dispute_it(
    caller: Caller,
    gateway: Gateway,
    made: dict[str, str],
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = f"/v1/settlements/{made['id']}"
    carrier = (await caller.get(place)).json()["carrier"]
    tokens, tenant = BoundTokens(monkeypatch), caller.tenant
    own = Caller(http, tenant, tokens.token(gateway, tenant, carrier=carrier))
    other = Caller(http, tenant, tokens.token(gateway, tenant, Role.CARRIER, carrier="another"))
    assert [one["id"] for one in (await own.get("/v1/settlements")).json()["items"]] == [made["id"]]
    assert (await other.get("/v1/settlements")).json()["items"] == []
    assert (await other.get(place)).status_code == 404
    reason = {"reason": "the toll was higher"}
    assert (await other.ask("POST", f"{place}/dispute", json=reason)).status_code == 404
    disputed = await asked(own, f"{place}/dispute", reason)
    assert (disputed["status"], disputed["dispute"]) == ("disputed", "the toll was higher")
    for action in ("propose", "approve", "resolve"):
        assert (await own.ask("POST", f"{place}/{action}", json=reason)).status_code == 403
    resolved = await asked(caller, f"{place}/resolve", {"reason": "explained"})
    assert resolved["status"] == "open"
    assert (await own.get("/v1/payouts")).json()["items"] == []


async def test_a_run_of_periods_wants_a_carrier_that_has_some(
    caller: Caller, made: dict[str, str]
) -> None:
    carrier = (await caller.get(f"/v1/settlements/{made['id']}")).json()["carrier"]
    refused = await caller.ask("POST", "/v1/settlements/cycle-runs", json={"carrier": carrier})
    assert refused.status_code == 422
    assert await asked(caller, "/v1/settlements/cycle-runs", {}) == {"settlements": []}


async def test_what_a_carrier_owes_goes_to_another_settlement(
    caller: Caller, finance: Caller, made: dict[str, str]
) -> None:
    place = f"/v1/settlements/{made['id']}"
    damage = {
        "head": "damage",
        "amount": {"amount_minor": -200_000},
        "reason": "bags were wet",
        "evidence": ["documents/d1"],
    }
    await asked(caller, f"{place}/lines", damage, 201)
    nobody = await caller.ask("POST", f"{place}/carry-over", json={"to": made["id"]})
    assert nobody.status_code == 422
    assert (await caller.ask("POST", f"{place}/propose")).status_code == 200
    owes = await finance.ask("POST", f"{place}/approve")
    assert owes.json()["errors"][0]["code"] == "owes_us"


async def test_what_is_queued_is_cancelled_where_it_waits(
    caller: Caller,
    finance: Caller,
    gateway: Gateway,
    made: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = FakePayouts()
    provider.begins_as = PayoutStatus.QUEUED

    async def payouts(tenant: object) -> FakePayouts:
        assert tenant
        return provider

    monkeypatch.setattr(gateway.providers, "payouts", payouts)
    place = f"/v1/settlements/{made['id']}"
    carrier = (await caller.get(place)).json()["carrier"]
    bank = {"bank_account": "123456789012", "ifsc": "HDFC0001234"}
    changed = await caller.ask("PATCH", f"/v1/carriers/{carrier}", json=bank)
    assert changed.status_code == 200, changed.text
    await asked(caller, f"{place}/propose")
    await asked(finance, f"{place}/approve")
    (payout,) = (await asked(finance, f"{place}/pay"))["payouts"]
    waiting = Waiting(caller.tenant.key, caller.tenant.id, payout, 0)
    assert await look(desk_of(gateway), waiting)
    reason = {"reason": "wrong month"}
    cancelled = await asked(finance, f"/v1/payouts/{payout}/cancel", reason)
    assert cancelled["status"] == "cancelled"
    assert (await finance.get(place)).json()["status"] == "approved"
    retried = await asked(finance, f"/v1/payouts/{payout}/retry")
    assert retried["status"] == "created"
    provider.begins_as = PayoutStatus.PROCESSED
    assert await look(desk_of(gateway), waiting)
    shown = (await finance.get(f"/v1/payouts/{payout}")).json()
    assert [each["status"] for each in shown["attempts"]] == ["cancelled", "processed"]
    late = await finance.ask("POST", f"/v1/payouts/{payout}/cancel", json=reason)
    assert late.status_code == 409
    assert provider.paid_minor == 100_000


async def test_where_no_rule_of_tax_holds_it_is_said(
    caller: Caller, gateway: Gateway, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = gateway.settings.base
    later = [{"valid_from": "2099-04-01", "value": "contract"}]
    tds = type(base.tax.tds).model_validate(base.tax.tds.model_dump() | {"pays_as": later})
    tax = base.tax.model_copy(update={"tds": tds})
    gap = base.model_copy(update={"tax": tax})
    monkeypatch.setattr(Desk, "policy_of", lambda *_: gap)
    answer = await caller.ask("POST", f"/v1/settlements/{made['id']}/propose")

    assert answer.status_code == 409, answer.text
    assert answer.json()["errors"][0]["code"] == "rate_not_in_force"
