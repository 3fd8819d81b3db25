"""The cheapest way to give all legs of a window their trucks, within a budget of changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from freight.dispatch.assignment import NONE, Arcs, Solution, solve
from freight.dispatch.columns import Ints
from freight.dispatch.survey import Shortlist, Survey

WIDER = 4  # so many times as many candidates where those looked at do not prove the optimum
# How often the price of a change is halved towards the least that keeps the budget.
HALVINGS = 24


@dataclasses.dataclass(frozen=True)
class Optimum:
    """The truck of each leg, as its row; -1 for none."""

    chosen: list[int]
    total_minor: int
    # No plan that keeps the budget of changes costs less; equal to the total: it is the optimum.
    bound_minor: int


def optimum(survey: Survey) -> Optimum:
    """The exact optimum where the budget of changes does not bind.

    Where it does, changes are priced until few enough pay: then the least that any plan within
    the budget could cost is known, and how far this one is above it.
    """
    window = _Window(survey)
    most = survey.rules.replan.changes_max
    best = window.solved(0)
    if window.changes(best) <= most:
        return window.told(best, best.total)
    low, high = 0, max(1, survey.rules.replan.change_minor)
    dear = window.solved(high)
    bound = best.total
    while window.changes(dear) > most:
        bound = max(bound, dear.total - high * most)
        low, high = high, high * WIDER
        dear = window.solved(high)
    bound = max(bound, dear.total - high * most)
    for _ in range(HALVINGS):
        if high - low <= 1:
            break
        middle = (low + high) // 2
        tried = window.solved(middle)
        bound = max(bound, tried.total - middle * most)
        if window.changes(tried) > most:
            low = middle
        else:
            high, dear = middle, tried
    return window.told(dear, bound)


def in_turn(survey: Survey) -> list[int]:
    """Each leg by itself, the most urgent first: the cheapest truck that is left."""
    taken: set[int] = set()
    chosen = []
    standing = survey.standing
    kept = {row for row in standing if row >= 0}
    for leg, planned in enumerate(standing):
        row = planned
        if planned < 0:
            row = _first_free(survey, leg, taken | kept if kept else taken)
        if row >= 0:
            taken.add(row)
        chosen.append(row)
    return chosen


def _first_free(survey: Survey, leg: int, taken: set[int]) -> int:
    without = int(survey.world.legs.unassigned[leg])
    found = survey.shortlists[leg]
    while True:
        for row, cost in zip(found.trucks.tolist(), found.cost.tolist(), strict=True):
            if cost >= without:
                return NONE
            if row not in taken:
                return int(row)
        if found.is_whole:
            return NONE
        found = survey.wider(leg, WIDER * len(found.trucks))


class _Window:
    """The arcs of a window, as many as it takes to prove the optimum."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.lists = list(survey.shortlists)
        self.width = [survey.rules.matching.candidates_first] * len(self.lists)
        self.standing = np.array(survey.standing, dtype=np.int64)
        change = survey.rules.replan.change_minor
        self.without = survey.world.legs.unassigned + np.where(self.standing >= 0, change, 0)

    def changes(self, solution: Solution) -> int:
        planned = self.standing >= 0
        return int(np.count_nonzero(solution.column[planned] != self.standing[planned]))

    def solved(self, change: int) -> Solution:
        """With each change costing so much more than the rules say."""
        while True:
            rows = [self._arcs_of(leg, change) for leg in range(len(self.lists))]
            start = np.zeros(len(rows) + 1, dtype=np.int64)
            np.cumsum([len(columns) for columns, _ in rows], out=start[1:])
            without = self.without + np.where(self.standing >= 0, change, 0)
            arcs = Arcs(start, _joined(c for c, _ in rows), _joined(c for _, c in rows), without)
            solution = solve(arcs, len(self.survey.fleet))
            if not self._widen(solution, change):
                return solution

    def _arcs_of(self, leg: int, change: int) -> tuple[Ints, Ints]:
        found, width = self.lists[leg], self.width[leg]
        columns, cost = found.trucks[:width], found.cost[:width]
        planned = int(self.standing[leg])
        if planned < 0 or found.standing_cost is None:
            return columns, cost
        others = columns != planned
        return (
            np.append(columns[others], planned),
            np.append(cost[others] + change, found.standing_cost),
        )

    def _widen(self, solution: Solution, change: int) -> bool:
        """Trucks left out cost at least what the last one that is in does, and no truck's price
        is above zero: so a leg whose own price is not above that needs none of them."""
        missing = False
        for leg, price in enumerate(solution.row_price.tolist()):
            found, width = self.lists[leg], self.width[leg]
            if found.is_whole and width >= len(found.trucks):
                continue
            last = int(found.cost[min(width, len(found.cost)) - 1])
            if price <= last + (change if self.standing[leg] >= 0 else 0):
                continue
            missing = True
            self.width[leg] = width = width * WIDER
            if not found.is_whole and width > len(found.trucks):
                self.lists[leg] = self.survey.wider(leg, width)
        return missing

    def told(self, solution: Solution, bound: int) -> Optimum:
        chosen = solution.column.tolist()
        return Optimum(chosen, self._cost(chosen), bound)

    def _cost(self, chosen: Sequence[int]) -> int:
        without = self.without.tolist()
        return sum(
            without[leg] if row < 0 else self._cost_of(leg, row) for leg, row in enumerate(chosen)
        )

    def _cost_of(self, leg: int, row: int) -> int:
        found: Shortlist = self.lists[leg]
        if row == self.standing[leg] and found.standing_cost is not None:
            return found.standing_cost
        return int(found.cost[np.flatnonzero(found.trucks == row)[0]])


def _joined(columns: Iterable[Ints]) -> Ints:
    return np.concatenate([np.empty(0, dtype=np.int64), *columns])
