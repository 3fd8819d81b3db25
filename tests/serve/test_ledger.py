"""/v1/ledger: books that a tenant reads and adds to, and a party its own page of."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import httpx
import pytest

from freight.ledger.entries import Posting, entry
from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.ledger.reports import Every, edges_of
from serve.problems import InvalidError
from store.postgres import AnyPool, epoch_ms
from store.tenants import Tenant
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.store.books import CAUSE, START_MS, paid, post

DAY_MS = 86_400_000
JOURNAL: dict[str, Any] = {
    "reason": "Opening balance of the old books",
    "postings": [
        {"account": "bank", "amount": {"amount_minor": 5000}},
        {"account": "opening_balances", "amount": {"amount_minor": -5000}},
    ],
}


def with_postings(*postings: dict[str, Any]) -> dict[str, Any]:
    return JOURNAL | {"postings": list(postings)}


def of(account: str, minor: int, **more: str) -> dict[str, Any]:
    return {"account": account, "amount": {"amount_minor": minor}, **more}


async def got(caller: Caller, path: str) -> Any:
    answer = await caller.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sheet(caller: Caller, path: str) -> list[dict[str, str]]:
    answer = await caller.get(path + ("&" if "?" in path else "?") + "format=csv")
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
async def books(app: AnyPool, tenant: Tenant) -> None:
    """Two advances, an invoice that takes one up, and a carrier's freight."""
    shipper, carrier = "shippers/tata", "carriers/vrl"
    await post(
        app,
        tenant,
        paid("e1", 50_000),
        paid("e2", 700, START_MS + DAY_MS, "birla"),
        entry(
            "e3",
            START_MS + 2 * DAY_MS,
            CAUSE,
            "Invoice",
            [
                Posting("receivables", 105_000, shipper, "B1"),
                Posting("freight_income", -100_000, None, "B1"),
                Posting("output_igst", -5_000, None, "B1"),
            ],
        ),
        entry(
            "e4",
            START_MS + 2 * DAY_MS,
            CAUSE,
            "Advance taken up",
            [
                Posting("customer_advances", 50_000, shipper, "B1"),
                Posting("receivables", -50_000, shipper, "B1"),
            ],
        ),
        entry(
            "e5",
            START_MS + 40 * DAY_MS,
            CAUSE,
            "Freight",
            [
                Posting("carriage_cost", 80_000, None, "B1"),
                Posting("carrier_payables", -80_000, carrier, "B1"),
            ],
        ),
    )


@pytest.mark.usefixtures("books")
async def test_reports_agree_with_each_other(caller: Caller) -> None:
    trial = await got(caller, "/v1/ledger/trial-balance")
    assert trial["debit"] == trial["credit"] == {"amount_minor": 185_700, "currency": "INR"}
    by_account = {
        row["account"]["id"]: row["debit"]["amount_minor"] - row["credit"]["amount_minor"]
        for row in trial["items"]
    }
    balances = await got(caller, "/v1/ledger/balances")
    assert by_account == {
        row["account"]["id"]: row["balance"]["amount_minor"] for row in balances["items"]
    }
    for account in ("receivables", "customer_advances", "carrier_payables"):
        parties = await got(caller, f"/v1/ledger/parties?account={account}")
        assert parties["total"]["amount_minor"] == by_account[account]
    ageing = await got(caller, "/v1/ledger/ageing")
    assert ageing["total"]["total"]["amount_minor"] == by_account["receivables"] == 55_000
    owed = await got(caller, "/v1/ledger/ageing?of=payables")
    assert owed["total"]["total"]["amount_minor"] == -by_account["carrier_payables"] == 80_000
    flow = await got(caller, f"/v1/ledger/cash-flow?from={START_MS}")
    assert flow["inflow"]["amount_minor"] - flow["outflow"]["amount_minor"] == 50_700
    revenue = await got(caller, f"/v1/ledger/revenue?from={START_MS}")
    assert sum(period["margin"]["amount_minor"] for period in revenue["periods"]) == 20_000
    assert (await got(caller, "/v1/ledger/proof"))["faults"] == []


@pytest.mark.usefixtures("books")
async def test_balances_are_as_of_any_moment(caller: Caller) -> None:
    at = START_MS + 2 * DAY_MS

    before = await got(caller, f"/v1/ledger/balances?at={at - 1}&account=receivables")
    after = await got(caller, f"/v1/ledger/balances?at={at}&account=receivables")

    (none,), (some,) = before["items"], after["items"]
    assert none["debit"]["amount_minor"] == 0
    assert (some["debit"]["amount_minor"], some["credit"]["amount_minor"]) == (105_000, 50_000)
    assert some["account"]["number"] == "1100"


