"""A shard without a store: the trucks' own fold, late fixes and silences, by an array of fixes."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable

import numpy as np
from msgspec.structs import replace

from freight.alerts.commands import Heard
from freight.events import TruckEvent
from freight.fixes import FixArray
from freight.tracking.checkpoints import Checkpoint
from freight.tracking.columns import TruckColumns
from freight.tracking.corrections import differences, keep_what_stands
from freight.tracking.facts import Facts, Span, SpanKey
from freight.tracking.fold import fold
from freight.tracking.folding import Looked, World
from freight.tracking.machines import signal
from freight.tracking.refold import FROM_THE_BEGINNING, Past, Refolded, refold
from freight.tracking.standing import KnownEvent, as_stored, replaced_by
from freight.tracking.tracked import Tracked

KEPT_MS = 12 * 3_600_000  # of the past; no fix comes later
SWEEP_EVERY = 60  # windows
KEPT_OF_A_FIX = ("truck_key", "ts_ms", "received_ms")
SILENCE_MS = 900_000  # no device of this fleet is missed earlier


@dataclasses.dataclass(slots=True)
class Kept:
    """What the store would keep of one truck."""

    fixes: FixArray  # all that will ever come, each once, by device time
    came: np.ndarray  # which of them have come in
    events: dict[uuid.UUID, KnownEvent] = dataclasses.field(default_factory=dict)
    spans: dict[SpanKey, Span] = dataclasses.field(default_factory=dict)
    checkpoints: dict[int, Tracked] = dataclasses.field(default_factory=dict)


class Shard:
    def __init__(self, world: World, fixes: FixArray) -> None:
        self.world = world
        self.columns = TruckColumns()
        self.trucks = {key: _kept(fixes, key) for key in world.names}
        self.silent: dict[int, int] = {}  # truck -> since when it is told to be
        self._windows = 0

    def take(self, batch: FixArray, now_ms: int) -> list[TruckEvent]:
        """What is new of it, with the time at which it was learned: when the fix came in that
        decided it, or the late one for which the truck was folded again."""
        self.world = dataclasses.replace(self.world, known_at_ms=now_ms)
        folding = fold(self.columns, batch, self.world)
        older = folding.given[folding.older_index]
        late = self._late(older)
        known = dict(sorted(older[["truck_key", "received_ms"]].tolist()))
        for key, ts_ms, received_ms in folding.fixes[[*KEPT_OF_A_FIX]].tolist():
            self._came(key, ts_ms)
            since_ms = self.silent.get(key)
            if since_ms is not None and ts_ms <= since_ms:
                from_ms, last_ms = late.get(key, (ts_ms, ts_ms))
                late[key] = min(from_ms, ts_ms), max(last_ms, since_ms)
                known[key] = max(received_ms, known.get(key, received_ms))
            elif since_ms is not None:
                del self.silent[key]
        told: list[TruckEvent] = []
        done = {key: self._fold_again(key, *span, told) for key, span in late.items()}
        told[:] = [self._as_learned(event, known) for event in told]
        told_again = len(told)
        keep_what_stands(folding, {key: again.upto_ms for key, again in done.items()})
        for event in folding.events:
            self._tell(event, told)
        told[told_again:] = [self._as_learned(event, {}) for event in told[told_again:]]
        for _, key, span in folding.spans:
            self._put(key, span)
        for kept in folding.checkpoints:
            self.trucks[kept.state.truck_key].checkpoints[kept.boundary_ms] = kept.state
        self.columns.apply(folding, now_ms)
        self._replace(done)
        self._windows += 1
        if self._windows % SWEEP_EVERY == 0:
            self._sweep(now_ms)
        return told

    def silences(self, now_ms: int) -> list[TruckEvent]:
        """Trucks that have fallen silent, told at the moment when it was due."""
        told: list[TruckEvent] = []
        for row in self.columns.silent_since(now_ms - SILENCE_MS).tolist():
            key = int(self.columns.last["truck_key"][row])
            if key in self.silent:
                continue
            tenant_key = int(self.columns.last["tenant_key"][row])
            state = self.columns.tracked_of(row, tenant_key, key)
            around = self.world.around(tenant_key, key)
            due_ms = signal.due_ms(state, around)
            if due_ms is None or due_ms >= now_ms:
                continue
            facts = Facts(tenant_key, key, around.name, due_ms + 1)
            facts.decided_by(due_ms)
            if signal.tick(state, around, now_ms, facts):
                self.silent[key] = due_ms
                for event in facts.events:
                    self._tell(event, told)
                for span in facts.spans.values():
                    self._put(key, span)
        return told

    def _as_learned(self, event: TruckEvent, known: dict[int, int]) -> TruckEvent:
        """`known`: when the last late fix of a truck that was folded again came in."""
        key = event.truck_key or 0
        fixes, known_ms = self.trucks[key].fixes, known.get(key, 0)
        if event.decided_ms is not None:
            i = min(int(np.searchsorted(fixes["ts_ms"], event.decided_ms)), len(fixes) - 1)
            known_ms = max(known_ms, int(fixes["received_ms"][i]))
        return replace(event, known_at_ms=known_ms)

    def heard_of(self, truck: str, now_ms: int) -> Heard | None:
        """Its newest fix of those that had come in by then."""
        fixes = self.trucks[int(truck)].fixes
        came = np.flatnonzero(fixes["received_ms"] <= now_ms)
        return Heard(*fixes[["ts_ms", "received_ms"]][came[-1]].tolist()) if len(came) else None

    # ------------------------------------------------------------------------- late fixes

    def _late(self, older: FixArray) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for key, ts_ms in older[["truck_key", "ts_ms"]].tolist():
            if self._came(key, ts_ms):
                from_ms, last_ms = found.get(key, (ts_ms, ts_ms))
                found[key] = min(from_ms, ts_ms), max(last_ms, ts_ms)
        return found

    def _came(self, key: int, ts_ms: int) -> bool:
        truck = self.trucks[key]
        i = int(np.searchsorted(truck.fixes["ts_ms"], ts_ms))
        is_new = not truck.came[i]
        truck.came[i] = True
        return is_new

    def _fold_again(
        self, key: int, from_ms: int, last_late_ms: int, told: list[TruckEvent]
    ) -> Refolded:
        truck, past = self.trucks[key], self._past(key, from_ms, last_late_ms)
        again = refold(past, self.world)
        seen = {event.id for event in past.events}
        ids = {event.id for event in again.facts.events}
        more = [event for event in _about(truck, ids) if event.id not in seen]
        around = self.world.around(again.state.tenant_key, key)
        changes = differences(past, again, more, around)
        for event in changes.events:
            self._tell(event, told)
        for fact, decided_ms in changes.moved:
            truck.events[fact] = dataclasses.replace(truck.events[fact], decided_ms=decided_ms)
        for gone in [*changes.gone_spans, *(span.key for span in changes.spans)]:
            truck.spans.pop(gone, None)
        for span in changes.spans:
            self._put(key, span)
        for ms in [ms for ms in truck.checkpoints if ms > past.from_ms and again.covers(ms)]:
            del truck.checkpoints[ms]
        truck.checkpoints |= {kept.boundary_ms: kept.state for kept in again.checkpoints}
        if again.silent_since_ms is not None:
            self.silent[key] = again.silent_since_ms
        elif again.upto_ms is None:
            self.silent.pop(key, None)
        return again

    def _past(self, key: int, from_ms: int, last_late_ms: int) -> Past:
        truck = self.trucks[key]
        before = max((ms for ms in truck.checkpoints if ms <= from_ms), default=None)
        start = Tracked(int(truck.fixes["tenant_key"][0]), key)
        start_ms = FROM_THE_BEGINNING
        if before is not None:
            start, start_ms = truck.checkpoints[before], before
        low = int(np.searchsorted(truck.fixes["ts_ms"], start_ms))
        fixes = truck.fixes[low:][truck.came[low:]]
        decided = {
            event.id
            for event in truck.events.values()
            if event.decided_ms is not None and event.decided_ms >= start_ms
        }
        last_ms = int(fixes["ts_ms"][-1])
        return Past(
            start=start,
            from_ms=start_ms,
            fixes=fixes,
            has_newest=True,
            last_late_ms=last_late_ms,
            checkpoints=[
                Checkpoint(ms, truck.checkpoints[ms])
                for ms in sorted(truck.checkpoints)
                if start_ms < ms <= last_ms
            ],
            events=_about(truck, decided),
            spans=[span for span in truck.spans.values() if _reaches(span, start_ms)],
            flaws={},
        )

    def _replace(self, done: dict[int, Refolded]) -> None:
        for key, again in done.items():
            if again.upto_ms is None:
                row = int(self.columns.rows_of(np.array([key]))[0])
                rules = self.world.around(again.state.tenant_key, key).rules
                looked = Looked(row, again.state, again.outlook, rules)
                self.columns.put(looked, self.world.known_at_ms)

    def _tell(self, event: TruckEvent, told: list[TruckEvent]) -> None:
        if event.truck_key is None or event.id in self.trucks[event.truck_key].events:
            return
        about = event.id, event.type, event.time_ms, as_stored(event.data)
        kept = KnownEvent(*about, event.decided_ms, replaced_by(event))
        self.trucks[event.truck_key].events[event.id] = kept
        told.append(event)

    def _put(self, key: int, span: Span) -> None:
        spans = self.trucks[key].spans
        spans[span.key] = span.after(spans.get(span.key))

    def _sweep(self, now_ms: int) -> None:
        """Forget what no late fix of this fleet can change any more."""
        limit_ms = now_ms - KEPT_MS
        for truck in self.trucks.values():
            truck.events = {
                key: event
                for key, event in truck.events.items()
                if max(event.time_ms, event.decided_ms or 0) >= limit_ms
            }
            truck.spans = {
                key: span for key, span in truck.spans.items() if _reaches(span, limit_ms)
            }
            newest = max((ms for ms in truck.checkpoints if ms <= limit_ms), default=0)
            truck.checkpoints = {
                ms: state for ms, state in truck.checkpoints.items() if ms >= newest
            }


def _kept(fixes: FixArray, key: int) -> Kept:
    mine = fixes[fixes["truck_key"] == key]
    _, first = np.unique(mine["ts_ms"], return_index=True)
    return Kept(mine[first], np.zeros(len(first), dtype=bool))


def _about(truck: Kept, ids: Iterable[uuid.UUID]) -> list[KnownEvent]:
    wanted = set(ids)
    return [event for event in truck.events.values() if (event.replaces or event.id) in wanted]


def _reaches(span: Span, ms: int) -> bool:
    if span.ended_ms is None or span.ended_ms >= ms:
        return True
    return span.begun_ms is not None and span.begun_ms >= ms
