"""What the books come to, against brute force: any entries, at any time, summed or not yet."""

from __future__ import annotations

import asyncio
import random
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freight.ledger.accounts import CONTROL, MONEY
from freight.ledger.entries import Entry, Posting, entry
from store import ledger, ledger_entries, ledger_proof, ledger_reports
from store.ledger import DAY_MS
from store.ledger_entries import Wanted
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.conftest import found_tenant
from tests.store.books import CAUSE, START_MS, brute_balance, paid, post

ACCOUNTS = ("bank", "receivables", "customer_advances", "freight_income", "carrier_payables")
PARTIES = ("shippers/tata", "shippers/birla", "carriers/vrl")
DAYS = 70
AMOUNTS = st.integers(-(10**9), 10**9).filter(bool)
LINES = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), AMOUNTS, st.sampled_from(PARTIES)), min_size=1, max_size=4
)
# Each written when it comes, in any order of time; now and then somebody sums.
STORIES = st.lists(
    st.tuples(st.integers(0, DAYS * DAY_MS), LINES, st.integers(0, 3)), min_size=1, max_size=12
)


def drawn(id: str, at_ms: int, lines: list[tuple[str, int, str]]) -> Entry:  # noqa: A002 - its name everywhere
    postings = [Posting(account, minor, party) for account, minor, party in lines]
    off = sum(minor for _, minor, _ in lines)
    return entry(id, at_ms, CAUSE, "", [*postings, Posting("cash", -off)])


async def check_against_brute_force(conn: AnyConnection, at_ms: int | None) -> None:
    totals = await ledger_reports.totals(conn, at_ms)
    assert sum(total.balance_minor for total in totals.values()) == 0
    for account in (*ACCOUNTS, "cash"):
        expected = await brute_balance(conn, account, None, at_ms)
        assert await ledger.balance(conn, account, at_ms=at_ms) == expected
        assert expected == (totals[account].balance_minor if account in totals else 0)
        if account in CONTROL:
            by_party = await ledger_reports.party_balances(conn, [account], at_ms, 100)
            assert sum(by_party.values()) == expected
            for party in PARTIES:
                minor = await ledger.balance(conn, account, party, at_ms=at_ms)
                assert minor == by_party.get(party, 0)
                assert minor == await brute_balance(conn, account, party, at_ms)


@given(story=STORIES, moments=st.lists(st.integers(0, DAYS * DAY_MS), max_size=3))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_story_comes_to_what_brute_force_says(
    app: AnyPool,
    owner: AnyConnection,
    story: list[tuple[int, list[tuple[str, int, str]], int]],
    moments: list[int],
) -> None:
    tenant = await found_tenant(owner, "A story's")
    for nr, (offset_ms, lines, summed) in enumerate(story):
        made = drawn(f"e{nr}", START_MS + offset_ms, lines)
        async with as_tenant(app, tenant.key) as conn:
            await ledger.post(conn, tenant.key, [made])
        if summed == 0:
            async with as_tenant(app, tenant.key) as conn:
                await ledger.take_into_sums(conn, tenant.key, 3)

    async with as_tenant(app, tenant.key) as conn:
        for at_ms in (*(START_MS + offset for offset in moments), START_MS + story[0][0], None):
            await check_against_brute_force(conn, at_ms)
        proof = await ledger_proof.prove(conn, 0, b"", 1000)
    assert (proof.faults, proof.is_whole) == ([], True)


async def test_sixteen_posters_and_those_who_sum_lose_nothing(app: AnyPool, tenant: Tenant) -> None:
    draw = random.Random(5)  # noqa: S311 - times, not secrets
    going = True

    async def post_some(poster: int) -> None:
        for nr in range(8):
            at_ms = START_MS + draw.randrange(DAYS * DAY_MS)
            await post(app, tenant, paid(f"{poster}-{nr}", 1, at_ms, f"s{nr % 3}"))

    async def keep_summing() -> int:
        taken = 0
        while going:
            async with as_tenant(app, tenant.key) as conn:
                taken += await ledger.take_into_sums(conn, tenant.key, 7)
        return taken

    summing = [asyncio.create_task(keep_summing()) for _ in range(2)]
    async with asyncio.TaskGroup() as posters:
        for poster in range(16):
            posters.create_task(post_some(poster))
    going = False
    await asyncio.gather(*summing)

    async with as_tenant(app, tenant.key) as conn:
        assert await ledger.balance(conn, "provider_clearing") == 16 * 8
        while await ledger.take_into_sums(conn, tenant.key, 50):
            assert await ledger.balance(conn, "provider_clearing") == 16 * 8
        at_ms = START_MS + 33 * DAY_MS
        found = await ledger.balance(conn, "customer_advances", "shippers/s1", at_ms=at_ms)
        assert found == await brute_balance(conn, "customer_advances", "shippers/s1", at_ms)
        assert (await ledger_proof.prove(conn, 0, b"", 10_000)).faults == []


