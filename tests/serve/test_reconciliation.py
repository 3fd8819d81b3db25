"""/v1/reconciliation: statements imported once, held against the books, and booked once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from freight.ledger.accounts import Role
from providers.payments import SettledItem
from serve.gateway import Gateway
from store import ledger
from store.postgres import as_tenant
from tests.serve.caller import Caller

pytestmark = pytest.mark.postgres

UTR = "AXISN12345678901"
PLACE = "/v1/reconciliation/lines"
# 50,000.00 less 1,180.00 fee with 180.00 GST in it.
STATEMENT = f"""Some Bank Ltd,,,,,
Date,Narration,Reference,Withdrawal,Deposit,Balance
05/11/2026,NEFT {UTR} RAZORPAY,,,"48,820.00","1,48,820.00"
05/11/2026,RAZORPAYX TOP UP,,"10,000.00",,"1,38,820.00"
06/11/2026,CASH BY SOMEBODY,,,500.00,"1,39,320.00"
31/13/2026,NONSENSE,,,1.00,0
"""
ITEM = SettledItem(
    settlement="setl_1",
    utr=UTR,
    kind="adjustment",
    entity="adj_1",
    payment=None,
    order=None,
    amount_minor=5_000_000,
    debit_minor=0,
    credit_minor=5_000_000,
    fee_minor=118_000,
    tax_minor=18_000,
    currency="INR",
    is_settled=True,
    created_ms=1_793_800_000_000,
    settled_ms=1_793_850_000_000,
)


class Settling:
    """A provider that settled this."""

    def __init__(self, *items: SettledItem) -> None:
        self.items = list(items)

    async def settled_items(self, day: date) -> list[SettledItem]:
        assert day
        return self.items


@pytest.fixture
def settling(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Settling:
    provider = Settling(ITEM)

    async def payments(tenant: object) -> Settling:
        assert tenant
        return provider

    monkeypatch.setattr(gateway.providers, "payments", payments)
    return provider


async def imported(caller: Caller, text: str = STATEMENT, code: int = 201) -> Any:
    answer = await caller.ask(
        "POST",
        "/v1/reconciliation/bank-imports",
        content=text.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == code, answer.text
    return answer.json()


async def settled(caller: Caller) -> Any:
    answer = await caller.ask(
        "POST", "/v1/reconciliation/provider-imports", json={"day": "2026-11-05"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def lines(caller: Caller, **having: str) -> dict[str, Any]:
    found = await caller.get("/v1/reconciliation/lines", params=having)
    return {line["narration"] or line["entity"]: line for line in found.json()["items"]}


async def books(gateway: Gateway, caller: Caller) -> dict[str, int]:
    async with as_tenant(gateway.app_pool, caller.tenant.key) as conn:
        sums = {role.value: await ledger.balance(conn, role) for role in Role}
    return {name: minor for name, minor in sums.items() if minor}


async def test_a_statement_is_imported_once(caller: Caller) -> None:
    first = await imported(caller)
    assert (first["rows"], first["new_rows"], first["matched"]) == (3, 3, 1)
    assert [fault["row"] for fault in first["faults"]] == [6]
    again = await imported(caller)
    assert (again["id"], again["new_rows"]) == (first["id"], 3)
    longer = STATEMENT + '07/11/2026,ANOTHER,,,1.00,"1,39,321.00"\n'
    assert (await imported(caller, longer))["new_rows"] == 1
    assert len(await lines(caller)) == 4
    kept = (await caller.get("/v1/reconciliation/imports")).json()["items"]
    assert [one["new_rows"] for one in kept] == [1, 3]


async def test_a_settlement_comes_to_the_bank_and_is_booked_once(
    caller: Caller, gateway: Gateway, settling: Settling
) -> None:
    await imported(caller)
    before = (await lines(caller))[f"NEFT {UTR} RAZORPAY"]
    assert (before["status"], before["cause"]) == ("open", "unknown_utr")
    assert (await settled(caller))["matched"] == 1
    assert (await settled(caller))["new_rows"] == 1
    line = (await lines(caller))[f"NEFT {UTR} RAZORPAY"]
    assert (line["status"], line["matched"]) == ("matched", "provider-settlements/setl_1")
    place = f"/v1/reconciliation/lines/{line['id']}/confirm"
    for _ in range(2):
        answer = await caller.ask("POST", place)
        assert answer.status_code == 200, answer.text
    assert await books(gateway, caller) == {
        Role.BANK: 4_882_000,
        Role.PROVIDER_FEES: 100_000,
        Role.INPUT_GST: 18_000,
        Role.PROVIDER_CLEARING: -5_000_000,
    }
    assert settling.items


async def test_what_nobody_explains_wants_an_account(caller: Caller, gateway: Gateway) -> None:
    await imported(caller)
    line = (await lines(caller))["CASH BY SOMEBODY"]
    place = f"/v1/reconciliation/lines/{line['id']}/confirm"
    refused = await caller.ask("POST", place)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/account"
    answer = await caller.ask("POST", place, json={"account": "unallocated"})
    assert answer.json()["status"] == "confirmed"
    assert await books(gateway, caller) == {Role.BANK: 50_000, Role.UNALLOCATED: -50_000}
    ignored = await caller.ask(
        "POST", f"/v1/reconciliation/lines/{line['id']}/ignore", json={"reason": "no"}
    )
    assert ignored.status_code == 409


async def test_money_moved_to_the_account_of_payouts(caller: Caller, gateway: Gateway) -> None:
    await imported(caller)
    line = (await lines(caller, status="matched"))["RAZORPAYX TOP UP"]
    await caller.ask("POST", f"/v1/reconciliation/lines/{line['id']}/confirm")
    assert await books(gateway, caller) == {
        Role.BANK: -1_000_000,
        Role.PAYOUT_ACCOUNT: 1_000_000,
    }


async def test_an_item_of_the_provider_that_nobody_expects_is_told(
    caller: Caller, settling: Settling
) -> None:
    await settled(caller)
    line = (await lines(caller, source="provider"))["adj_1"]
    assert (line["status"], line["cause"]) == ("open", "amount_differs")
    ignored = await caller.ask(
        "POST", f"/v1/reconciliation/lines/{line['id']}/ignore", json={"reason": "a rebate"}
    )
    assert ignored.json()["status"] == "ignored"
    assert settling.items


async def test_a_file_that_is_no_statement(caller: Caller) -> None:
    await imported(caller, "a,b\n1,2\n", 422)
    unknown = await caller.ask(
        "POST",
        "/v1/reconciliation/bank-imports?account=nobody",
        content=b"x",
        headers={"Content-Type": "text/csv"},
    )
    assert unknown.status_code == 422


async def test_a_neighbour_sees_nothing_of_it(caller: Caller, neighbour: Caller) -> None:
    await imported(caller)
    (line,) = [one for name, one in (await lines(caller)).items() if name.startswith("CASH")]
    assert await lines(neighbour) == {}
    assert (await neighbour.get(f"/v1/reconciliation/lines/{line['id']}")).status_code == 404
    assert (await caller.get("/v1/reconciliation/unsettled")).json() == []


async def test_without_an_account_at_a_provider_there_is_nothing_to_import(caller: Caller) -> None:
    day = {"day": "2026-11-05"}
    answer = await caller.ask("POST", "/v1/reconciliation/provider-imports", json=day)
    assert answer.status_code == 409


async def test_a_transfer_that_was_recorded_is_found_by_its_utr(
    caller: Caller, gateway: Gateway
) -> None:
    utr = "HDFCN12345678901"
    amount = {"amount_minor": 2_500_000}
    wanted = {"method": "bank_transfer", "amount": amount, "shipper": "a-mill"}
    payment = (await caller.ask("POST", "/v1/payments", json=wanted)).json()["id"]
    given = {"amount": amount, "reference": utr}
    answer = await caller.ask("POST", f"/v1/payments/{payment}/record", json=given)
    assert answer.is_success, answer.text
    before = await books(gateway, caller)
    text = STATEMENT.splitlines()[1] + f'\n05/11/2026,NEFT A MILL,{utr},,"25,000.00",0\n'
    assert (await imported(caller, text))["matched"] == 1
    line = (await lines(caller))["NEFT A MILL"]
    assert line["matched"] == f"payments/{payment}"
    confirmed = await caller.ask("POST", f"/v1/reconciliation/lines/{line['id']}/confirm")
    assert (confirmed.json()["status"], confirmed.json()["entry"]) == ("confirmed", None)
    assert await books(gateway, caller) == before


async def test_a_settlement_that_is_booked_explains_no_other_line(
    caller: Caller, gateway: Gateway, settling: Settling
) -> None:
    """Of the same sum, from somebody else; when it came first it was taken for the settlement."""
    head = STATEMENT.splitlines()[1]
    same = f'{head}\n06/11/2026,NEFT A MILL,,,"48,820.00",0\n'
    await settled(caller)
    await imported(caller, same)
    taken = (await lines(caller))["NEFT A MILL"]
    assert (taken["matched"], taken["cause"]) == ("provider-settlements/setl_1", "timing")
    await imported(caller)
    brought = (await lines(caller))[f"NEFT {UTR} RAZORPAY"]
    assert (await caller.ask("POST", f"{PLACE}/{brought['id']}/confirm")).is_success
    before = await books(gateway, caller)

    twice = await caller.ask("POST", f"{PLACE}/{taken['id']}/confirm")
    assert twice.status_code == 409, twice.text
    assert await books(gateway, caller) == before
    assert (await caller.ask("POST", "/v1/reconciliation/matching")).is_success
    now = (await lines(caller))["NEFT A MILL"]
    assert (now["matched"], now["cause"]) == (None, "unknown_utr")
    assert settling.items
