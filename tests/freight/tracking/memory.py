"""A shard without a store: the real fold and refold over dictionaries, as the journal has them."""

from __future__ import annotations

import dataclasses
import uuid
from bisect import bisect_left
from typing import Any

import numpy as np

from freight.events import TruckEvent
from freight.fixes import FIX_DTYPE, FixArray
from freight.tracking.checkpoints import Checkpoint
from freight.tracking.columns import TruckColumns
from freight.tracking.corrections import differences, keep_what_stands
from freight.tracking.facts import Flaw, Span, SpanKey
from freight.tracking.fold import fold
from freight.tracking.folding import Looked, World
from freight.tracking.refold import FROM_THE_BEGINNING, Past, Refolded, refold
from freight.tracking.standing import RETRACTED, KnownEvent, as_stored, replaced_by, standing
from freight.tracking.tracked import Tracked
from tests.freight.world import TENANT_KEY


@dataclasses.dataclass
class Truck:
    """What the store keeps of one truck."""

    fixes: dict[int, Any] = dataclasses.field(default_factory=dict)
    flaws: dict[int, Flaw] = dataclasses.field(default_factory=dict)
    events: dict[uuid.UUID, KnownEvent] = dataclasses.field(default_factory=dict)
    spans: dict[SpanKey, Span] = dataclasses.field(default_factory=dict)
    checkpoints: dict[int, Tracked] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class MemoryShard:
    world: World
    piece: int = 10_000  # fixes folded again at a time
    pieces_a_batch: int = 1000
    columns: TruckColumns = dataclasses.field(default_factory=TruckColumns)
    trucks: dict[int, Truck] = dataclasses.field(default_factory=dict)
    told: list[TruckEvent] = dataclasses.field(default_factory=list)
    # Truck -> (from, last late fix): what is still to be folded again.
    work: dict[int, tuple[int, int]] = dataclasses.field(default_factory=dict)

    def truck(self, key: int) -> Truck:
        return self.trucks.setdefault(key, Truck())

    def take(self, batch: FixArray) -> None:
        folding = fold(self.columns, batch, self.world)
        for i, fix in enumerate(folding.fixes):
            truck, ts_ms = self.truck(int(fix["truck_key"])), int(fix["ts_ms"])
            assert ts_ms not in truck.fixes, "COPY would have hit the primary key"
            truck.fixes[ts_ms] = fix
            if i in folding.flaws:
                truck.flaws[ts_ms] = folding.flaws[i]
        for fix in folding.given[folding.older_index]:
            key, ts_ms = int(fix["truck_key"]), int(fix["ts_ms"])
            if ts_ms not in self.truck(key).fixes:
                self.truck(key).fixes[ts_ms] = fix
                from_ms, last_ms = self.work.get(key, (ts_ms, ts_ms))
                self.work[key] = min(from_ms, ts_ms), max(last_ms, ts_ms)
        done = self.settle(self.pieces_a_batch)
        keep_what_stands(folding, {key: again.upto_ms for key, again in done.items()})
        for event in folding.events:
            self._tell(event)
        for _, key, span in folding.spans:
            self._put(self.truck(key), span)
        for kept in folding.checkpoints:
            self.truck(kept.state.truck_key).checkpoints[kept.boundary_ms] = kept.state
        self.columns.apply(folding, self.world.known_at_ms)
        self._replace(done)

    def finish(self) -> None:
        while self.work:
            self._replace(self.settle(1))

    def settle(self, pieces: int) -> dict[int, Refolded]:
        """The last piece of each truck that has had one."""
        done: dict[int, Refolded] = {}
        while self.work and pieces:
            key = next(iter(self.work))
            done[key] = again = self._fold_again(key)
            _, last_late_ms = self.work.pop(key)
            if not again.is_done and again.upto_ms is not None:
                # Only behind it the known is what was told without the late fixes.
                self.work[key] = again.upto_ms, max(last_late_ms, again.upto_ms)
            pieces -= 1
        return done

    def _fold_again(self, key: int) -> Refolded:
        truck = self.truck(key)
        from_ms, last_late_ms = self.work[key]
        past = self._past(key, from_ms, last_late_ms)
        again = refold(past, self.world)
        seen = {event.id for event in past.events}
        more = [e for e in _about(truck, {e.id for e in again.facts.events}) if e.id not in seen]
        changes = differences(past, again, more, self.world.around(TENANT_KEY, key))
        are_gone = [event.type == RETRACTED for event in changes.events]
        assert are_gone == sorted(are_gone, reverse=True)
        for event in changes.events:
            self._tell(event)
        for fact, decided_ms in changes.moved:
            truck.events[fact] = dataclasses.replace(truck.events[fact], decided_ms=decided_ms)
        for gone in [*changes.gone_spans, *(span.key for span in changes.spans)]:
            truck.spans.pop(gone, None)
        for span in changes.spans:
            self._put(truck, span)
        for ts_ms, flaw in changes.flaws.items():
            truck.flaws.pop(ts_ms, None)
            if flaw is not None:
                truck.flaws[ts_ms] = flaw
        for ts_ms in [ms for ms in truck.checkpoints if ms > past.from_ms and again.covers(ms)]:
            del truck.checkpoints[ts_ms]
        truck.checkpoints |= {kept.boundary_ms: kept.state for kept in again.checkpoints}
        return again

    def _past(self, key: int, from_ms: int, last_late_ms: int) -> Past:
        truck = self.truck(key)
        before = max((ms for ms in truck.checkpoints if ms <= from_ms), default=None)
        start = Tracked(TENANT_KEY, key) if before is None else truck.checkpoints[before]
        start_ms = FROM_THE_BEGINNING if before is None else before
        times = sorted(truck.fixes)
        behind = times[bisect_left(times, start_ms) :]
        piece = behind[: self.piece]
        fixes = np.array([truck.fixes[ts_ms] for ts_ms in piece], dtype=FIX_DTYPE)
        decided = {
            event.id
            for event in truck.events.values()
            if event.decided_ms is not None and event.decided_ms >= start_ms
        }
        return Past(
            start=start,
            from_ms=start_ms,
            fixes=fixes,
            has_newest=len(piece) == len(behind),
            last_late_ms=last_late_ms,
            checkpoints=[
                Checkpoint(ms, truck.checkpoints[ms])
                for ms in sorted(truck.checkpoints)
                if start_ms < ms <= piece[-1]
            ],
            events=_about(truck, decided),
            spans=[
                span
                for span in truck.spans.values()
                if span.ended_ms is None
                or span.ended_ms >= start_ms
                or (span.begun_ms is not None and span.begun_ms >= start_ms)
            ],
            flaws={ms: why for ms, why in truck.flaws.items() if piece[0] <= ms <= piece[-1]},
        )

    def _replace(self, done: dict[int, Refolded]) -> None:
        for key, again in done.items():
            if again.upto_ms is None:
                row = int(self.columns.rows_of(np.array([key]))[0])
                rules = self.world.around(TENANT_KEY, key).rules
                looked = Looked(row, again.state, again.outlook, rules)
                self.columns.put(looked, self.world.known_at_ms)

    def _tell(self, event: TruckEvent) -> None:
        assert event.truck_key is not None
        truck = self.truck(event.truck_key)
        if event.id not in truck.events:
            about = event.id, event.type, event.time_ms, as_stored(event.data)
            kept = KnownEvent(*about, event.decided_ms, replaced_by(event))
            truck.events[event.id] = kept
            self.told.append(event)

    @staticmethod
    def _put(truck: Truck, span: Span) -> None:
        truck.spans[span.key] = span.after(truck.spans.get(span.key))

    # ----------------------------------------------------------------------- looking

    def standing(self, key: int) -> dict[uuid.UUID, tuple[str, int, dict[str, Any]]]:
        facts = standing(self.truck(key).events.values())
        return {
            fact.told.id: (fact.told.type, fact.told.time_ms, fact.data)
            for fact in facts.values()
            if fact.data is not None
        }

    def state(self, key: int) -> Tracked:
        row = int(self.columns.rows_of(np.array([key]))[0])
        return self.columns.tracked_of(row, TENANT_KEY, key)


def _about(truck: Truck, ids: set[uuid.UUID]) -> list[KnownEvent]:
    return [e for e in truck.events.values() if (e.replaces or e.id) in ids]
