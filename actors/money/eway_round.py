"""Looks after e-way bills: asks the portal for what is pending, holds bills against arrivals."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.eway import (
    MS,
    record,
    refresh,
    settle,
)
from actors.money.eway_counter import Counter, counter_of
from actors.money.eway_facts import situation
from actors.money.tasks import AUTOPILOT, begin, escalate, settle_task
from freight.eway import decide
from freight.eway import events as told
from freight.eway.autopilot import (
    Ask,
    Close,
    Escalate,
    Expire,
    Open,
    Settle,
    Situation,
    Step,
    Tell,
    steps,
)
from freight.eway.events import EwayEvent
from freight.eway.state import ON_THE_PORTAL
from freight.refusal import Refusal
from providers.errors import ProviderAwayError, ProviderRefusedError
from store import eway
from store.errors import StoreError
from store.eway import DueBill

log = logging.getLogger(__name__)
# What may be otherwise at the next look; a row or a rule that is missing keeps one bill waiting.
_PUT_OFF = (ProviderAwayError, ProviderRefusedError, Refusal, StoreError, ValueError, LookupError)
Work = Callable[[Desk, TenantName, str], Awaitable[None]]


async def eway_round(desk: Desk) -> int:
    """So many at a time; how many were looked at."""
    at_once = desk.settings.now.eway_portal.bills_at_once
    async with desk.system.acquire() as conn:
        due = await eway.due(conn, desk.now_ms(), at_once)
    for one in due:
        await _look(desk, one)
    return len(due)


async def _look(desk: Desk, due: DueBill) -> None:
    """A portal that is away keeps nobody from being told that a bill ends."""
    tenant, bill_id = TenantName(due.tenant_key, due.tenant), due.bill
    trouble = await _tried(_portal, desk, tenant, bill_id)
    watched = await _tried(_watch, desk, tenant, bill_id)
    if trouble is None:
        # What the watch has just asked for.
        trouble = await _tried(_portal, desk, tenant, bill_id)
    limits = desk.policy_of(tenant).eway_portal
    async with desk.writing(tenant) as conn:
        bill = await eway.load(conn, bill_id, is_to_change=True)
        look_ms: int | None = desk.now_ms() + round(limits.look_s * MS)
        if bill.pending is not None:
            look_ms = desk.now_ms() + round(limits.ask_again_s * MS)
        elif bill.status not in ON_THE_PORTAL:
            look_ms = None
        said = "; ".join(each for each in (trouble, watched) if each is not None)
        await eway.look_again(conn, bill_id, look_ms, said or None)


async def _tried(work: Work, desk: Desk, tenant: TenantName, bill_id: str) -> str | None:
    """What kept it from being done."""
    try:
        await work(desk, tenant, bill_id)
    except _PUT_OFF as failed:
        log.warning("e-way bill %s of %s waits: %s", bill_id, tenant.id, failed)
        return f"{type(failed).__name__}: {failed}"
    return None


async def _portal(desk: Desk, tenant: TenantName, bill_id: str) -> None:
    async with desk.writing(tenant) as conn:
        bill = await eway.load(conn, bill_id)
        is_stale = await eway.is_stale(conn, bill_id)
    if bill.pending is not None:
        await settle(desk, tenant, bill_id)
    elif is_stale:
        await refresh(desk, tenant, bill)


async def _watch(desk: Desk, tenant: TenantName, bill_id: str) -> None:
    """Decides and writes in one transaction what follows from how the truck drives."""
    if not desk.policy_of(tenant).eway.autopilot.watches:
        return
    async with desk.writing(tenant) as conn:
        at = counter_of(desk, conn, tenant)
        bill = await eway.load(conn, bill_id, is_to_change=True)
        if bill.status not in ON_THE_PORTAL:
            return
        seen = await situation(at, bill_id)
        found = steps(seen, at.policy.eway, at.at_ms)
        made = [event for step in found for event in _events(at, seen, step)]
        if made:
            await record(at, bill, made)
        for step in found:
            await _with_task(at, seen, step)


def _events(at: Counter, seen: Situation, step: Step) -> list[EwayEvent]:
    until_ms = seen.bill.valid_until_ms or at.at_ms
    match step:
        case Ask(wish, why):
            law = at.policy.eway.law
            return decide.ask(seen.bill, wish, law, at.at_ms, by=AUTOPILOT, why=why)
        case Tell(minutes):
            return [
                told.Expiring(
                    at_ms=at.at_ms,
                    by=AUTOPILOT,
                    valid_until_ms=until_ms,
                    minutes=minutes,
                    arrival_ms=seen.arrival_ms,
                )
            ]
        case Expire():
            return [told.Expired(at_ms=at.at_ms, by=AUTOPILOT, valid_until_ms=until_ms)]
        case Close():
            return [told.Closed(at_ms=at.at_ms, by=AUTOPILOT)]
    return []


async def _with_task(at: Counter, seen: Situation, step: Step) -> None:
    match step:
        case Open(task):
            await begin(at, task)
        case Settle():
            await settle_task(at, step)
        case Escalate(id_):
            await escalate(at, seen.tasks[id_])
