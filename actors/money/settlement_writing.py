"""One step of a carrier's settlement: decided, and written with its postings, tax and news."""

from __future__ import annotations

import dataclasses
from typing import Any

from actors.booking_writing import TenantName
from actors.money import carrier_fees
from actors.money.desk import Desk
from freight.events import TruckEvent, aggregate_event_id
from freight.ledger.entries import Entry
from freight.settlements import events as e
from freight.settlements import postings
from freight.settlements.commands import Command
from freight.settlements.decide import decide
from freight.settlements.evolve import evolve
from freight.settlements.outlook import due_ms
from freight.settlements.state import AdvanceMethod, Settlement
from store import events, ledger, settlements
from store.postgres import AnyConnection

_KINDS: dict[type, str] = {
    e.Opened: "settlement.opened",
    e.Proposed: "settlement.proposed",
    e.Approved: "settlement.approved",
    e.Reopened: "settlement.reopened",
    e.PayingStarted: "settlement.paying",
    e.PayingFailed: "settlement.payment_failed",
    e.Paid: "settlement.paid",
    e.PaymentReversed: "settlement.reversed",
    e.Disputed: "settlement.disputed",
    e.Resolved: "settlement.resolved",
    e.TakenInto: "settlement.taken",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """Without events the command had been taken before."""

    before: Settlement | None
    after: Settlement
    events: tuple[e.Event, ...]


async def take(
    desk: Desk, conn: AnyConnection, tenant: TenantName, settlement_id: str, command: Command
) -> Taken:
    """In the caller's transaction; Refusal: nothing has changed."""
    before = await settlements.find(conn, settlement_id, to_change=True)
    policy, at_ms = desk.policy_of(tenant), desk.now_ms()
    made = decide(before, command, policy.settlements, at_ms)
    if not made:
        if before is None:
            raise AssertionError("nothing follows only for what is there")
        return Taken(before, before, ())
    state, entries = before, list[Entry]()
    for event in made:
        after = evolve(state, event)
        entries += _entries(state, event, after)
        if isinstance(event, e.Approved):
            await carrier_fees.bill(desk, conn, tenant, after)
        elif isinstance(event, e.Reopened) and state is not None:
            await carrier_fees.take_back(desk, conn, tenant, state, event.reason)
        state = after
    due = due_ms(after, policy.settlements, pays_itself=policy.payouts.pays_itself)
    await settlements.append(conn, tenant.key, before, after, made, due)
    await ledger.post(conn, tenant.key, entries)
    await events.insert(conn, _news(tenant, before, made, after))
    return Taken(before, after, tuple(made))


def _entries(before: Settlement | None, event: e.Event, after: Settlement) -> list[Entry]:
    made: Entry | None = None
    match event:
        case e.Approved(at_ms):
            made = postings.approved(after, at_ms)
        case e.Reopened(at_ms=at_ms) if before is not None:
            made = postings.reopened(before, at_ms, after.version)
        case e.AdvanceStarted(id=name, at_ms=at_ms):
            advance = after.advance(name)
            if advance is not None and advance.method is not AdvanceMethod.PAYOUT:
                made = postings.given_by_hand(after, advance, at_ms)
    return [] if made is None else [made]


def _news(
    tenant: TenantName, before: Settlement | None, made: list[e.Event], after: Settlement
) -> list[TruckEvent]:
    subject = f"settlements/{after.id}"
    first = 1 if before is None else before.version + 1
    return [
        TruckEvent(
            id=aggregate_event_id(tenant.key, subject, first + index, 0),
            type=_KINDS[type(event)],
            tenant_key=tenant.key,
            truck_key=None,
            tenant=tenant.id,
            subject=subject,
            time_ms=event.at_ms,
            known_at_ms=event.at_ms,
            data=_told(after, event),
        )
        for index, event in enumerate(made)
        if type(event) in _KINDS
    ]


def _told(after: Settlement, event: e.Event) -> dict[str, Any]:
    told: dict[str, Any] = {
        "carrier": after.carrier,
        "kind": after.kind,
        "status": after.status,
        "balance_minor": after.balance_minor,
    }
    about = {"booking": after.booking, "leg": after.leg, "cycle": after.cycle, "utr": after.utr}
    told |= {name: value for name, value in about.items() if value is not None}
    reason = getattr(event, "reason", None)
    return told if reason is None else told | {"reason": reason}
