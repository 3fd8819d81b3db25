"""Rounds that look how things stand, and make alerts of what no fact tells of."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from actors.alerts.conditions import Found
from actors.alerts.surroundings import around_leg
from actors.alerts.writing import Scene, take
from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from freight.alerts.kinds import Kind
from freight.alerts.signals import Condition, surveyed, thread_of
from freight.alerts.sorting import watched
from store import alert_context, alert_counts, alerts
from store.postgres import STORE_FAILURES, AnyConnection

log = logging.getLogger(__name__)

Find = Callable[[WorkDesk, AnyConnection, int], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Survey:
    """One look at all tenants, over a connection that sees them."""

    name: str
    kind: Kind
    find: Find


async def survey_round(survey: Survey, desk: WorkDesk, counts: MutableMapping[str, float]) -> int:
    """Nothing is ever left to do at once: it comes round again."""
    now_ms = desk.now_ms()
    async with desk.system.acquire() as conn:
        found = await survey.find(desk, conn, now_ms)
        concerned = await alert_counts.with_open(conn, [survey.kind.value])
    by_tenant: defaultdict[TenantName, list[Condition]] = defaultdict(list)
    for tenant, condition in found.conditions:
        by_tenant[tenant].append(condition)
    changed = 0
    for tenant in {TenantName(*each) for each in concerned} | by_tenant.keys():
        changed += await _of_tenant(survey, desk, tenant, by_tenant[tenant], cut=found.is_cut)
    counts[f"{survey.name}_found"] = len(found.conditions)
    counts[f"{survey.name}_cut"] = float(found.is_cut)
    counts[f"{survey.name}_changed"] += changed
    return 0


async def _of_tenant(
    survey: Survey,
    desk: WorkDesk,
    tenant: TenantName,
    found: Sequence[Condition],
    *,
    cut: bool,
) -> int:
    try:
        async with desk.writing(tenant) as conn:
            scene = Scene(conn, tenant, desk.policy_of(tenant), desk.now_ms())
            await alerts.take_turn(conn, tenant.key)
            open_ones = await alerts.open_of_kinds(conn, [survey.kind.value])
            known = watched(open_ones, {survey.kind})
            if cut:
                # What was not reached may well be as it was.
                reached = {one.thread for one in found}
                known = [one for one in known if thread_of(one.subject, one.about) in reached]
            placed = await _with_surroundings(scene, found)
            return await take(scene, surveyed(placed, known, scene.at_ms))
    except STORE_FAILURES:
        raise
    except Exception:
        # One tenant's rules or rows hold up no other's.
        log.exception("%s of %s cannot be taken up", survey.name, tenant.id)
        return 0


async def _with_surroundings(scene: Scene, found: Sequence[Condition]) -> list[Condition]:
    named = {one.around.booking for one in found if one.around.booking is not None}
    bookings = await alert_context.of_bookings(scene.conn, sorted(named)) if named else {}
    placed: list[Condition] = []
    for one in found:
        booking = bookings.get(one.around.booking or "")
        if booking is not None:
            leg = booking.leg(one.around.leg or "")
            more = around_leg(booking, leg, scene.at_ms)
            one = replace(one, around=one.around.with_known(more))  # noqa: PLW2901
        placed.append(one)
    return placed
