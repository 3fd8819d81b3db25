"""Windows of messages: what is admitted, what is refused and why, and who gets a receipt."""

from __future__ import annotations

import json

import numpy as np
import pytest

from config.policy import policy
from freight.fixes import Alarm
from ingest.decode.native import decode
from ingest.decode.rows import Bad, Decoded
from ingest.decode.status import read_status
from ingest.messages import Address, Line, Message, Notice, Parcel
from ingest.windows import Window, WindowReader

NOW_MS = 1_763_700_000_000
TOPIC = "v1/acme/trucks/T1/position"
OTHER = "v1/acme/trucks/T2/position"
STATUS = "v1/acme/trucks/T1/status"
T1, T2 = Address("acme", "T1", 7, 101, 0), Address("acme", "T2", 7, 102, 1)
BOOK: dict[str, Line] = {
    TOPIC: Line(T1, decode),
    OTHER: Line(T2, decode),
    STATUS: Line(T1, read_status),
}
LIMITS = policy().ingest.admission


def find(topic: str) -> Line | None:
    return BOOK.get(topic)


def fix(**more: object) -> dict[str, object]:
    return {"ts": NOW_MS - 1000, "lat": 19.0, "lon": 72.8} | more


def read(*bodies: object, topic: str = TOPIC, **limits: object) -> Window:
    """Each body is one message, as JSON or as raw bytes."""
    reader = WindowReader(find, LIMITS.model_copy(update=limits))
    messages = [
        Message(i + 1, topic, b if isinstance(b, bytes) else json.dumps(b).encode(), NOW_MS)
        for i, b in enumerate(bodies)
    ]
    return reader.read(messages, NOW_MS)


def reasons(window: Window) -> list[str]:
    return [one.reason for one in window.refused]


def test_a_fix_becomes_a_row_with_its_owner_and_both_clocks() -> None:
    window = read(fix(speed_kmh=40.5, ignition=True, alarm="tow", satellites=9))

    (row,) = window.by_shard[0].fixes
    assert (row["tenant_key"], row["truck_key"]) == (7, 101)
    assert (row["ts_ms"], row["received_ms"]) == (NOW_MS - 1000, NOW_MS)
    assert (row["speed_kmh"], row["ignition"], row["alarm"]) == (40.5, 1, Alarm.TOW)
    assert np.isnan(row["heading_deg"])


def test_each_shard_gets_its_trucks_and_their_unknown_keys() -> None:
    reader = WindowReader(find, LIMITS)
    bodies = [fix(cargo="rice"), fix(), fix(doors=2)]
    topics = [OTHER, TOPIC, TOPIC]
    messages = [
        Message(i, topic, json.dumps(body).encode(), NOW_MS)
        for i, (topic, body) in enumerate(zip(topics, bodies, strict=True))
    ]

    window = reader.read(messages, NOW_MS)

    assert window.by_shard[0].extras == {1: b'{"doors":2}'}
    assert window.by_shard[1].extras == {0: b'{"cargo":"rice"}'}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"nonsense", "malformed"),
        (fix(lat=91), "malformed"),
        (fix(ts=NOW_MS + 1000 * int(LIMITS.future_s_max) + 1), "future"),
        (fix(ts=NOW_MS - 1000 * int(LIMITS.age_s_max) - 1), "too_old"),
        (b" " * (LIMITS.message_bytes_max + 1), "too_large"),
    ],
)
def test_what_is_not_admitted_is_refused_with_its_reason_and_bytes(
    body: object, reason: str
) -> None:
    window = read(body)

    assert reasons(window) == [reason]
    assert window.by_shard == {}
    assert 0 < len(window.refused[0].raw) <= LIMITS.rejection_raw_bytes_max


def test_a_topic_of_no_truck_is_refused() -> None:
    window = read(fix(), topic="v1/acme/trucks/NOBODY/position")

    assert reasons(window) == ["unknown_truck"]


def test_the_limits_themselves_are_still_admitted() -> None:
    window = read(
        fix(ts=NOW_MS + 1000 * int(LIMITS.future_s_max)),
        fix(ts=NOW_MS - 1000 * int(LIMITS.age_s_max)),
    )

    assert window.fixes == 2


def test_a_device_beyond_its_rate_is_refused_the_rest_and_recovers_with_time() -> None:
    limits = LIMITS.model_copy(update={"device_fixes_burst": 3, "device_fixes_per_s": 1.0})
    reader = WindowReader(find, limits)
    body = json.dumps([fix(ts=NOW_MS - i) for i in range(5)]).encode()
    message = Message(1, TOPIC, body, NOW_MS)

    first = reader.read([message], NOW_MS)
    later = reader.read([message], NOW_MS + 2000)

    assert (first.fixes, reasons(first)) == (3, ["rate", "rate"])
    assert later.fixes == 2


def test_forgetting_full_buckets_changes_no_verdict() -> None:
    reader = WindowReader(find, LIMITS)
    message = Message(1, TOPIC, json.dumps(fix()).encode(), NOW_MS)
    reader.read([message], NOW_MS)

    reader.rates.forget_full(NOW_MS + 60_000)

    assert reader.read([message], NOW_MS + 60_000).fixes == 1


def test_receipts_name_the_admitted_fixes_of_messages_that_ask() -> None:
    asked = [fix(ts=NOW_MS - 3), fix(ts=NOW_MS - 2, ack=True), fix(ts=NOW_MS + 10**9)]

    window = read(asked, fix(ts=NOW_MS - 1))

    assert window.receipts == {T1: [NOW_MS - 3, NOW_MS - 2]}
    assert reasons(window) == ["future"]


def test_other_limits_hold_from_the_next_window_on() -> None:
    reader = WindowReader(find, LIMITS.model_copy(update={"device_fixes_burst": 2}))
    one = Message(1, TOPIC, json.dumps([fix(), fix()]).encode(), NOW_MS)
    assert reader.read([one], NOW_MS).refused == []

    stricter = {"device_fixes_burst": 3, "array_fixes_max": 1}
    reader.judge_by(LIMITS.model_copy(update=stricter))

    assert reasons(reader.read([one], NOW_MS)) == ["malformed"]
    single = Message(2, TOPIC, json.dumps(fix()).encode(), NOW_MS)
    assert reasons(reader.read([single], NOW_MS)) == ["rate"], "what was used up stays so"


def test_a_status_is_a_notice_and_what_it_cannot_be_is_refused() -> None:
    window = read(b"offline", b"gone fishing", topic=STATUS)

    assert window.notices == [Notice(T1, b"offline", NOW_MS)]
    assert reasons(window) == ["malformed"]
    assert (window.fixes, window.by_shard) == (0, {})


def test_parcels_of_other_doors_are_judged_alike() -> None:
    reader = WindowReader(find, LIMITS)
    late = fix(ts=NOW_MS - 1000 * int(LIMITS.age_s_max) - 1)
    bodies = [json.dumps(body).encode() for body in (fix(), late)]
    messages = [Message(0, "http/positions", body, NOW_MS) for body in bodies]
    parcels = [
        Parcel(T1, decode(messages[0].payload, 1), messages[0]),
        Parcel(T2, Decoded(bad=[Bad(b"raw", "no satellites", "no_fix")]), messages[0]),
        Parcel(T2, decode(messages[1].payload, 1), messages[1]),
    ]

    window = reader.read_parcels(parcels, NOW_MS)

    assert window.fixes == 1
    assert {row: one.reason for row, one in window.refused_rows.items()} == {1: "too_old"}
    assert sorted(reasons(window)) == ["no_fix", "too_old"]
