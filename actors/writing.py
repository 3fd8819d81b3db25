"""All that one batch of a shard writes, in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from actors.late import Settled, keep, settle, with_news
from actors.past_world import PastWorld
from actors.rules_in_force import RulesLog
from actors.silence import Silent
from config.sections.tracking import Tracking
from freight.events import TruckEvent
from freight.fixes import FixArray, extras_of
from freight.tracking import kept_states
from freight.tracking.columns import TruckState
from freight.tracking.corrections import keep_what_stands
from freight.tracking.facts import Flaw
from freight.tracking.folding import Folding, World
from store import events, fixes, late_fixes, leases, snapshots, spans
from store.events import Basis
from store.fix_codec import FlawArray, no_flaws
from store.late_work import LateWork
from store.leases import Lease
from store.postgres import AnyConnection, AnyPool
from store.spans import TruckSpan
from telemetry import tracing

# Tenant key, truck key, device time.
FixKey = tuple[int, int, int]


def keys_of(fixes: FixArray) -> list[FixKey]:
    keys: list[FixKey] = fixes[["tenant_key", "truck_key", "ts_ms"]].tolist()
    return keys


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What becomes the shard's state once it is committed."""

    late: Settled
    rules: dict[int, str]
    counts: dict[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Writing:
    lease: Lease
    number: int
    world: World
    limits: Tracking
    folding: Folding
    extras: dict[int, bytes]
    silent: Sequence[Silent]
    spoke_before_due: Sequence[FixKey]
    late_work: dict[int, LateWork]
    rules_log: RulesLog
    system: AnyPool
    # The new fixes are: they were sent while they were folded.
    is_stored: bool

    async def write(self, conn: AnyConnection) -> Written:
        folding, world = self.folding, self.world
        begun_ns = tracing.clock()
        late_keys, counts = await self._fixes(conn)
        begun_ns = tracing.lap("store.fixes", begun_ns, stored=counts["stored"])
        counts["in_time"] = len(late_keys)
        late_keys += self.spoke_before_due
        work = with_news(self.late_work, late_keys)
        past_of = PastWorld(world, self.system)
        # What was put off does not hold up fixes that come in: it is gone on with between them.
        only = {key for _, key, _ in late_keys} if len(folding.given) else None
        late = await settle(conn, work, self.late_work, past_of, self.limits, only=only)
        keep_what_stands(folding, {key: again.upto_ms for key, again in late.done.items()})
        facts = [
            *folding.events,
            *(event for changes in late.changes for event in changes.events),
            *(event for each in self.silent for event in each.facts.events),
        ]
        rules = await self._note_rules(conn, facts)
        begun_ns = tracing.lap("shard.late", begun_ns)
        told = await events.insert(conn, facts, Basis(world.fences.revision, rules, late.told_in))
        tracing.lap("store.events", begun_ns, events=told)
        await spans.put(conn, [*self._lasting()], world.known_at_ms)
        await keep(conn, folding.checkpoints)
        await self._save(conn, late)
        # Last, so that its time is the commit's; it also proves that the shard is still ours.
        await leases.open_batch(
            conn, self.lease, self.number, world.fences.revision, counts["stored"]
        )
        return Written(
            late,
            rules,
            {
                "events_total": told,
                "late_total": counts["late"],
                "beyond_horizon_total": counts["late"] - counts["in_time"],
                "flawed_total": len(folding.flaws),
                "repeated_total": len(folding.given) - counts["stored"],
            },
        )

    async def _fixes(self, conn: AnyConnection) -> tuple[list[FixKey], dict[str, int]]:
        """Those that came late and not too late, and how many were stored."""
        folding, shard = self.folding, self.lease.shard
        if self.is_stored:
            await late_fixes.mark(conn, _flawed(folding))
        else:
            flaws, extras = _flaws_of(folding), extras_of(folding.given_index, self.extras)
            news = folding.fixes
            await fixes.insert_older(conn, news, extras, shard, self.number, flaws=flaws)
        older = folding.given[folding.older_index]
        horizon_ms = self.world.known_at_ms - int(self.limits.late_horizon_s * 1000)
        beyond = older["ts_ms"] < horizon_ms
        flaws = np.where(beyond, np.int8(Flaw.BEYOND_HORIZON), np.int8(0))
        extras = extras_of(folding.older_index, self.extras)
        inserted = await fixes.insert_older(conn, older, extras, shard, self.number, flaws=flaws)
        if len(inserted) < len(older):
            await fixes.note_repeats(conn, np.delete(older, sorted(inserted)))
        late = older[[i for i in sorted(inserted) if not beyond[i]]]
        stored = len(folding.fixes) + len(inserted)
        return keys_of(late), {"stored": stored, "late": len(inserted)}

    async def _save(self, conn: AnyConnection, late: Settled) -> None:
        """A replay does not fold late fixes in, so it has to begin behind them."""
        states = [
            (again.state, TruckState(self.world.known_at_ms, again.state))
            for again in late.done.values()
            if again.upto_ms is None
        ]
        rows = [
            snapshots.TruckState(
                tracked.truck_key, tracked.tenant_key, self.number, kept_states.encoded(kept)
            )
            for tracked, kept in states
        ]
        if rows:
            await snapshots.save_many(conn, self.lease, rows)

    async def _note_rules(self, conn: AnyConnection, facts: Iterable[TruckEvent]) -> dict[int, str]:
        tenants = {event.tenant_key: event.tenant for event in facts}
        since_ms = dict.fromkeys(tenants, self.world.known_at_ms)
        given = self.folding.given
        of, received_ms = given["tenant_key"], given["received_ms"]
        keys, firsts = np.unique(of, return_index=True)
        for key, first in zip(keys.tolist(), firsts.tolist(), strict=True):
            tenants[key] = self.world.names[int(given["truck_key"][first])].tenant
            since_ms[key] = int(received_ms[of == key].min())
        rules = {key: self.world.rules_of(tenant) for key, tenant in tenants.items()}
        return await self.rules_log.note(conn, rules, since_ms)

    def _lasting(self) -> Iterable[TruckSpan]:
        for keys_and_span in self.folding.spans:
            yield TruckSpan(*keys_and_span)
        for each in self.silent:
            for span in each.facts.spans.values():
                yield TruckSpan(each.tenant_key, each.truck_key, span)


def _flaws_of(folding: Folding) -> FlawArray:
    flaws = no_flaws(len(folding.fixes))
    for i, why in folding.flaws.items():
        flaws[i] = why
    return flaws


def _flawed(folding: Folding) -> list[tuple[int, int, Flaw | None]]:
    index = sorted(folding.flaws)
    fixes = folding.fixes.take(index)
    keys = zip(fixes["truck_key"].tolist(), fixes["ts_ms"].tolist(), strict=True)
    return [(*key, folding.flaws[i]) for key, i in zip(keys, index, strict=True)]
