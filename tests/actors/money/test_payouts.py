"""Payouts against a provider that forgets answers, by a process that dies anywhere."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from actors.money.payouts import cancel_unsent, observe, retry, start
from actors.money.payouts_round import payouts_round
from freight.ledger.accounts import Role
from freight.payouts import messages as m
from freight.payouts.state import Status
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements.state import AdvanceMethod
from freight.settlements.state import Status as SettlementStatus
from providers.payouts import Contact, NewContact, PayoutStatus
from store.personal import PersonalData
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.money.fake_payouts import CrashedError
from tests.actors.money.settled import FREIGHT_MINOR, Office

pytestmark = pytest.mark.postgres
STEPS_MAX = 50
SMALL_MINOR = 10_000  # so that all together no tax is deducted


@pytest.fixture
async def office(app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant) -> Office:
    made = Office((app, system), personal, tenant)
    await made.add_carrier()
    return made


async def test_from_approved_to_paid(office: Office) -> None:
    payout = await office.started()
    assert (await office.settlement()).status is SettlementStatus.PAYING
    assert await office.look(payout)
    assert (await office.payout(payout)).status is Status.PROCESSING
    assert await office.books() == {
        Role.CARRIAGE_COST: FREIGHT_MINOR,
        Role.PAYOUTS_IN_TRANSIT: -FREIGHT_MINOR,
    }
    assert not await office.look(payout)
    office.provider.become(PayoutStatus.PROCESSED)
    await office.look(payout)
    settlement = await office.settlement()
    assert settlement.status is SettlementStatus.PAID
    assert settlement.utr is not None
    books = {Role.CARRIAGE_COST: FREIGHT_MINOR, Role.PAYOUT_ACCOUNT: -FREIGHT_MINOR}
    assert await office.books() == books
    told = await office.news(f"payouts/{payout.id}")
    assert told == [
        "payout.created",
        "payout.requested",
        "payout.processing",
        "payout.processed",
    ]
    assert "settlement.paid" in await office.news("settlements/set-1")


async def test_it_dies_at_every_step_and_pays_once(office: Office) -> None:
    """Before and after each call and each commit; then somebody else goes on."""
    for at in range(1, STEPS_MAX):
        name = f"set-{at}"
        payout = await office.started(name, SMALL_MINOR)
        office.provider.made.clear()
        office.provider.by_key.clear()
        office.breaking.steps, office.breaking.at = 0, at
        crashed = False
        for _ in range(3):
            try:
                await office.look(payout)
                office.provider.become(PayoutStatus.PROCESSED)
            except CrashedError:
                crashed = True
        office.breaking.at = None
        await office.look(payout)
        assert (await office.payout(payout)).status is Status.PROCESSED, at
        assert [each.amount_minor for each in office.provider.made.values()] == [SMALL_MINOR], at
        assert (await office.settlement(name)).status is SettlementStatus.PAID
        assert await office.stands_at(Role.PAYOUT_ACCOUNT) == -SMALL_MINOR * at
        if not crashed:
            break
    else:
        pytest.fail("it died at every step that was tried")


async def test_a_silent_provider_is_asked_again_and_not_paid_twice(office: Office) -> None:
    payout = await office.started()
    office.provider.away = True
    assert not await office.look(payout)
    office.provider.away = False
    await office.look(payout)
    await office.look(payout)
    assert len(office.provider.made) == 1


async def test_a_refusal_is_known_to_have_failed_and_tried_anew_with_another_key(
    office: Office,
) -> None:
    payout = await office.started()
    office.provider.refusing = "the account is closed"
    await office.look(payout)
    failed = await office.payout(payout)
    assert (failed.status, failed.reason) == (
        Status.FAILED,
        "BAD_REQUEST_ERROR: the account is closed",
    )
    assert (await office.settlement()).status is SettlementStatus.APPROVED
    books = {Role.CARRIAGE_COST: FREIGHT_MINOR, Role.CARRIER_PAYABLES: -FREIGHT_MINOR}
    assert await office.books() == books
    office.provider.refusing = None
    async with office.step() as conn:
        await retry(office.desk, conn, office.tenant, payout.id, "user:ann")
    await office.look(payout)
    assert list(office.provider.by_key) == [f"{payout.id}-2"]
    assert (await office.settlement()).status is SettlementStatus.PAYING


async def test_what_the_bank_gives_back_is_owed_again(office: Office) -> None:
    payout = await office.started()
    office.provider.begins_as = PayoutStatus.PROCESSED
    await office.look(payout)
    office.provider.become(PayoutStatus.REVERSED, "account frozen")
    (seen,) = office.provider.made.values()
    for _ in range(2):
        async with office.step() as conn:
            assert await observe(office.desk, conn, office.tenant, seen) is not None
    settlement = await office.settlement()
    assert settlement.status is SettlementStatus.REVERSED
    books = {Role.CARRIAGE_COST: FREIGHT_MINOR, Role.CARRIER_PAYABLES: -FREIGHT_MINOR}
    assert await office.books() == books
    async with office.step() as conn:
        await retry(office.desk, conn, office.tenant, payout.id, "user:ann")
    await office.look(payout)
    assert (await office.settlement()).status is SettlementStatus.PAID
    assert office.provider.paid_minor == FREIGHT_MINOR


async def test_under_way_it_is_not_tried_anew(office: Office) -> None:
    payout = await office.started()
    await office.look(payout)
    with pytest.raises(Refusal, match="under way"):
        async with office.step() as conn:
            await retry(office.desk, conn, office.tenant, payout.id, "user:ann")


async def test_news_of_nobodys_payout_are_none_of_ours(office: Office) -> None:
    await office.look(await office.started())
    (seen,) = office.provider.made.values()
    stranger = replace(seen, id="pout_of_nobody", reference="nobody-1")
    async with office.step() as conn:
        assert await observe(office.desk, conn, office.tenant, stranger) is None


async def test_a_carrier_without_an_account_is_held_for_a_person(office: Office) -> None:
    payout = await office.started()
    async with office.step() as conn:
        await conn.execute("UPDATE carriers SET ifsc = NULL WHERE id = 'C1'")
    await office.look(payout)
    held = await office.payout(payout)
    assert (held.status, held.is_held) == (Status.CREATED, True)
    assert not await office.look(payout)
    assert "payout.held" in await office.news(f"payouts/{payout.id}")
    async with office.step() as conn:
        await conn.execute("UPDATE carriers SET ifsc = 'HDFC0001234' WHERE id = 'C1'")
        await retry(office.desk, conn, office.tenant, payout.id, "user:ann")
    await office.look(payout)
    assert (await office.payout(payout)).status is Status.PROCESSING


async def test_an_advance_is_paid_and_taken_up(office: Office) -> None:
    name = await office.opened()
    asked = c.AskAdvance(
        id="po-adv", method=AdvanceMethod.PAYOUT, amount_minor=1_000_000, by="user:ann"
    )
    await office.change(name, asked)
    await office.change(name, asked)
    office.provider.begins_as = PayoutStatus.PROCESSED
    await office.look("po-adv")
    advances = {Role.CARRIER_ADVANCES: 1_000_000, Role.PAYOUT_ACCOUNT: -1_000_000}
    assert await office.books() == advances
    await office.propose(name)
    settlement = await office.approve(name)
    assert settlement.balance_minor == FREIGHT_MINOR - 1_000_000
    assert await office.books() == {
        Role.CARRIAGE_COST: FREIGHT_MINOR,
        Role.CARRIER_PAYABLES: -(FREIGHT_MINOR - 1_000_000),
        Role.PAYOUT_ACCOUNT: -1_000_000,
    }


async def test_the_round_finds_what_a_crash_left(office: Office) -> None:
    payout = await office.started()
    assert await payouts_round(office.desk) >= 1
    assert (await office.payout(payout)).status is Status.PROCESSING


async def test_paid_after_all_though_another_payout_took_its_place(office: Office) -> None:
    """The other one waits for a person, as does the settlement."""
    payout = await office.started()
    await office.look(payout)
    office.provider.become(PayoutStatus.FAILED, "the bank is closed")
    await office.look(payout)
    said = replace(*office.provider.made.values(), status=PayoutStatus.PROCESSED, utr="U1")
    await office.change("set-1", c.Reopen("user:ann", "the account was another"))
    await office.propose("set-1")
    await office.approve("set-1")
    async with office.step() as conn:
        another = await start(office.desk, conn, office.tenant, "set-1", "user:ann")
        assert another is not None
        await observe(office.desk, conn, office.tenant, said)

    await payouts_round(office.desk)

    assert (await office.payout(payout)).contradiction == said.id
    assert "payout.contradicted" in await office.news(f"payouts/{payout.id}")
    held = await office.payout(another)
    assert (held.status, held.is_held) == (Status.CREATED, True)
    assert len(office.provider.made) == 1
    async with office.step() as conn:
        await cancel_unsent(
            office.desk, conn, office.tenant, another.id, m.Cancel(by="user:ann", reason="paid")
        )
    async with office.step() as conn:
        with pytest.raises(Refusal, match="may have paid it already"):
            await start(office.desk, conn, office.tenant, "set-1", "user:ann")


async def test_paid_after_all_though_its_settlement_was_opened_again(office: Office) -> None:
    payout = await office.started()
    await office.look(payout)
    office.provider.become(PayoutStatus.FAILED, "the bank is closed")
    await office.look(payout)
    said = replace(*office.provider.made.values(), status=PayoutStatus.PROCESSED, utr="U1")
    await office.change("set-1", c.Reopen("user:ann", "the account was another"))
    async with office.step() as conn:
        await observe(office.desk, conn, office.tenant, said)
    await office.propose("set-1")
    await office.approve("set-1")

    async with office.step() as conn:
        with pytest.raises(Refusal, match="may have paid it already"):
            await start(office.desk, conn, office.tenant, "set-1", "user:ann")


async def test_one_that_nobody_understands_stops_no_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, usual = [await office.started(name, SMALL_MINOR) for name in ("set-1", "set-2")]
    right, first = office.provider.contact, [True]

    async def fails(new: NewContact) -> Contact:
        if first:
            first.clear()
            raise ZeroDivisionError("no such contact")
        return await right(new)

    monkeypatch.setattr(office.provider, "contact", fails)
    await payouts_round(office.desk)

    assert (await office.payout(strange)).status is Status.CREATED
    assert (await office.payout(usual)).status is Status.PROCESSING
