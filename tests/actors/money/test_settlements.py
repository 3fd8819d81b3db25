"""Settlements in a real store: opened from bookings, taxed by the year, gathered by periods."""

from __future__ import annotations

import asyncio

import pytest

from actors.money.settlements import carry_over, open_for_leg, propose, take_into_cycle
from actors.money.settlements_round import settlements_round
from freight.booking.state import Booking
from freight.invoices.documents import Document, DocumentKind
from freight.ledger.accounts import Role
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements.cycles import period_of
from freight.settlements.rules import Cycle
from freight.settlements.state import Head, Line, Settlement, Source, Status
from freight.tax.calendar import india_day
from store import invoices, parties, settlements
from store.parties import Party
from store.personal import PersonalData
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.money.settled import CARRIER, FREIGHT_MINOR, START_MS, Office
from tests.freight.settlements.legs import Story, carried, waiting
from tests.launch.waiting import until

pytestmark = pytest.mark.postgres
DAY_MS = 86_400_000
TWO_PERCENT = [{"valid_from": "2017-07-01", "value": 200}]
SHORT = Line(
    id="shortage/L1",
    head=Head.SHORTAGE,
    amount_minor=-180_000,
    source=Source.BOOKING,
    booking="B1",
    leg="L1",
    evidence=("bookings/B1/proofs/1",),
)


@pytest.fixture
async def office(app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant) -> Office:
    made = Office((app, system), personal, tenant)
    await made.add_carrier()
    return made


async def opened(office: Office, booking: Booking, *more: Line) -> list[str]:
    async with office.step() as conn:
        return await open_for_leg(office.desk, conn, office.tenant, booking, "L1", more)


async def of_leg(office: Office) -> list[Settlement]:
    async with office.step() as conn:
        return await settlements.of_leg(conn, "B1", "L1")


def by_hand(minor: int) -> c.AddLine:
    return c.AddLine(
        id="hand-1", head=Head.FREIGHT, amount_minor=minor, by="user:ann", reason="by phone"
    )


async def test_a_leg_is_opened_followed_and_added_to(office: Office) -> None:
    booking = Story((carried(offer=None),)).booking
    (name,) = await opened(office, booking)
    assert await opened(office, booking) == []
    with pytest.raises(Refusal, match="freight_unknown"):
        await office.propose(name)
    await office.change(name, by_hand(1_000_000))
    waited = Story((carried(offer=None),), (waiting("S1", 40_000),)).booking
    assert await opened(office, waited) == [name]
    await office.propose(name)
    state = await office.approve(name)
    assert (state.status, state.balance_minor) == (Status.APPROVED, 1_040_000)

    # It was short, as is found out too late: a settlement of its own, below zero.
    (second,) = await opened(office, waited, SHORT)
    assert await opened(office, waited, SHORT) == []
    first_again, supplement = await of_leg(office)
    assert first_again == state
    assert (supplement.id, supplement.supplement) == (second, 1)
    assert supplement.balance_minor == -180_000
    await office.propose(second)
    with pytest.raises(Refusal, match="owes us"):
        await office.approve(second)

    # Taken off the carrier's next one, the books stay right.
    await office.opened("set-next", 500_000)
    async with office.step() as conn:
        await carry_over(office.desk, conn, office.tenant, second, "set-next", "user:ann")
    for each in (second, "set-next"):
        await office.propose(each)
        await office.approve(each)
    assert (await office.settlement(second)).status is Status.PAID
    assert (await office.settlement("set-next")).balance_minor == 320_000
    assert await office.stands_at(Role.CARRIER_PAYABLES) == -(1_040_000 + 320_000)
    assert await office.stands_at(Role.RECOVERIES) == -180_000


