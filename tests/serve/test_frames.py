"""The positions frame: what is encoded comes out again, and damaged bytes are refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.live import frames

U32 = st.integers(0, 2**32 - 1)
I32 = st.integers(-(2**31), 2**31 - 1)
U16 = st.integers(0, 2**16 - 1)
ROW = st.tuples(U32, I32, I32, U16, U16, I32, st.integers(0, 4))
NAMES = st.lists(
    st.tuples(U32, st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)),
    max_size=8,
    unique_by=lambda pair: pair[0],
)


def encoded(rows: list[tuple[int, ...]], names: list[tuple[int, str]], **header: object) -> bytes:
    table = np.array(rows, frames.FRAME_DTYPE)
    return frames.encode(
        seq=int(str(header.get("seq", 1))),
        base_ts_ms=float(str(header.get("base_ts_ms", 0.0))),
        is_snapshot=bool(header.get("is_snapshot", False)),
        name_entries=[frames.name_entry(handle, name) for handle, name in names],
        columns=[np.ascontiguousarray(table[name]) for name, _ in frames.COLUMNS],
    )


@given(
    rows=st.lists(ROW, max_size=20),
    names=NAMES,
    seq=st.integers(0, 2**64 - 1),
    base_ts_ms=st.floats(0, 1e15),
    is_snapshot=st.booleans(),
)
def test_what_is_encoded_is_decoded(
    rows: list[tuple[int, ...]],
    names: list[tuple[int, str]],
    seq: int,
    base_ts_ms: float,
    is_snapshot: bool,
) -> None:
    raw = encoded(rows, names, seq=seq, base_ts_ms=base_ts_ms, is_snapshot=is_snapshot)

    frame = frames.decode(raw)

    assert [tuple(row) for row in frame.rows.tolist()] == rows
    assert frame.names == dict(names)
    assert (frame.seq, frame.base_ts_ms, frame.is_snapshot) == (seq, base_ts_ms, is_snapshot)
    assert len(raw) % frames.ALIGNMENT == 0


@given(rows=st.lists(ROW, max_size=5), names=NAMES, cut=st.integers(1, 40))
def test_a_frame_that_is_cut_off_is_refused(
    rows: list[tuple[int, ...]], names: list[tuple[int, str]], cut: int
) -> None:
    raw = encoded(rows, names)

    with pytest.raises(frames.FrameError):
        frames.decode(raw[: max(0, len(raw) - cut)])


def test_columns_are_where_the_page_says() -> None:
    raw = encoded([(7, 190760000, 728777000, 432, 915, 1500, 1)], [(7, "TRK-1")], seq=3)

    assert raw[:4] == b"UT\x01\x00"
    assert raw[28:38] == b"\x07\x00\x00\x00\x05TRK-1"
    assert int.from_bytes(raw[40:44], "little") == 7
    assert int.from_bytes(raw[44:48], "little") == 190760000
    assert len(raw) == 40 + 4 + 4 + 4 + 4 + 4 + 4 + 4


@given(st.binary(max_size=80))
def test_any_bytes_give_a_frame_or_a_frame_error(raw: bytes) -> None:
    with contextlib.suppress(frames.FrameError):
        assert len(frames.decode(raw).rows) * frames.ROW_BYTES <= len(raw)
