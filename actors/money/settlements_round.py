"""The round of settlements: proposes what is ready, gathers periods that are over, pays."""

from __future__ import annotations

import logging

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.payouts import start
from actors.money.settlements import propose, take_into_cycle
from freight.refusal import Refusal
from freight.settlements.cycles import period_of
from freight.settlements.rules import Cycle
from freight.settlements.state import Kind, Settlement, Status
from store import settlements
from store.errors import NotFoundError
from store.postgres import STORE_FAILURES, AnyConnection
from store.settlements import Waiting

log = logging.getLogger(__name__)
MS = 1000


async def settlements_round(desk: Desk) -> int:
    """Each by itself: one that cannot go on waits until somebody changes it."""
    async with desk.system.acquire() as conn:
        limit = desk.settings.now.payouts.at_once
        waiting = await settlements.due(conn, desk.now_ms(), limit)
    return sum([await _look(desk, one) for one in waiting])


async def _look(desk: Desk, one: Waiting) -> bool:
    tenant = TenantName(one.tenant_key, one.tenant)
    try:
        async with desk.writing(tenant) as conn:
            before = await settlements.get(conn, one.settlement)
            await _go_on(desk, conn, tenant, before)
            after = await settlements.get(conn, one.settlement)
            if after.version == before.version:
                await settlements.put_off(conn, one.settlement, before.version, None)
        return after.version != before.version
    except (Refusal, NotFoundError) as refused:
        log.warning("settlement %s of %s waits: %s", one.settlement, one.tenant, refused)
        again_ms = None
    except STORE_FAILURES:
        raise
    except Exception:  # one that we do not understand must not stop the others
        log.exception("settlement %s of %s", one.settlement, one.tenant)
        again_ms = desk.now_ms() + round(desk.settings.now.bookkeeper.put_off_s_max * MS)
    async with desk.writing(tenant) as conn:
        await settlements.put_off(conn, one.settlement, one.version, again_ms)
    return False


async def _go_on(desk: Desk, conn: AnyConnection, tenant: TenantName, state: Settlement) -> None:
    rules = desk.policy_of(tenant).settlements
    cycle = rules.cycle_of(state.carrier)
    if state.status is Status.APPROVED:
        await start(desk, conn, tenant, state.id)
    elif state.status is Status.OPEN and state.kind is Kind.LEG and cycle is not Cycle.LEG:
        if state.ready_ms is not None:
            period = period_of(cycle, state.ready_ms, rules.time_zone)
            await take_into_cycle(desk, conn, tenant, state.carrier, period)
    elif state.status is Status.OPEN:
        await propose(desk, conn, tenant, state.id, None)
