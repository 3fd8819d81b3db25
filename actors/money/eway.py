"""E-way bills at work: each step decided and written in one transaction with its events and tasks.

What the portal is to do is committed first as an intent; `settle` then asks it, after a crash not
before it has looked whether the portal has done it already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.booking_writing import TenantName
from actors.money.at_portal import outcome_of
from actors.money.desk import Desk
from actors.money.eway_counter import Counter, counter_of
from actors.money.tasks import settle_task
from freight.booking.state import Booking
from freight.events import TruckEvent, aggregate_event_id
from freight.eway import decide
from freight.eway import events as told
from freight.eway.announced import announced
from freight.eway.autopilot import outdated
from freight.eway.decide import Did
from freight.eway.events import EwayEvent
from freight.eway.evolve import replayed
from freight.eway.state import Bill, Status, Wish
from freight.refusal import Refusal
from store import events, eway, tasks
from store.errors import StaleVersionError
from store.postgres import AnyConnection

MS = 1000
Deciding = Callable[[Bill], list[EwayEvent]]


async def draft(at: Counter, drafted: told.Drafted) -> Bill:
    """AlreadyExistsError: its id or its document is taken; NotFoundError: there is no such leg."""
    most = at.policy.eway.open_of_booking_max
    if await eway.open_of_booking(at.conn, drafted.booking) >= most:
        raise Refusal("too_many", f"a booking has at most {most} e-way bills")
    bill = replayed([drafted])
    await eway.create(at.conn, at.tenant.key, bill, [drafted])
    return bill


async def ask(at: Counter, bill_id: str, wish: Wish, by: str, version: int | None = None) -> Bill:
    """Writes down what the portal is to do; the round asks it at once."""
    law = at.policy.eway.law
    return await take(
        at, bill_id, lambda bill: decide.ask(bill, wish, law, at.at_ms, by=by), version
    )


async def discard(at: Counter, bill_id: str, by: str, version: int | None = None) -> Bill:
    return await take(at, bill_id, lambda bill: decide.discard(bill, at.at_ms, by), version)


async def take(at: Counter, bill_id: str, deciding: Deciding, expected: int | None = None) -> Bill:
    """How the bill stands after what was decided: written, if anything follows from it."""
    before = await eway.load(at.conn, bill_id, is_to_change=True)
    if expected not in {None, before.version}:
        raise StaleVersionError(eway.BILL, bill_id, expected or 0, before.version)
    made = deciding(before)
    return await record(at, before, made) if made else before


async def record(at: Counter, before: Bill, made: Sequence[EwayEvent]) -> Bill:
    after = replayed(made, before)
    await eway.write(at.conn, at.tenant.key, after, made, next_look_ms(after, at))
    await events.insert(at.conn, _announced(at, before, after, made))
    if after.valid_until_ms != before.valid_until_ms or after.vehicle != before.vehicle:
        known = await tasks.of_subject(at.conn, subject_of(after))
        for step in outdated(after, known):
            await settle_task(at, step)
    return after


def subject_of(bill: Bill) -> str:
    return f"eway-bills/{bill.id}"


def next_look_ms(bill: Bill, at: Counter) -> int | None:
    """At once where something is to be asked; never where nothing is to come."""
    if bill.pending is not None:
        return at.at_ms
    if bill.status in {Status.PART_A, Status.ACTIVE, Status.EXPIRED}:
        return at.at_ms + round(at.policy.eway_portal.look_s * MS)
    return None


def _announced(
    at: Counter, before: Bill, after: Bill, made: Sequence[EwayEvent]
) -> list[TruckEvent]:
    subject = f"bookings/{after.booking}"
    facts = []
    for nr, event in enumerate(made, start=before.version + 1):
        said = announced(after, event)
        if said is not None:
            facts.append(
                TruckEvent(
                    id=aggregate_event_id(at.tenant.key, subject_of(after), nr, 0),
                    type=said[0],
                    tenant_key=at.tenant.key,
                    truck_key=None,
                    tenant=at.tenant.id,
                    subject=subject,
                    time_ms=event.at_ms,
                    known_at_ms=at.at_ms,
                    data=said[1],
                )
            )
    return facts


async def for_booking(
    conn: AnyConnection,
    desk: Desk,
    tenant: TenantName,  # noqa: ARG001 - as every engine of a booking's money is called
    booking: Booking,
) -> None:
    """A booking that changed may have another truck, or have arrived: look at its bills now."""
    await eway.wake(conn, booking.id, desk.now_ms())


# ------------------------------------------------------------------------ asking the portal


async def settle(desk: Desk, tenant: TenantName, bill_id: str) -> bool:
    """Whether it is known now what became of what was pending.

    ProviderAwayError, ProviderUnsetError: it is not; asked again later, and looked for first.
    """
    again_ms = round(desk.policy_of(tenant).eway_portal.ask_again_s * MS)
    portal = await desk.providers.eway(tenant)
    async with desk.writing(tenant) as conn:
        claim = await eway.claim(conn, bill_id, desk.now_ms(), again_ms)
    if claim is None:
        return False
    outcome = await outcome_of(portal, claim.bill, is_first=claim.is_first)

    def follows(bill: Bill) -> list[EwayEvent]:
        if bill.pending != claim.bill.pending:
            return []  # somebody else has settled it
        if isinstance(outcome, Did):
            return decide.answered(bill, outcome, desk.now_ms())
        return decide.refused(bill, outcome.code, outcome.detail, desk.now_ms())

    async with desk.writing(tenant) as conn:
        await take(counter_of(desk, conn, tenant), bill_id, follows)
    return True


async def refresh(desk: Desk, tenant: TenantName, bill: Bill) -> None:
    """Takes over what others did to it on the portal."""
    if bill.number is None:
        return
    portal = await desk.providers.eway(tenant)
    found = await portal.fetch(bill.number)
    async with desk.writing(tenant) as conn:
        at = counter_of(desk, conn, tenant)
        await take(at, bill.id, lambda now: decide.learned(now, found, at.at_ms))
        await eway.is_fresh(conn, bill.id)
