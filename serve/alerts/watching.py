"""Whether quiet means that nothing happens, or that nobody sees."""

from __future__ import annotations

import dataclasses

from actors.alerts.writing import WATCH
from actors.life import now_ms
from serve.alerts.wire import CountsOut, MissedOut, SummaryOut, TruckGapOut, WatchingOut
from serve.gateway import Gateway
from serve.identity.principal import Principal
from store import alert_counts, watch_spells
from store.postgres import moment
from store.watch_spells import Spell

MS = 1000


async def summary_of(gateway: Gateway, who: Principal) -> SummaryOut:
    async with gateway.as_tenant(who) as conn:
        counted = await alert_counts.count_open(conn)
    return SummaryOut(
        open=counted.open,
        unassigned=counted.unassigned,
        counts=CountsOut(state=counted.state, severity=counted.severity, kind=counted.kind),
        blind=await watching(gateway, who),
    )


async def watching(gateway: Gateway, who: Principal) -> WatchingOut:
    """That the tenant is not seen concerns carriers and shippers as well; which trucks may be
    missed is for its own people."""
    limits, now = gateway.policy.watch.sight, now_ms()
    whole = dataclasses.replace(who, carrier=None, shipper=None)
    async with gateway.system_pool.acquire() as conn:
        beat_ms = await watch_spells.last_beat(conn, WATCH)
    async with gateway.as_tenant(whole) as conn:
        going_on = await watch_spells.going_on(conn)
        since_ms = now - round(limits.shown_s * MS)
        over = await watch_spells.over(conn, since_ms, limits.spells_max)
    why = sorted({f"{one.cause}: {one.detail}" for one in going_on})
    begun = [one.began_ms for one in going_on]
    if beat_ms is None or now - beat_ms > limits.away_s * MS:
        why.append("away: nobody watches")
        begun.append(now if beat_ms is None else beat_ms)
    is_bound = who.carrier is not None or who.shipper is not None
    return WatchingOut(
        watching="unknown" if begun else "ok",
        since=moment(min(begun)) if begun else None,
        why=[] if is_bound else why,
        missed_possible=[] if is_bound else [_missed(one) for one in over],
    )


def _missed(spell: Spell) -> MissedOut:
    told = spell.missed
    return MissedOut(
        cause=spell.cause,
        detail=spell.detail,
        since=moment(spell.began_ms),
        to=None if spell.ended_ms is None else moment(spell.ended_ms),
        trucks=None if told is None else [_gap(each) for each in told["trucks"]],
        trucks_count=None if told is None else told["trucks_count"],
        late_alerts=None if told is None else told["late_alerts"],
    )


def _gap(told: dict[str, int | str | None]) -> TruckGapOut:
    from_ms, to_ms = told["from_ms"], told["to_ms"]
    return TruckGapOut(
        truck=str(told["truck"]),
        since=moment(from_ms) if isinstance(from_ms, int) else None,
        to=moment(to_ms) if isinstance(to_ms, int) else None,
    )
