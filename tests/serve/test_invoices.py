"""/v1/invoices: issued once for all, noted about, and reported to the state."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import pytest

from freight.tax.calendar import INDIA, year_begun, year_label
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.tenants import Tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.test_parties import MILL, OWN, put

TODAY = datetime.now(INDIA).date()
YEAR = year_label(year_begun(TODAY))
CARRIAGE: dict[str, Any] = {
    "party": "shippers/mill",
    "mode": "gta_fcm_18",
    "lines": [
        {
            "head": "freight",
            "description": "Pune to Bengaluru",
            "amount": {"amount_minor": 5_000_000},
        }
    ],
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


@pytest.fixture
async def known(caller: Caller) -> Caller:
    """The tenant is registered, and knows a mill."""
    await put(caller, "registrations/27", **OWN)
    await put(caller, "shippers/mill", **MILL)
    return caller


async def post(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_invoice_by_hand(known: Caller) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE)

    assert (made["kind"], made["number"], made["date"]) == (
        "tax_invoice",
        f"IN/{YEAR}/0000001",
        TODAY.isoformat(),
    )
    assert made["total"] == {"amount_minor": 5_900_000, "currency": "INR"}
    assert [(tax["name"], tax["amount"]["amount_minor"]) for tax in made["taxes"]] == [
        ("igst", 900_000)
    ]
    assert (made["seller"]["gstin"], made["buyer"]["gstin"]) == (OWN["gstin"], MILL["gstin"])
    assert made["words"]["en"] == "Rupees Fifty Nine Thousand Only"
    assert made["lacks"] == ["transport"]
    assert (await known.get(f"/v1/invoices/{made['id']}")).json() == made


async def test_its_content_is_the_bytes_that_were_issued(known: Caller) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE)
    await put(known, "shippers/mill", **MILL | {"name": "Another name"})

    answer = await known.get(f"/v1/invoices/{made['id']}/content")

    assert hashlib.sha256(answer.content).hexdigest() == made["digest"]
    assert json.loads(answer.content)["buyer"]["name"] == "Mill Limited"


async def test_the_same_key_issues_once(known: Caller) -> None:
    keyed = {"Idempotency-Key": '"once-and-no-more"'}
    first, again = [
        await known.ask("POST", "/v1/invoices", json=CARRIAGE, headers=keyed) for _ in range(2)
    ]

    assert first.json() == again.json()
    assert len((await known.get("/v1/invoices")).json()["items"]) == 1


async def test_notes_take_back_and_ask_for_more(known: Caller) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE)
    path = f"/v1/invoices/{made['id']}"
    part = await post(
        known,
        f"{path}/credit-notes",
        reason="2 % short",
        lines=[{"nr": 1, "taxable": {"amount_minor": 100_000}}],
    )
    much = {"reason": "too much", "amount": {"amount_minor": 5_900_000}}
    refused = await known.ask("POST", f"{path}/credit-notes", json=much)
    rest = await post(known, f"{path}/credit-notes", reason="cancelled")
    nothing = await known.ask("POST", f"{path}/credit-notes", json={"reason": "again"})
    more = await post(known, f"{path}/debit-notes", reason="toll", amount={"amount_minor": 11_800})

    assert (part["number"], part["total"]["amount_minor"]) == (f"CN/{YEAR}/0000001", 118_000)
    assert part["about"][0]["number"] == made["number"]
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "note.too_much"
    assert rest["total"]["amount_minor"] == 5_900_000 - 118_000
    assert nothing.status_code == 409
    assert (more["kind"], more["tax"]["amount_minor"]) == ("debit_note", 1_800)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"mode": "no-mode"}, 422),
        ({"lines": []}, 422),
        ({"lines": [{"description": "x", "amount": {"amount_minor": 0}}]}, 422),
        ({"lines": [{"description": "x", "amount": {"amount_minor": -5}}]}, 422),
        ({"party": "nobody"}, 422),
        ({"booking": "not-there"}, 404),
    ],
)
async def test_what_is_no_invoice(known: Caller, changes: dict[str, Any], status: int) -> None:
    answer = await known.ask("POST", "/v1/invoices", json=CARRIAGE | changes)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "note",
    [
        {"reason": "x", "lines": [{"nr": 9, "taxable": {"amount_minor": 1}}]},
        {"reason": "x", "lines": [{"nr": 1, "taxable": {"amount_minor": 1}}] * 2},
        {
            "reason": "x",
            "amount": {"amount_minor": 1},
            "lines": [{"nr": 1, "taxable": {"amount_minor": 1}}],
        },
        {"reason": ""},
    ],
)
async def test_what_is_no_note(known: Caller, note: dict[str, Any]) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE)
    answer = await known.ask("POST", f"/v1/invoices/{made['id']}/credit-notes", json=note)

    assert answer.status_code == 422, answer.text


async def test_lists_are_filtered_and_others_see_nothing(
    known: Caller, neighbour: Caller, gateway: Gateway, tenant: Tenant, bound: BoundTokens
) -> None:
    mills = await post(known, "/v1/invoices", **CARRIAGE)
    other = await post(known, "/v1/invoices", **CARRIAGE | {"party": "shippers/other"})
    token = bound.token(gateway, tenant, Role.SHIPPER, shipper="mill")
    mill = Caller(known.http, tenant, token)

    async def listed(who: Caller, **params: str) -> list[str]:
        answer = await who.get("/v1/invoices", params=params)
        assert answer.is_success, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await listed(known) == [other["id"], mills["id"]]
    assert await listed(known, party="shippers/mill") == [mills["id"]]
    assert await listed(known, kind="credit_note") == []
    assert await listed(known, **{"from": TODAY.isoformat(), "to": TODAY.isoformat()}) != []
    assert await listed(known, to="2020-01-01") == []
    assert await listed(mill) == [mills["id"]]
    assert await listed(neighbour) == []
    for who in (mill, neighbour):
        assert (await who.get(f"/v1/invoices/{other['id']}")).status_code == 404
    assert (await mill.ask("POST", "/v1/invoices", json=CARRIAGE)).status_code == 403
    assert (await mill.get("/v1/tax/gstr1", params={"month": "2026-11"})).status_code == 403


async def test_a_months_return(known: Caller) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE)
    month = {"month": f"{TODAY:%Y-%m}"}

    report = (await known.get("/v1/tax/gstr1", params=month)).json()
    rows = await known.get("/v1/tax/gstr1", params=month | {"format": "csv"})

    assert (report["gstin"], report["fp"]) == (OWN["gstin"], f"{TODAY:%m%Y}")
    assert report["b2b"][0]["inv"][0]["inum"] == made["number"]
    assert report["doc_issue"]["doc_det"][0]["docs"][0]["totnum"] == 1
    assert rows.headers["content-type"].startswith("text/csv")
    header, line = rows.text.splitlines()
    values = dict(zip(header.split(","), line.split(","), strict=True))
    assert (values["section"], values["taxable_minor"]) == ("b2b", "5000000")
    elsewhere = (await known.get("/v1/tax/gstr1", params=month | {"state": "29"})).json()
    assert elsewhere["b2b"] == []


async def test_the_register_of_deducted_tax(known: Caller) -> None:
    days = {"from": "2026-04-01", "to": "2027-03-31"}
    answer = await known.get("/v1/tax/tds-register", params=days)
    table = await known.get("/v1/tax/tds-register", params=days | {"format": "csv"})

    assert answer.json() == []
    assert table.text.startswith("quarter,at,carrier,name,pan,settlement,code,why,credited_minor")
    wrong = await known.get(
        "/v1/tax/tds-register", params={"from": "0001-01-01", "to": "9999-12-31"}
    )
    assert wrong.status_code == 422


async def test_who_is_no_platform_collects_nothing(known: Caller) -> None:
    answer = await known.get("/v1/tax/tcs", params={"month": "2026-11"})
    table = await known.get("/v1/tax/tcs", params={"month": "2026-11", "format": "csv"})

    assert answer.json() == []
    assert table.text.startswith("carrier,gstin,supplied_minor,returned_minor,net_minor,rate_bp")


async def test_without_a_consignment_note_there_is_no_agency(known: Caller) -> None:
    made = await post(known, "/v1/invoices", **CARRIAGE, has_consignment_note=False)

    assert (made["kind"], made["total"]["amount_minor"]) == ("bill_of_supply", 5_000_000)
    assert made["lacks"] == []