async def test_entries_are_found_by_account_party_booking_and_time(
    app: AnyPool, tenant: Tenant
) -> None:
    for nr in range(4):
        await post(app, tenant, paid(f"e{nr}", 5, START_MS + nr, ("tata", "birla")[nr % 2]))

    async with as_tenant(app, tenant.key) as conn:

        async def ids(wanted: Wanted, before: tuple[int, int] | None = None) -> list[str]:
            found = await ledger_entries.list_page(conn, wanted, before, 3)
            return [one.entry.id for one in found]

        assert await ids(Wanted()) == ["e3", "e2", "e1"]
        third = (await ledger_entries.list_page(conn, Wanted(), None, 3))[2]
        assert await ids(Wanted(), (third.entry.at_ms, third.nr)) == ["e0"]
        assert await ids(Wanted(party="shippers/tata")) == ["e2", "e0"]
        assert await ids(Wanted(account="provider_clearing", to_ms=START_MS + 1)) == ["e0"]
        assert await ids(Wanted(booking="B1", from_ms=START_MS + 3)) == ["e3"]
        assert await ids(Wanted(booking="B2")) == []
        assert third.entry == paid("e1", 5, START_MS + 1, "birla")


async def test_a_statement_runs_from_page_to_page(app: AnyPool, tenant: Tenant) -> None:
    for nr in range(5):
        await post(app, tenant, paid(f"e{nr}", 10**nr, START_MS + nr // 2))

    async with as_tenant(app, tenant.key) as conn:
        after: ledger_entries.Place | None = None
        seen: list[ledger_entries.Line] = []
        while True:
            opening, lines = await ledger_entries.statement(
                conn, "shippers/tata", (START_MS, START_MS + 99), after, 2
            )
            assert opening == (seen[-1].balance_minor if seen else 0)
            if not lines:
                break
            seen += lines
            after = seen[-1].place
        assert [line.balance_minor for line in seen] == [-1, -11, -111, -1111, -11111]
        opening, lines = await ledger_entries.statement(
            conn, "shippers/tata", (START_MS + 1, START_MS + 2), None, 9
        )
        assert (opening, [line.entry for line in lines]) == (-11, ["e2", "e3"])


def invoice(id: str, minor: int, at_ms: int, booking: str | None) -> Entry:  # noqa: A002 - its name everywhere
    owed = Posting("receivables", minor, "shippers/tata", booking)
    return entry(id, at_ms, CAUSE, "", [owed, Posting("freight_income", -minor)])


async def test_debts_are_as_old_as_what_was_not_paid(app: AnyPool, tenant: Tenant) -> None:
    day = START_MS + 100 * DAY_MS
    await post(
        app,
        tenant,
        invoice("i1", 1000, day - 90 * DAY_MS, "B1"),
        invoice("i2", 500, day - 40 * DAY_MS, "B1"),
        invoice("p1", -1200, day - 5 * DAY_MS, "B1"),  # pays the first, and a part of the second
        invoice("i3", 70, day, "B2"),
        invoice("p2", -9, day, None),  # for nothing that is known
        invoice("later", 5000, day + 1, "B1"),
    )

    async with as_tenant(app, tenant.key) as conn:
        found = await ledger_reports.ageing(
            conn, "receivables", day, is_payable=False, days=(30, 60), limit=100
        )
        owed = await ledger.balance(conn, "receivables", at_ms=day)

    assert {one.bucket: one.minor for one in found} == {0: 70, 1: 300, -1: 9}
    assert owed == 70 + 300 - 9


async def test_cash_flow_is_the_difference_of_what_was_there(app: AnyPool, tenant: Tenant) -> None:
    await post(
        app,
        tenant,
        paid("before", 7),
        paid("e1", 1000, START_MS + 5),
        entry("moved", START_MS + 6, CAUSE, "", [Posting("bank", 900), Posting("cash", -900)]),
        entry(
            "settled",
            START_MS + 7,
            CAUSE,
            "",
            [
                Posting("bank", 950),
                Posting("provider_fees", 50),
                Posting("provider_clearing", -1000),
            ],
        ),
    )

    async with as_tenant(app, tenant.key) as conn:
        flows = await ledger_reports.cash_flow(conn, sorted(MONEY), START_MS + 1, START_MS + 8)
        grown = sum([await ledger.balance(conn, account) for account in MONEY]) - 7

    assert {(one.account, one.in_minor, one.out_minor) for one in flows} == {
        ("customer_advances", 1000, 0),
        ("provider_fees", 0, 50),
    }
    assert grown == 950


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE ledger_postings SET amount_minor = amount_minor * 2", "was changed"),
        ("UPDATE ledger_postings SET party = 'shippers/x' WHERE party IS NOT NULL", "was changed"),
        ("UPDATE ledger_entries SET memo = 'other'", "was changed"),
        ("UPDATE ledger_entries SET digest = sha256('x')", "does not seal"),
        ("DELETE FROM ledger_entries", "was removed"),
        ("DELETE FROM ledger_seals", "were written"),
        ("UPDATE ledger_sums SET debit_minor = debit_minor + 1", "sums of"),
    ],
)
async def test_tampering_is_noticed(
    app: AnyPool, superuser: AnyConnection, tenant: Tenant, tampering: str, says: str
) -> None:
    """By who may do anything in the database, and switches the triggers off."""
    await post(app, tenant, paid("e1"), paid("e2"))
    async with as_tenant(app, tenant.key) as conn:
        await ledger.take_into_sums(conn, tenant.key, 100)
    joined = " AND " if " WHERE " in tampering else " WHERE "
    async with superuser.transaction():
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute(f"{tampering}{joined}tenant_key = {tenant.key}")

    async with as_tenant(app, tenant.key) as conn:
        proof = await ledger_proof.prove(conn, 0, b"", 1000)

    assert any(says in fault.detail for fault in proof.faults), proof.faults


