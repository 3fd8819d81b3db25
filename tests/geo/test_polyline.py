"""Encoded polylines: the published examples, any line there and back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.polyline import PolylineError, Precision, decode, encode

LINE = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
PUNE_MUMBAI = [(18.5204, 73.8567), (19.0760, 72.8777)]
places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("points", "precision", "text"),
    [
        (LINE, 5, "_p~iF~ps|U_ulLnnqC_mqNvxq`@"),
        (LINE, 6, "_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI"),
        (PUNE_MUMBAI, 5, "og`pBkcxaMookBve~D"),
        (PUNE_MUMBAI, 6, "_tkib@wjzzkC_d|`@nbwz@"),
        ([], 5, ""),
        ([(0.000005, -0.000005)], 5, "A@"),  # ties go away from zero: 1 and -1
    ],
)
def test_published_examples(
    points: list[tuple[float, float]], precision: Precision, text: str
) -> None:
    assert encode(np.array(points).reshape(-1, 2), precision) == text
    there = decode(text, precision)
    assert there.shape == (len(points), 2)
    assert np.allclose(there, np.array(points).reshape(-1, 2), atol=10.0**-precision)


@given(points=st.lists(places, max_size=30), precision=st.sampled_from([5, 6]))
def test_any_line_comes_back_to_half_a_unit(
    points: list[tuple[float, float]], precision: Precision
) -> None:
    line = np.array(points).reshape(-1, 2)
    back = decode(encode(line, precision), precision)
    assert np.all(np.abs(back - line) <= 0.5000001 * 10.0**-precision)
    assert encode(back, precision) == encode(line, precision)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("_p~iF~ps|U_ulL", 10, "without its longitude"),
        ("_p~iF~ps|U_ul", 10, "middle of a number"),
        ("_p~iF ~ps|U", 5, "' ' is not a character"),
        ("_p~iF\u00e9", 5, "is not a character"),
        ("_______?", 0, "too long"),
        ("_izlhA~rlgdF", 0, "latitude 385 is impossible: is the precision 5?"),
    ],
)
def test_what_is_no_polyline_is_refused_with_its_position(
    text: str, position: int, says: str
) -> None:
    with pytest.raises(PolylineError, match="character") as caught:
        decode(text, 5)
    assert caught.value.position == position
    assert says in caught.value.detail


@given(st.text(st.characters(min_codepoint=48, max_codepoint=130), min_size=1, max_size=40))
def test_any_text_is_read_or_refused_at_one_of_its_characters(text: str) -> None:
    refused = -1
    try:
        points = decode(text, 5)
    except PolylineError as error:
        refused = error.position
        points = np.empty((0, 2))
    assert refused < len(text)
    assert refused >= 0 or len(points) > 0
