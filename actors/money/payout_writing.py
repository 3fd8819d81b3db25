"""One step of a payout: decided, and written with its postings and news."""

from __future__ import annotations

import dataclasses
from typing import Any

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from freight.events import TruckEvent, aggregate_event_id
from freight.ledger.entries import Entry
from freight.payouts import messages as m
from freight.payouts import postings
from freight.payouts.decide import decide
from freight.payouts.evolve import evolve
from freight.payouts.outlook import look_ms
from freight.payouts.state import Payout
from store import events, ledger, payouts
from store.postgres import AnyConnection


@dataclasses.dataclass(frozen=True, slots=True)
class TakenPayout:
    """Without events the command had been taken before."""

    before: Payout | None
    after: Payout
    events: tuple[m.Event, ...]


async def take_payout(
    desk: Desk, conn: AnyConnection, tenant: TenantName, payout_id: str, command: m.Command
) -> TakenPayout:
    """In the caller's transaction; Refusal: nothing has changed."""
    before = await payouts.find(conn, payout_id, to_change=True)
    rules, at_ms = desk.policy_of(tenant).payouts, desk.now_ms()
    made = decide(before, command, rules, at_ms)
    if not made:
        if before is None:
            raise AssertionError("nothing follows only for what is there")
        return TakenPayout(before, before, ())
    state, entries = before, list[Entry]()
    for event in made:
        after = evolve(state, event)
        entry = postings.moved(state, after, at_ms)
        entries += [] if entry is None else [entry]
        state = after
    await payouts.append(conn, tenant.key, before, after, made, look_ms(after, rules, at_ms))
    await ledger.post(conn, tenant.key, entries)
    await events.insert(conn, _news(tenant, before, after, at_ms))
    return TakenPayout(before, after, tuple(made))


def _news(tenant: TenantName, before: Payout | None, after: Payout, at_ms: int) -> list[TruckEvent]:
    """How it stands, when that is otherwise than before; and what a person must look at."""
    kinds: list[str] = []
    if before is None or before.status is not after.status:
        kinds.append(f"payout.{after.status}")
    if after.is_held and (before is None or not before.is_held):
        kinds.append("payout.held")
    if after.contradiction is not None and (before is None or before.contradiction is None):
        kinds.append("payout.contradicted")
    subject = f"payouts/{after.id}"
    return [
        TruckEvent(
            id=aggregate_event_id(tenant.key, subject, after.version, nr),
            type=kind,
            tenant_key=tenant.key,
            truck_key=None,
            tenant=tenant.id,
            subject=subject,
            time_ms=at_ms,
            known_at_ms=at_ms,
            data=_told(after),
        )
        for nr, kind in enumerate(kinds)
    ]


def _told(payout: Payout) -> dict[str, Any]:
    attempt = payout.attempt
    told: dict[str, Any] = {
        "carrier": payout.carrier,
        "settlement": payout.settlement,
        "purpose": payout.purpose,
        "status": payout.status,
        "amount_minor": payout.amount_minor,
    }
    about = {"utr": None if attempt is None else attempt.utr, "reason": payout.reason}
    return told | {name: value for name, value in about.items() if value is not None}
