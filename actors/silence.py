"""Trucks that fell silent: told when it is due, since no fix comes that would tell it."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Mapping

from config.sections.tracking import Tracking
from freight.tracking.columns import TruckColumns
from freight.tracking.facts import Facts
from freight.tracking.folding import Folding, World
from freight.tracking.machines import signal
from freight.tracking.refold import Refolded


@dataclasses.dataclass(frozen=True, slots=True)
class Silent:
    """A truck that is out of reach since `due_ms`, and what is to be told of it."""

    tenant_key: int
    truck_key: int
    due_ms: int
    facts: Facts


class Silence:
    """What one shard has told about its silent trucks; brought back by the open interruptions."""

    def __init__(self, limits: Tracking) -> None:
        self._limits = limits
        self._told: dict[int, int] = {}  # truck key -> since when it is out of reach
        # Truck key -> its newest good fix, and until when its silence is nothing.
        self._patience: dict[int, tuple[int, int]] = {}

    def restore(self, told: Mapping[int, int]) -> None:
        self._told = dict(told)
        self._patience.clear()

    def look(self, columns: TruckColumns, world: World, unsettled: Container[int]) -> list[Silent]:
        """At most `silent_trucks_max` of those that are due and not told; the rest next time."""
        found: list[Silent] = []
        floor_ms = world.known_at_ms - int(self._limits.silence_s_min * 1000)
        for row in columns.silent_since(floor_ms).tolist():
            tenant_key, truck_key, seen_ms = (
                int(columns.last[name][row]) for name in ("tenant_key", "truck_key", "ts_ms")
            )
            if truck_key in self._told or truck_key in unsettled or truck_key not in world.names:
                continue
            last_ms, until_ms = self._patience.get(truck_key, (0, 0))
            if last_ms == seen_ms and until_ms >= world.known_at_ms:
                continue
            state = columns.tracked_of(row, tenant_key, truck_key)
            around = world.around(tenant_key, truck_key)
            due_ms = signal.due_ms(state, around)
            if due_ms is None:
                continue
            self._patience[truck_key] = seen_ms, due_ms
            facts = Facts(tenant_key, truck_key, around.name, world.known_at_ms)
            facts.decided_by(due_ms)
            if signal.tick(state, around, world.known_at_ms, facts):
                found.append(Silent(tenant_key, truck_key, due_ms, facts))
            if len(found) >= self._limits.silent_trucks_max:
                break
        return found

    def spoke_before_due(self, folding: Folding) -> list[tuple[int, int, int]]:
        """(tenant key, truck key, device time) of fixes that were on their way when their trucks
        were told to be silent, and of when that was due: between them all is to be told anew."""
        if not self._told:
            return []
        keys = folding.fixes[["tenant_key", "truck_key", "ts_ms"]].tolist()
        early = [(t, key, ts_ms) for t, key, ts_ms in keys if ts_ms <= self._told.get(key, 0)]
        return [*early, *((t, key, self._told[key]) for t, key, _ in early)]

    def committed(
        self,
        columns: TruckColumns,
        folding: Folding,
        told: Iterable[Silent],
        again: Mapping[int, Refolded],
    ) -> None:
        """`columns` are as the batch left them."""
        for key, each in again.items():
            if each.silent_since_ms is not None:
                self._told[key] = each.silent_since_ms
            elif each.upto_ms is None or self._told.get(key, each.upto_ms) < each.upto_ms:
                self._told.pop(key, None)
        keys = folding.fixes["truck_key"][folding.newest].tolist()
        shown_ms = columns.last["ts_ms"][folding.rows[folding.newest]].tolist()
        for key, ts_ms in zip(keys, shown_ms, strict=True):
            if key in self._told and ts_ms > self._told[key]:
                del self._told[key]
        self._told |= {each.truck_key: each.due_ms for each in told}
