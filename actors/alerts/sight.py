"""Whether we see at all: while stream, store or shards are impaired, quiet means nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from actors.alerts.writing import NAME, WATCH
from actors.desk import WorkDesk
from actors.stats import ActorStats
from config.sections.watch import Sight
from freight.alerts.reading import FACTS
from store import alerts, watch_spells
from store.postgres import AnyConnection
from store.watch_spells import Spell

MS = 1000
AskActors = Callable[[], Awaitable[Sequence[ActorStats]]]


class Cause(StrEnum):
    INGEST = "ingest"  # nothing comes in: the broker, or who reads from it
    SHARD = "shard"  # what came in is not understood
    LAG = "lag"  # what was understood is not taken up
    SILENCE = "silence"  # of a tenant that usually sends
    AWAY = "away"  # nobody watched, or the store was away


# Whose trouble keeps alerts from being raised. All other actors may be away for that matter.
ROLES = {
    "ingest_worker": Cause.INGEST,
    "truck_shard": Cause.SHARD,
    "booking_shard": Cause.SHARD,
}


class Seeing:
    """Keeps nothing that matters but since when each actor is in trouble."""

    def __init__(self, desk: WorkDesk, actors: AskActors) -> None:
        self._desk = desk
        self._actors = actors
        self._since_ms: dict[str, int] = {}
        self._silent_tenants: dict[int, str] = {}
        self._look_ms = 0

    async def look(self) -> int:
        """One round; a store that is away ends it, and shows as a gap when it is back."""
        limits, now_ms = self._desk.settings.now.watch.sight, self._desk.now_ms()
        impaired = await self._troubled(limits, now_ms)
        async with self._desk.system.acquire() as conn, conn.transaction():
            tenants = await watch_spells.watched(conn)
            before_ms = await watch_spells.beat(conn, WATCH, now_ms)
            if before_ms is not None and now_ms - before_ms > limits.away_s * MS:
                await _note_gap(conn, tenants, (before_ms, now_ms), limits)
            impaired |= await self._behind(conn, limits, now_ms)
            blind: dict[tuple[int, Cause], str] = {
                (key, cause): detail for cause, detail in impaired.items() for key in tenants
            }
            silent = await self._silent(conn, limits, now_ms)
            blind |= {(key, Cause.SILENCE): detail for key, detail in silent.items()}
            await _keep(conn, blind, now_ms, limits)
        return 0

    async def _troubled(self, limits: Sight, now_ms: int) -> dict[Cause, str]:
        """What is in trouble for longer than a restart takes."""
        found: dict[Cause, list[str]] = defaultdict(list)
        troubled = {
            one.name: one
            for one in await self._actors()
            if one.role in ROLES and one.trouble is not None
        }
        self._since_ms = {name: self._since_ms.get(name, now_ms) for name in troubled}
        for name, since_ms in sorted(self._since_ms.items()):
            if now_ms - since_ms >= limits.trouble_s * MS:
                found[ROLES[troubled[name].role]].append(f"{name}: {troubled[name].trouble}")
        return {cause: "; ".join(details) for cause, details in found.items()}

    async def _silent(self, conn: AnyConnection, limits: Sight, now_ms: int) -> dict[int, str]:
        """Looked at less often: it asks about every truck there is."""
        if now_ms < self._look_ms:
            return self._silent_tenants
        sending = await watch_spells.sending(conn, now_ms, limits.usual_s, limits.silent_s)
        self._silent_tenants = {
            one.tenant_key: f"of {one.usual} trucks that usually send, {one.of_late} did of late"
            for one in sending
            if one.usual >= limits.usual_trucks_min
            and one.of_late <= one.usual * limits.still_share
        }
        self._look_ms = now_ms + round(limits.silence_look_s * MS)
        return self._silent_tenants

    async def _behind(self, conn: AnyConnection, limits: Sight, now_ms: int) -> dict[Cause, str]:
        """Of what alerts are made from; how far the rest of the log is does not matter."""
        most = self._desk.settings.now.watch.following.settle_facts_max
        waiting = await alerts.news_waiting(conn, NAME, FACTS, most)
        waits_ms = now_ms - min(waiting.values(), default=now_ms)
        if waits_ms < limits.lag_s * MS:
            return {}
        return {Cause.LAG: f"facts wait since {waits_ms // MS} s"}


async def _note_gap(
    conn: AnyConnection, tenants: Sequence[int], span_ms: tuple[int, int], limits: Sight
) -> None:
    detail = "nobody watched, or the database was away"
    settles_ms = span_ms[1] + round(limits.settles_s * MS)
    await watch_spells.note_gap(conn, tenants, Cause.AWAY.value, detail, span_ms, settles_ms)


async def _keep(
    conn: AnyConnection, blind: dict[tuple[int, Cause], str], now_ms: int, limits: Sight
) -> None:
    """Spells begin that are new, and those end of which the cause is gone."""
    known = {(one.tenant_key, Cause(one.cause)): one for one in await watch_spells.going_on(conn)}
    new: dict[tuple[Cause, str], list[int]] = defaultdict(list)
    for (tenant_key, cause), detail in blind.items():
        if (tenant_key, cause) not in known:
            new[cause, detail].append(tenant_key)
    for (cause, detail), keys in new.items():
        began_ms = now_ms - round(_seen_after_s(cause, limits) * MS)
        await watch_spells.begin(conn, keys, cause.value, detail, began_ms)
    over = [spell.nr for place, spell in known.items() if place not in blind]
    if over:
        await watch_spells.end(conn, over, now_ms, now_ms + round(limits.settles_s * MS))


def _seen_after_s(cause: Cause, limits: Sight) -> float:
    """So long it had lasted when it was noticed."""
    waits = {Cause.LAG: limits.lag_s, Cause.SILENCE: limits.silent_s}
    return waits.get(cause, limits.trouble_s)


# ------------------------------------------------------------------------------------ missed


async def missed_round(desk: WorkDesk) -> int:
    """Of blind times that are over, and behind which late news have come: what may be missing."""
    limits = desk.settings.now.watch.sight
    async with desk.system.acquire() as conn:
        found = await watch_spells.settling(conn, desk.now_ms(), limits.spells_max)
        for spell in found:
            async with conn.transaction():
                await _tell_missed(conn, spell, limits)
    return len(found)


async def _tell_missed(conn: AnyConnection, spell: Spell, limits: Sight) -> None:
    gaps = await watch_spells.gaps(
        conn, spell, limits.usual_s, limits.gap_s, limits.missed_trucks_max
    )
    late = await watch_spells.raised_late(conn, spell, limits.missed_trucks_max)
    missed = {
        "trucks_count": gaps.trucks,
        "trucks": [
            {"truck": gap.truck, "from_ms": gap.from_ms, "to_ms": gap.to_ms} for gap in gaps.first
        ],
        "late_alerts": late,
    }
    await watch_spells.keep_missed(conn, spell.nr, missed)