@pytest.mark.usefixtures("books")
async def test_a_statement_says_what_was_owed_after_each_line(caller: Caller) -> None:
    first = await got(caller, "/v1/ledger/parties/shippers/tata?limit=2")
    second = await got(
        caller, f"/v1/ledger/parties/shippers/tata?limit=2&cursor={first['next_cursor']}"
    )

    lines = first["items"] + second["items"]
    assert [line["balance"]["amount_minor"] for line in lines] == [-50_000, 55_000, 105_000, 55_000]
    assert second["opening"]["amount_minor"] == 55_000
    assert second["next_cursor"] is None
    later = await got(caller, f"/v1/ledger/parties/shippers/tata?from={START_MS + DAY_MS}")
    assert later["opening"]["amount_minor"] == -50_000
    assert (await caller.get("/v1/ledger/parties/shippers/nobody")).status_code == 404
    assert (await caller.get("/v1/ledger/parties/friends/tata")).status_code == 404


@pytest.mark.usefixtures("books")
async def test_reports_are_files_too(caller: Caller) -> None:
    trial = await sheet(caller, "/v1/ledger/trial-balance")
    assert trial[0] == {
        "account_id": "provider_clearing",
        "account_number": "1030",
        "account_name": "Payment Gateway Clearing",
        "account_kind": "asset",
        "debit_minor": "50700",
        "credit_minor": "0",
    }
    lines = await sheet(caller, "/v1/ledger/parties/shippers/tata")
    assert [line["amount_minor"] for line in lines] == ["-50000", "105000", "50000", "-50000"]
    entries = await sheet(caller, "/v1/ledger/entries?account=carriage_cost")
    assert [
        (row["entry"], row["posting_account"], row["posting_amount_minor"]) for row in entries
    ] == [
        ("e5", "carriage_cost", "80000"),
        ("e5", "carrier_payables", "-80000"),
    ]
    assert len(await sheet(caller, "/v1/ledger/accounts")) == 36
    for path in ("balances", "ageing", f"cash-flow?from={START_MS}", "parties?account=receivables"):
        assert await sheet(caller, f"/v1/ledger/{path}")
    months = await sheet(caller, f"/v1/ledger/revenue?from={START_MS}")
    assert sum(int(month["margin_minor"]) for month in months) == 20_000


@pytest.mark.usefixtures("books")
async def test_entries_name_their_cause_page_by_page(caller: Caller) -> None:
    first = await got(caller, "/v1/ledger/entries?party=shippers/tata&limit=2")
    second = await got(
        caller,
        f"/v1/ledger/entries?party=shippers/tata&limit=2&cursor={first['next_cursor']}",
    )

    assert [one["id"] for one in first["items"] + second["items"]] == ["e4", "e3", "e1"]
    (made,) = second["items"]
    assert made["cause"] == {
        "kind": "payment",
        "about": "payments/p1",
        "version": 3,
        "rule": "/*/services/payments/business/methods",
        "config_version": 7,
    }
    assert made == await got(caller, "/v1/ledger/entries/e1")
    for bad in ("cursor=eHg", "cursor=MS4y" + "MTIz" * 9, "party=tata", "from=5&to=5"):
        assert (await caller.get(f"/v1/ledger/entries?{bad}")).status_code == 422


