"""What the network does to fixes: dead zones, bursts when coverage returns, repeats, late ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from config.sections.simulation import Radio as RadioPolicy
from freight.fixes import FIX_DTYPE, FixArray
from geo.roads import RoadGraph
from sim.tracks import Bools, Floats, Ints


class Outbox(NamedTuple):
    """Messages to send now, in order: each a truck's row and a slice of `fixes`."""

    fixes: FixArray
    messages: list[tuple[int, int, int]]  # truck, start, stop


class Radio:
    def __init__(self, graph: RoadGraph, policy: RadioPolicy, *, trucks: int, seed: int) -> None:
        self._policy = policy
        self._seed = seed
        self._rng = np.random.default_rng([seed, 4])
        self._dead_share = np.array(
            [policy.dead_share.get(edge.speed_class.name, 0.0) for edge in graph.edges]
        )
        self._newest_first = self._rng.uniform(size=trucks) < policy.newest_first_share
        self._waiting: dict[int, list[FixArray]] = {}
        self._has_waiting = np.zeros(trucks, dtype=bool)
        self._late: dict[int, FixArray] = {}
        self._has_late = np.zeros(trucks, dtype=bool)
        self.dropped = 0  # fixes a full tracker has forgotten

    @property
    def in_dead_zones(self) -> int:
        return len(self._waiting)

    def carry(self, fixes: FixArray, edges: Ints) -> Outbox:
        """What of these new fixes, and of what waited, is sent now; `edges` is where each is."""
        trucks = fixes["truck_key"]
        dead = self._is_dead(fixes, edges)
        lots = self._rng.uniform(size=(2, len(fixes)))
        late, twice = lots[0] < self._policy.late_share, lots[1] < self._policy.duplicate_share
        odd = dead | late | twice | self._has_waiting[trucks] | self._has_late[trucks]
        pieces, size = [fixes], len(fixes)
        messages: list[tuple[int, int, int]] = []
        for i, (truck, is_odd) in enumerate(zip(trucks.tolist(), odd.tolist(), strict=True)):
            if not is_odd:
                messages.append((truck, i, i + 1))
                continue
            now = fixes[i : i + 1]
            sent = self._odd_messages(truck, now, bool(dead[i]), bool(late[i]), bool(twice[i]))
            for piece in sent:
                pieces.append(piece)
                messages.append((truck, size, size + len(piece)))
                size += len(piece)
        return Outbox(np.concatenate(pieces), messages)

    def flush(self) -> Outbox:
        """Everything that still waits, as if coverage came back everywhere."""
        pieces: list[FixArray] = []
        messages: list[tuple[int, int, int]] = []
        size = 0
        for truck in sorted({*self._waiting, *self._late}):
            for piece in [*self._take_late(truck), *self._take_waiting(truck)]:
                pieces.append(piece)
                messages.append((truck, size, size + len(piece)))
                size += len(piece)
        return Outbox(np.concatenate(pieces) if pieces else np.empty(0, dtype=FIX_DTYPE), messages)

    def _odd_messages(
        self, truck: int, now: FixArray, dead: bool, late: bool, twice: bool
    ) -> list[FixArray]:
        if dead:
            self._keep(truck, now)
            return []
        if self._has_waiting[truck] or self._has_late[truck]:
            stored = [*self._take_late(truck), *self._take_waiting(truck)]
            return [now, *stored] if self._newest_first[truck] else [*stored, now]
        if late:
            self._late[truck] = now.copy()
            self._has_late[truck] = True
            return []
        return [now, now] if twice else [now]

    def _keep(self, truck: int, now: FixArray) -> None:
        waiting = self._waiting.setdefault(truck, [])
        self._has_waiting[truck] = True
        waiting.append(now.copy())
        if len(waiting) > self._policy.buffer_fixes_max:
            waiting.pop(0)
            self.dropped += 1

    def _take_waiting(self, truck: int) -> list[FixArray]:
        stored = self._waiting.pop(truck, [])
        self._has_waiting[truck] = False
        size = self._policy.burst_fixes_max
        return [np.concatenate(stored[i : i + size]) for i in range(0, len(stored), size)]

    def _take_late(self, truck: int) -> list[FixArray]:
        self._has_late[truck] = False
        return [self._late.pop(truck)] if truck in self._late else []

    def _is_dead(self, fixes: FixArray, edges: Ints) -> Bools:
        """By place, not by time: the same ghat is silent for every truck and every day."""
        row = np.floor(fixes["lat"] / self._policy.cell_deg).astype(np.int64)
        column = np.floor(fixes["lon"] / self._policy.cell_deg).astype(np.int64)
        dead: Bools = _hash_share(row, column, self._seed) < self._dead_share[edges]
        return dead


def _hash_share(row: Ints, column: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each cell: splitmix64 over the cell and the seed."""
    with np.errstate(over="ignore"):
        mixed = (row * 0x1F123BB5 + column).astype(np.uint64)
        mixed += np.uint64((seed * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    share: Floats = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return share
