"""Carriers' settlements at work: opened from bookings, changed, proposed, approved, gathered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from actors.booking_writing import TenantName
from actors.money.carrier_fees import supplier_for
from actors.money.desk import Desk
from actors.money.payout_writing import take_payout
from actors.money.settlement_writing import Taken, take
from freight.booking.state import Booking
from freight.dispatch.offer_state import LegOffers
from freight.payouts.messages import Create
from freight.payouts.state import Purpose
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements import events as e
from freight.settlements.commands import Due
from freight.settlements.cycles import Period
from freight.settlements.deciding import CHANGEABLE
from freight.settlements.drafting import Part, parts, remaining
from freight.settlements.reckoning import credited_minor, fee_bp, fee_minor, reckoned
from freight.settlements.state import (
    AdvanceMethod,
    AdvanceStatus,
    Kind,
    Line,
    Settlement,
    Source,
    Status,
)
from freight.tax.calendar import india_day, year_begun
from freight.tax.supply import LineTax, fee_supply, line_tax
from freight.tax.tds import Deduction, Year, deduct
from store import offers, parties, settlements
from store.errors import NotFoundError
from store.parties import Party
from store.postgres import AnyConnection
from store.settlements import Credited

SETTLEMENT_IDS, PAYOUT_IDS = "set", "po"
DIGEST_BYTES = 12


def id_from(kind: str, *about: object) -> str:
    """The same for the same matter, so that whatever is done again is done once."""
    text = "\x1f".join(str(part) for part in about)
    return f"{kind}-{hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()}"


# ------------------------------------------------------------------------------ from bookings


async def open_for_leg(  # noqa: PLR0917 - all of it decides
    desk: Desk,
    conn: AnyConnection,
    tenant: TenantName,
    booking: Booking,
    leg_id: str,
    more: Sequence[Line] = (),
) -> list[str]:
    """Whatever the leg owes its carriers as it stands: opens, changes or adds settlements, and
    does nothing when all is as it should be. `more` are lines that others found out, such as a
    shortage by the proofs; they are `Source.BOOKING` lines with ids of their own."""
    leg = booking.leg(leg_id)
    if leg is None:
        return []
    known = await settlements.of_leg(conn, booking.id, leg_id)
    asked = (await offers.load(conn, booking.id, leg_id)).state
    rules = desk.policy_of(tenant).settlements
    changed: list[str] = []
    for part in parts(booking, leg, _agreed(asked), rules, more):
        chain = [each for each in known if each.part == part.nr]
        command = _for_part(tenant, booking, leg_id, part, chain)
        if command is not None:
            taken = await take(desk, conn, tenant, *command)
            changed += [taken.after.id] if taken.events else []
    return changed


def _agreed(asked: LegOffers) -> Mapping[str, int]:
    """What was agreed on when an offer was accepted; also of one whose truck lost the leg."""
    return {
        each.asked.id: each.price_minor for each in asked.offers if each.price_minor is not None
    }


def _for_part(
    tenant: TenantName, booking: Booking, leg: str, part: Part, chain: Sequence[Settlement]
) -> tuple[str, c.Command] | None:
    last = chain[-1] if chain else None
    if last is not None and _standing(last) in CHANGEABLE:
        return last.id, c.Derive(remaining(part.due, chain[:-1]))
    due = remaining(part.due, chain) if chain else part.due
    is_over = due.ready_ms is not None
    if not due.lines and (chain or (is_over and not due.questions)):
        return None
    supplement = len(chain)
    new_id = id_from(SETTLEMENT_IDS, tenant.id, booking.id, leg, part.nr, supplement)
    return new_id, c.Open(
        id=new_id,
        kind=Kind.LEG,
        carrier=part.carrier,
        booking=booking.id,
        leg=leg,
        part=part.nr,
        supplement=supplement,
        truck=part.truck,
        due=due,
    )


def _standing(state: Settlement) -> Status | None:
    return state.disputed_from if state.status is Status.DISPUTED else state.status


async def change(
    desk: Desk, conn: AnyConnection, tenant: TenantName, settlement_id: str, command: c.Command
) -> Taken:
    """By hand: lines, advances, disputes. What an advance by payout needs follows at once."""
    taken = await take(desk, conn, tenant, settlement_id, command)
    for event in taken.events:
        if isinstance(event, e.AdvanceStarted) and event.status is AdvanceStatus.IN_TRANSIT:
            await _pay_advance(desk, conn, tenant, taken.after, event)
        elif isinstance(event, e.Reopened):
            await settlements.take_deduction_back(conn, tenant.key, taken.after, event.at_ms)
    return taken


async def _pay_advance(
    desk: Desk,
    conn: AnyConnection,
    tenant: TenantName,
    state: Settlement,
    event: e.AdvanceStarted,
) -> None:
    advance = state.advance(event.id)
    if advance is None or advance.method is not AdvanceMethod.PAYOUT:
        return
    create = Create(
        id=advance.id,
        purpose=Purpose.ADVANCE,
        settlement=state.id,
        carrier=state.carrier,
        amount_minor=advance.amount_minor,
        booking=state.booking,
        by=event.by,
    )
    await take_payout(desk, conn, tenant, advance.id, create)


def advance_id(method: AdvanceMethod, *about: object) -> str:
    """An advance by payout has the id of its payout."""
    return id_from(PAYOUT_IDS if method is AdvanceMethod.PAYOUT else "adv", *about)


async def carry_over(  # noqa: PLR0917 - all of it decides
    desk: Desk, conn: AnyConnection, tenant: TenantName, debtor: str, other: str, by: str
) -> Taken:
    """What the carrier owes by one settlement is taken off another one of its own."""
    for settlement_id in sorted((debtor, other)):  # so that two at once wait in one order
        await settlements.find(conn, settlement_id, to_change=True)
    owing, receiving = await settlements.get(conn, debtor), await settlements.get(conn, other)
    if owing.id == receiving.id or owing.carrier != receiving.carrier:
        raise Refusal("not_its_own", "a debt goes to another settlement of the same carrier")
    owed_minor = -owing.balance_minor
    if owed_minor <= 0:
        raise Refusal("owes_nothing", "the carrier owes nothing by it")
    into = c.CarryOver(other=debtor, amount_minor=-owed_minor, by=by)
    await take(desk, conn, tenant, other, into)
    out = c.CarryOver(other=other, amount_minor=owed_minor, by=by)
    return await take(desk, conn, tenant, debtor, out)


# --------------------------------------------------------------------------------- approving


async def propose(
    desk: Desk, conn: AnyConnection, tenant: TenantName, settlement_id: str, by: str | None
) -> Taken:
    """With fees and taxes as they are now; `by` None: nobody asked for it but time."""
    lines, _ = await _reckon(desk, conn, tenant, settlement_id)
    return await take(desk, conn, tenant, settlement_id, c.Propose(by, lines))


async def approve(
    desk: Desk, conn: AnyConnection, tenant: TenantName, settlement_id: str, by: str
) -> Taken:
    """What one has looked at is what is posted: if the tax is another one by now it is refused."""
    lines, credited = await _reckon(desk, conn, tenant, settlement_id)
    taken = await take(desk, conn, tenant, settlement_id, c.Approve(by, lines))
    is_approved = any(isinstance(event, e.Approved) for event in taken.events)
    if is_approved and credited is not None:
        deduction, before, year = credited
        of = Credited(taken.after, year, desk.now_ms(), deduction, before)
        await settlements.put_deduction(conn, tenant.key, of)
    return taken


async def _reckon(
    desk: Desk, conn: AnyConnection, tenant: TenantName, settlement_id: str
) -> tuple[tuple[Line, ...], tuple[Deduction, Year, int] | None]:
    """The lines, and what is put down of the tax with the year before it."""
    state = await settlements.find(conn, settlement_id, to_change=True)
    if state is None:
        raise NotFoundError(settlements.SETTLEMENT, settlement_id)
    await settlements.hold_carrier(conn, tenant.key, state.carrier)
    policy, day = desk.policy_of(tenant), india_day(desk.now_ms())
    party = await parties.get(conn, desk.personal, f"{parties.CARRIERS}/{state.carrier}")
    fee = fee_minor(state, policy.settlements, day)
    fee_tax = await _fee_tax(desk, conn, tenant, party, fee)
    credited, found = credited_minor(state), None
    if credited:
        begun = year_begun(day)
        year = await settlements.year_of(conn, state.carrier, begun)
        found = deduct(policy.tax.tds, party.payee(), year, credited, day), year, begun
    lines = reckoned(fee, fee_bp(policy.settlements, day), fee_tax, found[0] if found else None)
    return lines, found


async def _fee_tax(
    desk: Desk, conn: AnyConnection, tenant: TenantName, carrier: Party, fee: int
) -> LineTax:
    supplier = await supplier_for(conn, carrier) if fee else None
    if supplier is None:
        return LineTax()
    rules, day = desk.policy_of(tenant).pricing.gst, india_day(desk.now_ms())
    part = fee_supply(rules, carrier.recipient(), supplier.gst_state or "", day)
    return line_tax(rules, part, fee)


# ----------------------------------------------------------------------------------- periods


async def take_into_cycle(
    desk: Desk, conn: AnyConnection, tenant: TenantName, carrier: str, period: Period
) -> str | None:
    """Gathers what was ready before the period's end and is settled with nobody else; the id of
    the settlement that has it now, None: there was nothing."""
    limit = desk.policy_of(tenant).settlements.members_max
    await settlements.hold_periods(conn, tenant.key, carrier)
    waiting = await settlements.ready_for_cycle(conn, carrier, period.to_ms, limit)
    gathered: str | None = None
    for each in waiting:
        try:
            gathered = await _gather(desk, conn, tenant, each, period)
        except Refusal:
            continue  # a question is open: it comes with the next period
    return gathered


async def _gather(
    desk: Desk, conn: AnyConnection, tenant: TenantName, member: Settlement, period: Period
) -> str:
    cycle_id = await _cycle_of(desk, conn, tenant, member, period)
    taken = await take(desk, conn, tenant, member.id, c.TakeInto(cycle_id))
    lines = tuple(_adopted(taken.after, line) for line in taken.after.lines)
    await take(desk, conn, tenant, cycle_id, c.Adopt(member.id, lines))
    return cycle_id


def _adopted(member: Settlement, line: Line) -> Line:
    return Line(
        id=f"{member.id}/{line.id}",
        head=line.head,
        amount_minor=line.amount_minor,
        source=Source.CARRIED,
        memo=line.memo,
        booking=line.booking,
        leg=line.leg,
        by=line.by,
        reason=line.reason,
        evidence=line.evidence,
        of=member.id,
    )


async def _cycle_of(
    desk: Desk, conn: AnyConnection, tenant: TenantName, member: Settlement, period: Period
) -> str:
    """The period's settlement that has room; else another one beside it."""
    rules = desk.policy_of(tenant).settlements
    known = await settlements.of_cycle(conn, member.carrier, period.name)
    for each in known:
        has_room = (
            len(each.members) < rules.members_max
            and len(each.lines) + len(member.lines) <= rules.lines_max
        )
        if each.status in CHANGEABLE and has_room:
            return each.id
    new_id = id_from(SETTLEMENT_IDS, tenant.id, member.carrier, period.name, len(known))
    opening = c.Open(
        id=new_id,
        kind=Kind.CYCLE,
        carrier=member.carrier,
        cycle=period.name,
        supplement=len(known),
        due=Due(lines=(), ready_ms=period.to_ms),
    )
    await take(desk, conn, tenant, new_id, opening)
    return new_id