async def test_tax_of_the_year_is_deducted_from_all_of_it_once_it_is_due(office: Office) -> None:
    """Four of 25,000.00 reach 1,00,000.00; the fifth passes it, and bears 2 % of all five."""
    balances = [(await office.approved(f"set-{nr}")).balance_minor for nr in range(1, 7)]
    assert balances == [*[FREIGHT_MINOR] * 4, FREIGHT_MINOR - 250_000, FREIGHT_MINOR - 50_000]
    assert await office.stands_at(Role.TDS_PAYABLE) == -300_000
    async with office.step() as conn:
        year = await settlements.year_of(conn, CARRIER, 2026)
    assert (year.paid_minor, year.taxed_minor, year.deducted_minor) == (
        15_000_000,
        15_000_000,
        300_000,
    )


async def test_an_approval_taken_back_was_no_credit(office: Office) -> None:
    await office.approved("set-1", 4_000_000)  # alone above the limit for one
    assert await office.stands_at(Role.TDS_PAYABLE) == -80_000
    await office.change("set-1", c.Reopen("user:cai", "wrong rate"))
    assert await office.books() == {}
    async with office.step() as conn:
        year = await settlements.year_of(conn, CARRIER, 2026)
    assert (year.paid_minor, year.deducted_minor) == (0, 0)
    await office.change(
        "set-1",
        c.AddLine(
            id="hand-2", head=Head.ADJUSTMENT, amount_minor=-1_000_000, by="user:ann", reason="rate"
        ),
    )
    await office.propose("set-1")
    assert (await office.approve("set-1")).balance_minor == 3_000_000
    assert await office.stands_at(Role.TDS_PAYABLE) == 0


async def test_the_platforms_fee_has_a_paper_to_the_paisa_and_a_note_when_it_is_taken_back(
    office: Office,
) -> None:
    """2 % of 24,999.87 is 500.00 and, between states, 90.00 of tax; rounded to no rupee."""
    office.set(
        platform_fee_bp=type(office.settings.base.settlements.platform_fee_bp).model_validate(
            TWO_PERCENT
        )
    )
    async with office.step() as conn:
        own = Party(party="platform", name="We", state="27", gstin="27AAPFU0939F1ZV")
        await parties.put_registration(conn, office.tenant.key, own, None)
    approved = await office.approved("set-1", 2_499_987)
    assert (approved.sum_of(frozenset({Head.PLATFORM_FEE})), approved.balance_minor) == (
        -50_000,
        2_440_987,
    )
    before = await office.books()

    (paper,) = await papers(office)
    assert (paper.kind, paper.buyer.party) == (DocumentKind.TAX_INVOICE, f"carriers/{CARRIER}")
    assert (paper.taxable_minor, paper.tax_minor, paper.total_minor) == (50_000, 9_000, 59_000)
    assert paper.reason == "set-1"

    await office.change("set-1", c.Reopen("user:cai", "wrong rate"))
    assert await office.books() == {}
    note, _ = await papers(office)
    assert (note.kind, note.total_minor) == (DocumentKind.CREDIT_NOTE, 59_000)
    await office.propose("set-1")
    await office.approve("set-1")
    assert [one.kind for one in await papers(office)] == [
        *(DocumentKind.CREDIT_NOTE, DocumentKind.TAX_INVOICE, DocumentKind.TAX_INVOICE),
    ]
    assert await office.books() == before


async def papers(office: Office) -> list[Document]:
    day = india_day(START_MS)
    async with office.step() as conn:
        return sorted(
            await invoices.of_days(conn, day, day, "27", 10), key=lambda one: one.issued_ms
        )


async def test_two_approved_at_once_do_not_share_what_is_free_of_tax(office: Office) -> None:
    for nr in range(1, 4):
        await office.approved(f"set-{nr}")
    for name in ("set-a", "set-b"):
        await office.opened(name)
        await office.propose(name)
    told = await asyncio.gather(
        office.approve("set-a"), office.approve("set-b"), return_exceptions=True
    )
    (refused,) = [one for one in told if isinstance(one, Refusal)]
    assert refused.code == "tax_changed"
    waiting_still = "set-a" if isinstance(told[0], Refusal) else "set-b"
    proposed = await office.propose(waiting_still)
    assert proposed.balance_minor == FREIGHT_MINOR - 250_000


