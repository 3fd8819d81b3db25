"""The native decoder: what it takes, what it refuses and why, and that no key is lost."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decode.native import decode
from ingest.decode.rows import FIELDS, BadPositionError

TS_MS = 1_763_700_000_000
BASE = {"ts": TS_MS, "lat": 19.07, "lon": 72.87}


def one(**more: object) -> bytes:
    return json.dumps(BASE | more).encode()


def test_the_least_a_position_needs_and_what_is_missing_is_not_zero() -> None:
    decoded = decode(one(), 500)

    (row,) = decoded.rows
    assert row == (TS_MS, 19.07, 72.87) + (None,) * 14
    assert (decoded.extras, decoded.bad, decoded.ack) == ({}, [], False)


@pytest.mark.parametrize(
    ("ts", "epoch_ms"),
    [
        (TS_MS, TS_MS),
        (float(TS_MS), TS_MS),
        ("2025-11-21T04:40:00Z", 1_763_700_000_000),
        ("2025-11-21T10:10:00+05:30", 1_763_700_000_000),
        ("2025-11-21T04:40:00.250Z", 1_763_700_000_250),
        ("2025-11-21T04:40:00", 1_763_700_000_000),
        ("20251121T044000Z", 1_763_700_000_000),
    ],
)
def test_times_in_epoch_milliseconds_and_in_iso_8601(ts: object, epoch_ms: int) -> None:
    assert decode(one(ts=ts), 500).rows[0][0] == epoch_ms


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "truncated"),
        (b"not json", "malformed"),
        (b"17", "object"),
        (b"null", "object"),
        (b"[]", "empty"),
        (b'{"ts":1763700000000,"lat":1}', "lon"),
        (one(lat=90.1), "$.lat"),
        (one(lon=-180.5), "$.lon"),
        (one(lat="19"), "$.lat"),
        (one(lat=None), "$.lat"),
        (one(ts=1_763_700_000), "100000000000"),
        (one(ts=1_763_700_000.5), "epoch milliseconds"),
        (one(ts="yesterday"), "ISO 8601"),
        (one(ts=True), "$.ts"),
        (one(speed_kmh=-1), "$.speed_kmh"),
        (one(heading_deg=361), "$.heading_deg"),
        (one(alarm="bored"), "$.alarm"),
        (one(seq=2**70), "$.seq"),
        (b'{"ts":1763700000000,"lat":NaN,"lon":1}', "malformed"),
        (b'{"ts":1763700000000,"lat":1e999,"lon":1}', "out of range"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_bad_messages_are_refused_with_a_reason(payload: bytes, why: str) -> None:
    with pytest.raises(BadPositionError) as refused:
        decode(payload, 500)
    assert why.lower() in str(refused.value).lower()


def test_of_an_array_the_good_fixes_are_kept_and_the_bad_ones_named() -> None:
    payload = json.dumps([BASE, BASE | {"lat": 99}, BASE | {"ts": TS_MS + 1, "ack": True}]).encode()

    decoded = decode(payload, 500)

    assert [row[0] for row in decoded.rows] == [TS_MS, TS_MS + 1]
    ((raw, why, _),) = decoded.bad
    assert json.loads(raw)["lat"] == 99
    assert why.startswith("object 1:")
    assert decoded.ack


def test_an_array_beyond_the_contract_is_refused_whole() -> None:
    with pytest.raises(BadPositionError, match="3 fixes in one array; at most 2"):
        decode(json.dumps([BASE] * 3).encode(), 2)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
unknown = st.dictionaries(st.text(max_size=6).filter(lambda k: k not in FIELDS), values, max_size=4)
known = st.fixed_dictionaries(
    {},
    optional={
        "speed_kmh": st.none() | st.floats(0, 200),
        "ignition": st.none() | st.booleans(),
        "alarm": st.sampled_from([None, "panic", "tow"]),
        "ack": st.booleans(),
        "ts": st.sampled_from([TS_MS, "2025-11-21T04:40:00Z", "2025-11-21T10:10:00+05:30"]),
    },
)


@given(st.lists(st.tuples(known, unknown), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_exactly_the_unknown_keys_are_kept(
    parts: list[tuple[dict[str, Any], dict[str, Any]]], spaced: bool, one_is_bad: bool
) -> None:
    objects = [BASE | ours | theirs for ours, theirs in parts]
    sent = [*objects, {"lat": 1}] if one_is_bad else objects
    separators = (", ", " : ") if spaced else (",", ":")

    decoded = decode(json.dumps(sent, separators=separators).encode(), 500)

    kept = {i: msgspec.json.decode(body) for i, body in decoded.extras.items()}
    assert kept == {i: theirs for i, (_, theirs) in enumerate(parts) if theirs}
    assert len(decoded.rows) == len(objects)


def reason(payload: bytes) -> str | None:
    """Why a message is refused; None when something of it is taken."""
    try:
        decoded = decode(payload, 500)
    except BadPositionError as refused:
        return str(refused)
    return None if decoded.rows else decoded.bad[0].why


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_decoder(payload: bytes) -> None:
    assert reason(payload) != ""


@given(st.data())
def test_no_mutation_of_a_good_message_crashes_the_decoder(data: st.DataObject) -> None:
    payload = bytearray(one(speed_kmh=40.5, ignition=True, extra={"a": [1, {"b": 2}]}))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))

    assert reason(bytes(payload)) != ""