async def test_an_entry_by_hand_is_written_and_taken_back(caller: Caller) -> None:
    answer = await caller.ask("POST", "/v1/ledger/entries", json=JOURNAL | {"id": "open-1"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/ledger/entries/open-1"
    assert answer.json()["cause"]["kind"] == "manual"
    again = await caller.ask("POST", "/v1/ledger/entries", json=JOURNAL | {"id": "open-1"})
    assert again.status_code == 409

    back = await caller.ask(
        "POST", "/v1/ledger/entries/open-1/reverse", json={"reason": "Wrong bank"}
    )
    assert back.status_code == 201, back.text
    assert (back.json()["id"], back.json()["memo"]) == ("open-1-reversed", "Wrong bank")
    (bank,) = (await got(caller, "/v1/ledger/balances?account=bank"))["items"]
    assert bank["balance"]["amount_minor"] == 0
    twice = await caller.ask("POST", "/v1/ledger/entries/open-1/reverse", json={"reason": "x"})
    assert twice.status_code == 409
    of_it = await caller.ask(
        "POST", "/v1/ledger/entries/open-1-reversed/reverse", json={"reason": "x"}
    )
    assert of_it.status_code == 409


@pytest.mark.usefixtures("books")
async def test_what_was_not_written_by_hand_is_not_reversed_by_hand(caller: Caller) -> None:
    answer = await caller.ask("POST", "/v1/ledger/entries/e1/reverse", json={"reason": "x"})

    assert answer.status_code == 409
    assert "undo what caused it" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (with_postings(of("bank", 5), of("capital", -4)), "/postings"),
        (with_postings(of("bank", 5), of("bank", -5)), "/postings"),
        (with_postings(of("bank", 5)), "/postings"),
        (with_postings(of("bank", 0), of("capital", 0)), "/postings/0/amount"),
        (with_postings(of("nobody", 5), of("capital", -5)), "/postings/0/account"),
        (with_postings(of("receivables", 5), of("capital", -5)), "/postings"),
        (with_postings(of("bank", 5, party="tata"), of("capital", -5)), "/postings/0/party"),
        (
            with_postings(of("carrier_payables", 5, party="carriers/nobody"), of("bank", -5)),
            "/postings/0/party",
        ),
        (with_postings(*[of("bank", 1), of("capital", -1)] * 51), "/postings"),
        (JOURNAL | {"at": "2090-01-01T00:00:00Z"}, "/at"),
        ({**JOURNAL, "reason": ""}, "/reason"),
    ],
)
async def test_what_is_no_entry_is_refused(
    caller: Caller, body: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("POST", "/v1/ledger/entries", json=body)

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.usefixtures("books")
async def test_who_speaks_for_one_party_has_its_statement_only(
    gateway: Gateway,
    http: httpx.AsyncClient,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bound = BoundTokens(monkeypatch)
    tata = Caller(http, tenant, bound.token(gateway, tenant, Role.SHIPPER, shipper="tata"))
    vrl = Caller(http, tenant, bound.token(gateway, tenant, Role.CARRIER, carrier="vrl"))
    new = Caller(http, tenant, bound.token(gateway, tenant, Role.SHIPPER, shipper="new"))
    unbound = Caller(http, tenant, token_for(gateway, tenant, Role.SHIPPER))

    own = await got(tata, "/v1/ledger/parties/shippers/tata")
    assert own["closing"]["amount_minor"] == 55_000
    assert (await got(vrl, "/v1/ledger/parties/carriers/vrl"))["closing"]["amount_minor"] == -80_000
    assert (await got(new, "/v1/ledger/parties/shippers/new"))["items"] == []
    assert (await tata.get("/v1/ledger/parties/shippers/birla")).status_code == 404
    assert (await vrl.get("/v1/ledger/parties/shippers/tata")).status_code == 404
    for caller in (tata, vrl, unbound):
        assert (await caller.get("/v1/ledger/trial-balance")).status_code == 403
        assert (await caller.get("/v1/ledger/entries")).status_code == 403
    assert (await unbound.get("/v1/ledger/parties/shippers/tata")).status_code == 403


async def test_finance_reads_and_writes_the_books_and_others_do_not(
    gateway: Gateway, http: httpx.AsyncClient, tenant: Tenant
) -> None:
    finance = Caller(http, tenant, token_for(gateway, tenant, Role.FINANCE))
    viewer = Caller(http, tenant, token_for(gateway, tenant, Role.VIEWER))

    assert (await finance.ask("POST", "/v1/ledger/entries", json=JOURNAL)).status_code == 201
    assert (await viewer.ask("POST", "/v1/ledger/entries", json=JOURNAL)).status_code == 403
    assert (await viewer.get("/v1/ledger/accounts")).status_code == 403


@pytest.mark.usefixtures("books")
async def test_nobody_reads_anothers_books(neighbour: Caller) -> None:
    assert (await got(neighbour, "/v1/ledger/balances"))["items"] == []
    assert (await neighbour.get("/v1/ledger/entries/e1")).status_code == 404
    assert (await neighbour.get("/v1/ledger/parties/shippers/tata")).status_code == 404


async def test_more_than_the_limit_is_refused(
    caller: Caller, gateway: Gateway, books: None
) -> None:
    few = gateway.settings.now.ledger.model_copy(update={"report_rows_max": 1, "periods_max": 1})
    now = gateway.settings.now.model_copy(update={"ledger": few})
    gateway.settings.swap(type(gateway.settings.snapshot)(now))

    assert (await caller.get("/v1/ledger/parties?account=customer_advances")).status_code == 200
    await caller.ask(
        "POST",
        "/v1/ledger/entries",
        json=with_postings(
            of("wallets", 1, party="shippers/a"),
            of("wallets", 1, party="shippers/b"),
            of("bank", -2),
        ),
    )
    assert (await caller.get("/v1/ledger/parties?account=wallets")).status_code == 422
    assert (await caller.get(f"/v1/ledger/revenue?from={START_MS}")).status_code == 422
    assert (await caller.get("/v1/ledger/revenue")).status_code == 422
    assert (await caller.get("/v1/ledger/parties?account=bank")).status_code == 422


def test_periods_end_at_midnight_of_the_calendar() -> None:
    def ms(written: str) -> int:
        return epoch_ms(datetime.fromisoformat(written + "Z"))

    span = (ms("2026-01-15T00:00"), ms("2026-03-10T00:00"))

    assert edges_of(span, Every.MONTH, "Asia/Kolkata", 9) == [
        span[0],
        ms("2026-01-31T18:30"),
        ms("2026-02-28T18:30"),
        span[1],
    ]
    days = edges_of((span[0], span[0] + DAY_MS), Every.DAY, "Asia/Kolkata", 9)
    assert days == [span[0], ms("2026-01-15T18:30"), span[0] + DAY_MS]
    with pytest.raises(InvalidError):
        edges_of(span, Every.MONTH, "Asia/Kolkata", 2)