async def test_a_period_gathers_its_legs_by_itself(office: Office) -> None:
    office.set(cycle_of_carrier={CARRIER: Cycle.WEEKLY})
    await office.opened("set-1", 1_000_000)
    await office.opened("set-2", 500_000)
    await settlements_round(office.desk)
    assert (await office.settlement("set-1")).status is Status.OPEN
    period = period_of(Cycle.WEEKLY, START_MS - 1, "Asia/Kolkata")
    office.clock_ms = period.to_ms + 1
    await settlements_round(office.desk)
    taken = await office.settlement("set-1")
    assert taken.status is Status.TAKEN
    cycle = await office.settlement(taken.taken_into or "")
    assert (cycle.cycle, cycle.balance_minor) == (period.name, 1_500_000)
    assert sorted(cycle.members) == ["set-1", "set-2"]
    await settlements_round(office.desk)
    assert (await office.settlement(cycle.id)).status is Status.PROPOSED
    await office.approve(cycle.id)
    await settlements_round(office.desk)
    paying = await office.settlement(cycle.id)
    assert paying.status is Status.PAYING
    assert (await office.payout(paying.payouts[0])).amount_minor == 1_500_000


async def test_what_comes_after_a_period_was_approved_has_another_settlement(
    office: Office,
) -> None:
    office.set(cycle_of_carrier={CARRIER: Cycle.WEEKLY})
    period = period_of(Cycle.WEEKLY, START_MS - 1, "Asia/Kolkata")
    office.clock_ms = period.to_ms
    gathered = []
    for name in ("set-1", "set-2"):
        await office.opened(name, 100_000)
        async with office.step() as conn:
            desk, tenant = office.desk, office.tenant
            made = await take_into_cycle(desk, conn, tenant, CARRIER, period)
        gathered.append(made)
        await office.propose(made or "")
        await office.approve(made or "")
    assert len(set(gathered)) == 2
    async with office.step() as conn:
        known = await settlements.of_cycle(conn, CARRIER, period.name)
    assert [one.supplement for one in known] == [0, 1]


async def test_news_are_told_once_each(office: Office) -> None:
    await office.approved()
    assert await office.news("settlements/set-1") == [
        "settlement.opened",
        "settlement.proposed",
        "settlement.approved",
    ]


async def test_who_gathers_a_period_and_who_proposes_do_not_wait_for_each_other(
    office: Office,
) -> None:
    office.set(cycle_of_carrier={CARRIER: Cycle.WEEKLY})
    period = period_of(Cycle.WEEKLY, START_MS - 1, "Asia/Kolkata")
    office.clock_ms = period.to_ms
    await office.opened()

    async def gathers() -> str | None:
        async with office.step() as conn:
            return await take_into_cycle(office.desk, conn, office.tenant, CARRIER, period)

    async with office.step() as conn:
        await settlements.find(conn, "set-1", to_change=True)
        gathering = asyncio.create_task(gathers())

        async def it_waits_for_us() -> bool:
            waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            return gathering.done() or bool(await conn.fetchval(waits))

        await until(it_waits_for_us)
        await propose(office.desk, conn, office.tenant, "set-1", "user:ann")

    assert await gathering is None
    assert (await office.settlement()).status is Status.PROPOSED


async def test_one_that_cannot_be_reckoned_is_put_off_and_stops_no_round(office: Office) -> None:
    """A tenant's own dates may leave a gap, in which no rule of the tax holds."""
    tax = office.settings.base.tax
    gap = tax.tds.model_dump() | {"pays_as": [{"valid_from": "2099-04-01", "value": "contract"}]}
    await office.opened()
    office.set_base(tax=tax.model_copy(update={"tds": type(tax.tds).model_validate(gap)}))
    office.clock_ms += DAY_MS * 30

    await settlements_round(office.desk)
    assert (await office.settlement()).status is Status.OPEN

    office.set_base(tax=tax)
    await settlements_round(office.desk)
    assert (await office.settlement()).status is Status.OPEN, "not before its time"
    office.clock_ms += DAY_MS
    await settlements_round(office.desk)
    assert (await office.settlement()).status is Status.PROPOSED
