"""Plain values written into rows are what numpy reads there."""

from __future__ import annotations

import numpy as np
import pytest

from freight.tracking.columns import LAST_DTYPE, QUIETLY_DTYPE
from freight.tracking.courses import COURSE_DTYPE
from freight.tracking.quiet import BOUNDS_DTYPE
from freight.tracking.row_writer import row_writer


@pytest.mark.parametrize("dtype", [LAST_DTYPE, QUIETLY_DTYPE, COURSE_DTYPE, BOUNDS_DTYPE])
def test_one_row_takes_its_values_and_no_other(dtype: np.dtype[np.void]) -> None:
    rows = np.zeros(3, dtype=dtype)
    values = tuple(range(1, 1 + len(dtype.names or ())))

    row_writer(rows)(1, values)

    assert rows[1].item() == values
    assert not rows[[0, 2]].view(np.uint8).any()


def test_gaps_between_fields_are_refused() -> None:
    gappy = np.dtype([("flag", np.int8), ("value", np.float64)], align=True)

    with pytest.raises(ValueError, match="gaps"):
        row_writer(np.zeros(1, dtype=gappy))