async def test_who_speaks_for_one_party_sees_its_postings_only(
    app: AnyPool, tenant: Tenant
) -> None:
    await post(app, tenant, paid("e1"), paid("e2", 9, shipper="birla"))

    async with as_tenant(app, tenant.key, shipper="birla") as conn:
        (found,) = await ledger_entries.list_page(conn, Wanted(), None, 9)
        assert [posting.account for posting in found.entry.postings] == ["customer_advances"]
        assert await ledger.balance(conn, "customer_advances", "shippers/birla") == -9
        assert await ledger.balance(conn, "customer_advances", "shippers/tata") == 0
        assert await ledger.balance(conn, "provider_clearing") == 0
        # What it does may still move others' money.
        assert await ledger.post(conn, tenant.key, [paid("e3", 1, shipper="birla")]) == 1
        assert await ledger.post(conn, tenant.key, [paid("e3", 1, shipper="birla")]) == 0
    async with as_tenant(app, tenant.key, carrier="birla") as conn:
        assert await ledger_entries.list_page(conn, Wanted(), None, 9) == []


async def test_proof_goes_on_where_it_ended(app: AnyPool, tenant: Tenant) -> None:
    for nr in range(3):
        await post(app, tenant, paid(secrets.token_hex(4), 1 + nr))
        async with as_tenant(app, tenant.key) as conn:
            await ledger.take_into_sums(conn, tenant.key, 100)

    async with as_tenant(app, tenant.key) as conn:
        first = await ledger_proof.prove(conn, 0, b"", 2)
        rest = await ledger_proof.prove(conn, first.seal, first.digest, 2)
        forged = await ledger_proof.prove(conn, first.seal, b"x" * 32, 2)

    assert (first.entries, first.is_whole, first.faults) == (2, False, [])
    assert (rest.entries, rest.is_whole, rest.faults) == (1, True, [])
    assert [fault.seal for fault in forged.faults] == [3]
