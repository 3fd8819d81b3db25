"""What is news stands by truck and device time; what came late or twice does not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.fixes import FIX_DTYPE
from freight.tracking.columns import TruckColumns
from freight.tracking.order import ordered

SEEN_MS = 20
pairs = st.tuples(st.integers(1, 4), st.integers(1, 60))


@settings(max_examples=200, deadline=None)
@given(st.lists(pairs, max_size=70))
def test_batches_are_sorted_out(drawn: list[tuple[int, int]]) -> None:
    columns = TruckColumns()
    columns.seen_ms[columns.rows_of(np.array([1, 2]))] = SEEN_MS
    given_ = np.zeros(len(drawn), dtype=FIX_DTYPE)
    given_["truck_key"] = [truck for truck, _ in drawn]
    given_["ts_ms"] = [ts_ms for _, ts_ms in drawn]

    found = ordered(given_, columns)

    row_of = {truck: int(columns.rows_of(np.array([truck]))[0]) for truck, _ in drawn}
    first = {pair: i for i, pair in reversed(list(enumerate(drawn)))}  # repetitions come after it
    by_row = sorted(first, key=lambda pair: (row_of[pair[0]], pair[1]))
    late = [pair for pair in by_row if pair[0] in {1, 2} and pair[1] <= SEEN_MS]
    news = [pair for pair in by_row if pair not in late]
    assert found.given_index.tolist() == [first[pair] for pair in news]
    assert found.fixes["ts_ms"].tolist() == [ts_ms for _, ts_ms in news]
    assert found.rows.tolist() == [row_of[truck] for truck, _ in news]
    assert found.older_index.tolist() == [first[pair] for pair in late]
    newest = {truck: i for i, (truck, _) in enumerate(news)}
    assert found.newest.tolist() == sorted(newest.values())
