"""Looks at every truck within range of every leg: keeps the best few, and explains them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from freight.dispatch.candidates import Near, Ranges, rings_of
from freight.dispatch.columns import Fleet, Ints, leg_table, truck_table
from freight.dispatch.explanations import Explanation, Masks, encode, tabled
from freight.dispatch.relations import RoadKm, relate
from freight.dispatch.rules import DispatchRules
from freight.dispatch.weighing import EXCLUDED, World, rates, score, weigh
from freight.dispatch.world import WaitingLeg


@dataclasses.dataclass(frozen=True)
class Shortlist:
    """A leg's best candidates, the cheapest first."""

    trucks: Ints  # rows of the fleet
    cost: Ints
    is_whole: bool  # there are no others
    in_range: int
    candidates: int
    # What the truck costs that is planned for it so far, if any.
    standing_cost: int | None


class Survey:
    """One window: what was seen of each leg, and the means to look again."""

    def __init__(
        self,
        legs: Sequence[WaitingLeg],
        fleet: Fleet,
        rules: DispatchRules,
        now_ms: int,
        roads: RoadKm,
    ) -> None:
        self.legs, self.fleet, self.rules, self.now_ms = legs, fleet, rules, now_ms
        numbered, ties = relate(legs, fleet, rules, roads)
        self.world = World(
            leg_table(legs, numbered, rules, now_ms),
            truck_table(fleet, numbered, rules, now_ms),
            ties,
            rates(rules),
        )
        self._ranges = Ranges(fleet, rules.range)
        self._rings = [rings_of(leg, rules.range, now_ms) for leg in legs]
        self._forget_who_cannot_go()
        self.shortlists: list[Shortlist] = []
        self.explanations: dict[str, bytes] = {}
        for near in self._ranges.of(legs, self._rings):
            self._look(near)

    @property
    def standing(self) -> list[int]:
        """Of each leg the row of the truck that is planned for it and can still go; or -1."""
        rows: list[int] = self.world.ties.standing.tolist()
        return rows

    def _forget_who_cannot_go(self) -> None:
        """A planned truck that is excluded now, or out of range, holds nothing any more."""
        standing = self.world.ties.standing
        within = [
            truck >= 0 and bool(np.isin(truck, self._near(leg).trucks))
            for leg, truck in enumerate(standing.tolist())
        ]
        near = self._chosen(np.where(within, standing, -1))
        _, cost = weigh(self.world, near)
        able = np.array(within, dtype=np.bool_)
        able[able] = cost != EXCLUDED
        ties = self.world.ties._replace(standing=np.where(able, standing, -1))
        self.world = self.world._replace(ties=ties)

    def wider(self, leg: int, most: int) -> Shortlist:
        """The same with up to `most` candidates."""
        near = self._near(leg)
        mask, cost = weigh(self.world, near)
        return self._shortlist(leg, near.trucks, mask, cost, most)

    def scores(self, chosen: Sequence[int]) -> Ints:
        """Of each leg that got a truck: parts, metres of empty way and arrival, in their order.

        `chosen` is the truck's row for each leg, -1 for none; each must be a candidate.
        """
        return score(self.world, self._chosen(np.array(chosen, dtype=np.int64)))

    @staticmethod
    def _chosen(rows: Ints) -> Near:
        """One truck for each leg, or -1."""
        start = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(rows >= 0, out=start[1:])
        return Near(0, start, rows[rows >= 0])

    def _near(self, leg: int) -> Near:
        (near,) = self._ranges.of([self.legs[leg]], [self._rings[leg]])
        return near._replace(first=leg)

    def _look(self, near: Near) -> None:
        matching = self.rules.matching
        most = max(matching.candidates_first, matching.explained_in_parts)
        masks, costs = weigh(self.world, near)
        spans = list(zip(near.start[:-1].tolist(), near.start[1:].tolist(), strict=True))
        found = []
        for leg, (low, high) in enumerate(spans, start=near.first):
            trucks, mask, cost = near.trucks[low:high], masks[low:high], costs[low:high]
            found.append(self._shortlist(leg, trucks, mask, cost, most))
        self.shortlists += found
        best = [np.sort(each.trucks[: matching.explained_in_parts]) for each in found]
        start = np.zeros(len(best) + 1, dtype=np.int64)
        np.cumsum([len(rows) for rows in best], out=start[1:])
        scores = score(self.world, Near(near.first, start, np.concatenate(best)))
        scores[:, -1] -= self.now_ms
        table, number = tabled(masks)
        for n, (low, high) in enumerate(spans):
            trucks = near.trucks[low:high]
            leg = near.first + n
            self.explanations[self.legs[leg].id] = encode(
                Explanation(
                    self.now_ms,
                    self._rings[leg],
                    self.rules.range.h3_resolution,
                    self.fleet.keys[trucks],
                    masks[low:high],
                    costs[low:high],
                    np.searchsorted(trucks, best[n]),
                    scores[start[n] : start[n + 1]],
                ),
                Masks(table, number[low:high]),
            )

    def _shortlist(self, leg: int, trucks: Ints, mask: Ints, cost: Ints, most: int) -> Shortlist:
        able = np.flatnonzero(mask == 0)
        costs = cost[able]
        chosen = np.argpartition(costs, most)[:most] if len(able) > most else slice(None)
        rows, costs = trucks[able][chosen], costs[chosen]
        order = np.lexsort((rows, costs))
        standing = int(self.world.ties.standing[leg])
        return Shortlist(
            rows[order],
            costs[order],
            len(able) <= most,
            len(trucks),
            len(able),
            int(cost[np.searchsorted(trucks, standing)]) if standing >= 0 else None,
        )
