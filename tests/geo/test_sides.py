"""Sides and meetings of lines against exact fractions, and against shapely."""

from __future__ import annotations

from fractions import Fraction

import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.sides import Place, meet, side

coarse = st.integers(-4, 4).map(float)
any_number = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0.0 or abs(x) > 1e-9)
place = st.tuples(coarse, coarse) | st.tuples(any_number, any_number)


def exact_side(a: Place, b: Place, at: Place) -> int:
    (xa, ya), (xb, yb), (x, y) = ([Fraction(c) for c in corner] for corner in (a, b, at))
    turn = (xb - xa) * (y - ya) - (yb - ya) * (x - xa)
    return (turn > 0) - (turn < 0)


@settings(max_examples=500, deadline=None)
@given(place, place, place)
def test_the_side_is_that_of_exact_fractions(a: Place, b: Place, at: Place) -> None:
    assert side(a, b, at) == exact_side(a, b, at)


@settings(max_examples=500, deadline=None)
@given(place, place, st.integers(0, 1_000), st.sampled_from([0.0, 1e-12, -1e-12, 1e-10]))
def test_a_hair_beside_a_line_is_told_from_on_it(
    a: Place, b: Place, thousandths: int, beside: float
) -> None:
    share = thousandths / 1_000.0
    at = a[0] + share * (b[0] - a[0]) + beside, a[1] + share * (b[1] - a[1])

    assert side(a, b, at) == exact_side(a, b, at)


@settings(max_examples=500, deadline=None)
@given(place, place, place, place)
def test_lines_meet_as_shapely_says(a: Place, b: Place, c: Place, d: Place) -> None:
    assume(a != b and c != d)  # shapely's lines have a length
    one, other = shapely.LineString([a, b]), shapely.LineString([c, d])

    assert meet(a, b, c, d) is bool(one.intersects(other))
