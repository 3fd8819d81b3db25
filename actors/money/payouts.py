"""Payouts at work: started for what was approved, told how they stand, tried anew, cancelled."""

from __future__ import annotations

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.payout_writing import TakenPayout, take_payout
from actors.money.settlement_writing import take
from actors.money.settlements import PAYOUT_IDS, id_from
from freight.payouts import messages as m
from freight.payouts.state import CAME_TO_NOTHING, Payout, Purpose, Status
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements.commands import Outcome
from freight.settlements.state import Status as SettlementStatus
from providers import payouts as provider
from store import payouts, settlements
from store.errors import NotFoundError
from store.postgres import AnyConnection

_STATUS = {
    provider.PayoutStatus.PENDING: Status.QUEUED,
    provider.PayoutStatus.QUEUED: Status.QUEUED,
    provider.PayoutStatus.SCHEDULED: Status.QUEUED,
    provider.PayoutStatus.PROCESSING: Status.PROCESSING,
    provider.PayoutStatus.PROCESSED: Status.PROCESSED,
    provider.PayoutStatus.REVERSED: Status.REVERSED,
    provider.PayoutStatus.FAILED: Status.FAILED,
    provider.PayoutStatus.CANCELLED: Status.CANCELLED,
    provider.PayoutStatus.REJECTED: Status.REJECTED,
}


async def start(
    desk: Desk,
    conn: AnyConnection,
    tenant: TenantName,
    settlement_id: str,
    by: str | None = None,
) -> Payout | None:
    """Of an approved settlement: written down now, and sent by the round. Asked again, the same
    one; None: it is paid, or under way, and there is nothing to start."""
    state = await settlements.find(conn, settlement_id, to_change=True)
    if state is None:
        raise NotFoundError(settlements.SETTLEMENT, settlement_id)
    for earlier in state.payouts:
        if (await payouts.get(conn, earlier)).contradiction is not None:
            raise Refusal("contradicted", f"{earlier} may have paid it already: look at the bank")
    payout_id = id_from(PAYOUT_IDS, tenant.id, settlement_id, len(state.payouts) + 1)
    command = c.StartPaying(payout_id, state.balance_minor)
    taken = await take(desk, conn, tenant, settlement_id, command)
    if not taken.events:
        return None
    create = m.Create(
        id=payout_id,
        purpose=Purpose.SETTLEMENT,
        settlement=settlement_id,
        carrier=state.carrier,
        amount_minor=state.balance_minor,
        booking=state.booking,
        by=by,
    )
    return (await take_payout(desk, conn, tenant, payout_id, create)).after


async def observe(
    desk: Desk, conn: AnyConnection, tenant: TenantName, seen: provider.Payout
) -> TakenPayout | None:
    """What the provider says of a payout, asked or not, once or again, in any order. None: it is
    none of ours."""
    payout_id = await payouts.id_of(conn, seen.id, seen.reference)
    if payout_id is None:
        return None
    command = m.Observe(
        provider_id=seen.id,
        status=_STATUS[seen.status],
        is_replaced=await _is_replaced(conn, payout_id),
        reference=seen.reference,
        amount_minor=seen.amount_minor,
        utr=seen.utr,
        fees_minor=seen.fees_minor,
        tax_minor=seen.tax_minor,
        reason=None if seen.failure is None else seen.failure.detail or seen.failure.reason,
    )
    return await take_and_tell(desk, conn, tenant, payout_id, command)


async def _is_replaced(conn: AnyConnection, payout_id: str) -> bool:
    """Whether its settlement goes another way since it came to nothing."""
    payout = await payouts.find(conn, payout_id, to_change=True)
    if payout is None or payout.purpose is Purpose.ADVANCE:
        return False
    if payout.status not in CAME_TO_NOTHING:
        return False
    state = await settlements.find(conn, payout.settlement, to_change=True)
    if state is None:
        return False
    standing = state.disputed_from if state.status is SettlementStatus.DISPUTED else state.status
    return state.payouts[-1:] != (payout.id,) or standing is not SettlementStatus.APPROVED


async def take_and_tell(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout_id: str, command: m.Command
) -> TakenPayout:
    """With what follows for its settlement, in the same transaction."""
    taken = await take_payout(desk, conn, tenant, payout_id, command)
    before, after = taken.before, taken.after
    if any(isinstance(event, m.Contradicted) for event in taken.events):
        await _stop_another(desk, conn, tenant, after)
    if before is None or before.status is after.status:
        return taken
    outcome = _outcome(after.status)
    if outcome is not None:
        await _tell(desk, conn, tenant, after, outcome)
    return taken


async def _stop_another(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout: Payout
) -> None:
    """What took its place and has not been sent yet waits for a person."""
    for name in (await settlements.get(conn, payout.settlement)).payouts:
        another = await payouts.get(conn, name)
        if another.id != payout.id and another.status is Status.CREATED:
            says = f"{payout.id} may have paid it already"
            await take_payout(desk, conn, tenant, another.id, m.Hold(says))


def _outcome(status: Status) -> Outcome | None:
    if status is Status.PROCESSED:
        return Outcome.PAID
    if status is Status.REVERSED:
        return Outcome.RETURNED
    return Outcome.FAILED if status in CAME_TO_NOTHING else None


async def _tell(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout: Payout, outcome: Outcome
) -> None:
    attempt = payout.attempt
    command: c.Command = c.EndPaying(
        payout=payout.id,
        outcome=outcome,
        utr=None if attempt is None else attempt.utr,
        reason=payout.reason,
    )
    if payout.purpose is Purpose.ADVANCE:
        command = c.EndAdvance(payout.id, outcome)
    await take(desk, conn, tenant, payout.settlement, command)


async def retry(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout_id: str, by: str
) -> Payout:
    """Anew, once it is certain that the attempt before came to nothing; a held one goes on."""
    taken = await take_payout(desk, conn, tenant, payout_id, m.Retry(by=by))
    before, after = taken.before, taken.after
    if taken.events and before is not None and before.status is not Status.CREATED:
        command: c.Command = c.StartPaying(after.id, after.amount_minor)
        if after.purpose is Purpose.ADVANCE:
            command = c.RestartAdvance(after.id)
        again = await take(desk, conn, tenant, after.settlement, command)
        if not again.events:
            raise Refusal("paid_otherwise", "its settlement does not wait for it")
    return after


async def cancel_unsent(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout_id: str, command: m.Cancel
) -> Payout:
    """Before the provider was asked; of one that is queued there, the provider is asked."""
    return (await take_and_tell(desk, conn, tenant, payout_id, command)).after
