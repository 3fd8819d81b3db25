"""What time alone makes of alerts: raised, escalated, woken, resolved; and forgotten."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping, Sequence
from itertools import groupby

from actors.alerts.writing import NAME, Scene, tick
from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from freight.alerts.reading import FACTS
from store import alert_counts, alerts, following
from store.alerts import Due
from store.postgres import STORE_FAILURES

log = logging.getLogger(__name__)
MS = 1000


async def timers_round(desk: WorkDesk, counts: MutableMapping[str, float]) -> int:
    limits = desk.settings.now.watch
    async with desk.system.acquire() as conn:
        most = limits.following.settle_facts_max
        waiting = await alerts.news_waiting(conn, NAME, FACTS, most)
        due = await alerts.due(conn, desk.now_ms(), waiting, limits.timers_max)
        taken_seq = await following.taken_up_to(conn, NAME) if due else None
    due.sort(key=_by_tenant)
    for (key, tenant), of_one in groupby(due, key=_by_tenant):
        ids = [one.alert for one in of_one]
        await _tick(desk, TenantName(key, tenant), ids, counts, taken_seq)
    return len(due)


def _by_tenant(due: Due) -> tuple[int, str]:
    return due.tenant_key, due.tenant


async def _tick(
    desk: WorkDesk,
    tenant: TenantName,
    ids: Sequence[str],
    counts: MutableMapping[str, float],
    taken_seq: int | None = None,
) -> None:
    """Together; when that cannot be, one by one, and what cannot be waits and holds up no other."""
    try:
        await _together(desk, tenant, ids, taken_seq)
    except STORE_FAILURES:
        raise
    except Exception:
        log.exception("alerts of %s are looked at one by one", tenant.id)
        for alert_id in ids:
            await _alone(desk, tenant, alert_id, counts, taken_seq)


async def _together(
    desk: WorkDesk, tenant: TenantName, ids: Sequence[str], taken_seq: int | None
) -> None:
    async with desk.writing(tenant) as conn:
        scene = Scene(conn, tenant, desk.policy_of(tenant), desk.now_ms(), taken_seq)
        await tick(scene, ids)


async def _alone(
    desk: WorkDesk,
    tenant: TenantName,
    alert_id: str,
    counts: MutableMapping[str, float],
    taken_seq: int | None,
) -> None:
    try:
        await _together(desk, tenant, [alert_id], taken_seq)
    except STORE_FAILURES:
        raise
    except Exception:
        log.exception("alert %s of %s cannot be looked at", alert_id, tenant.id)
        counts["timers_failed_total"] += 1
        wait_ms = round(desk.policy_of(tenant).watch.look_again_s * MS)
        async with desk.writing(tenant) as conn:
            await alerts.wait_until(conn, alert_id, desk.now_ms() + wait_ms)


async def forgetting_round(desk: WorkDesk) -> int:
    """Nothing of which anybody was told."""
    limits = desk.settings.now.watch
    before_ms = desk.now_ms() - round(limits.lapsed_s * MS)
    async with desk.system.acquire() as conn:
        return await alert_counts.forget_lapsed(conn, before_ms, limits.lapsed_max)


class RulesRound:
    """When a tenant's rules are others than before, its open alerts are held against them."""

    def __init__(self, desk: WorkDesk, counts: MutableMapping[str, float]) -> None:
        self._desk = desk
        self._counts = counts
        self._known: dict[str, object] = {}

    async def look(self) -> int:
        async with self._desk.system.acquire() as conn:
            tenants = await alert_counts.with_open(conn)
        for key, name in tenants:
            rules = self._desk.settings.of(name).alerts
            known = self._known.get(name)
            if known is not None and rules is not known and rules != known:
                await self._hold_against(TenantName(key, name))
            self._known[name] = rules
        return 0

    async def _hold_against(self, tenant: TenantName) -> None:
        """In goes, so that nobody who has news waits long."""
        after, limit = 0, self._desk.settings.now.watch.timers_max
        while True:
            async with self._desk.writing(tenant) as conn:
                found = await alert_counts.open_numbers(conn, after, limit)
            await _tick(self._desk, tenant, [name for _, name in found], self._counts)
            if len(found) < limit:
                return
            after = found[-1][0]
