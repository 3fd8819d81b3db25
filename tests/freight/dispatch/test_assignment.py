"""The sparse assignment against scipy's dense one, and the prices that prove it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from freight.dispatch.assignment import NONE, Arcs, solve

NEVER = 10**12


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Costs by row and column, NEVER where there is no arc; and of leaving each row."""
    rows, columns = draw(st.integers(0, 8)), draw(st.integers(1, 8))
    cost = st.integers(-20, 60) | st.just(NEVER)
    cells = draw(st.lists(cost, min_size=rows * columns, max_size=rows * columns))
    without = draw(st.lists(st.integers(-10, 70), min_size=rows, max_size=rows))
    dense = np.array(cells, dtype=np.int64).reshape(rows, columns)
    return dense, np.array(without, dtype=np.int64)


def arcs_of(dense: np.ndarray, without: np.ndarray) -> Arcs:
    rows, columns = np.nonzero(dense < NEVER)
    start = np.searchsorted(rows, np.arange(len(dense) + 1)).astype(np.int64)
    return Arcs(start, columns.astype(np.int64), dense[rows, columns], without)


def holds(dense: np.ndarray, without: np.ndarray) -> int:
    """That the solution is one, and that its prices prove it; its total."""
    solution = solve(arcs_of(dense, without), dense.shape[1])
    used = solution.column[solution.column != NONE]
    assert len(set(used.tolist())) == len(used)
    paid = np.where(solution.column == NONE, without, dense[np.arange(len(dense)), solution.column])
    reduced = dense - solution.row_price[:, None] - solution.column_price[None, :]
    assert (reduced >= 0).all()
    assert (solution.row_price <= without).all()
    assert (solution.column_price <= 0).all()
    assert (np.delete(solution.column_price, used) == 0).all()
    assert paid.sum() == solution.total
    return solution.total


def densely(dense: np.ndarray, without: np.ndarray) -> int:
    rows, columns = dense.shape
    whole = np.full((rows, columns + rows), NEVER, dtype=np.int64)
    whole[:, :columns] = dense
    whole[np.arange(rows), columns + np.arange(rows)] = without
    return int(whole[linear_sum_assignment(whole)].sum())


@settings(max_examples=300, deadline=None)
@given(problems())
def test_it_costs_what_the_dense_one_costs(problem: tuple[np.ndarray, np.ndarray]) -> None:
    assert holds(*problem) == densely(*problem)


def test_a_crowd_before_a_few_trucks() -> None:
    rng = np.random.default_rng(5)
    dense = rng.integers(0, 1_000_000, (300, 120))
    dense[rng.random(dense.shape) < 0.6] = NEVER
    without = rng.integers(200_000, 900_000, 300)

    assert holds(dense, without) == densely(dense, without)
