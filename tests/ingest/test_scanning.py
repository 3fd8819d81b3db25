"""What the compiled loop makes of position messages is what `native` makes of them, or nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.mqtt_wire import fix_json
from ingest.columns import Rows, columns_of
from ingest.decode.native import decode
from ingest.decode.rows import EPOCH_MS_MAX, EPOCH_MS_MIN, FIELDS, BadPositionError
from ingest.decode.scanning import scanned
from ingest.messages import Address, Message
from ingest.windows import NO_FIXES

AT_MS = 1_763_700_000_000
FIXES_MAX = 500
NOBODY = Address("", "", 0, 0, 0)
FULL = {
    "ts": AT_MS,
    "lat": 19.0761,
    "lon": -72.8777,
    "speed_kmh": 54.3,
    "heading_deg": 359.9,
    "accuracy_m": 4.5,
    "altitude_m": -12.0,
    "odometer_km": 120034.55,
    "hdop": 0.9,
    "battery_v": 12,
    "external_v": 24.8,
    "fuel_pct": 61.5,
    "seq": 4711,
    "satellites": 11,
    "ignition": True,
    "alarm": None,
    "ack": True,
}


def natively(payload: bytes) -> tuple[bytes, bool] | None:
    """The rows of a message that is good all through and knows no other keys, and `ack`."""
    try:
        decoded = decode(payload, FIXES_MAX)
    except BadPositionError:
        return None
    if decoded.bad or decoded.extras:
        return None
    rows = Rows()
    rows.take(decoded, NOBODY, Message(0, "", payload, 0))
    return columns_of(rows, NO_FIXES).fixes.tobytes(), decoded.ack


def agrees(payload: bytes) -> bool:
    """Whether the message was read; that it was read as it should be."""
    fixes, (count,), (asks,) = scanned([payload], FIXES_MAX)
    if count < 0:
        return False
    assert count == len(fixes) > 0
    assert (fixes.tobytes(), asks) == natively(payload)
    return True


def body(**more: object) -> bytes:
    return json.dumps({"ts": AT_MS, "lat": 19.0, "lon": 72.8} | more).encode()


def test_every_field_is_read() -> None:
    assert set(FULL) == set(FIELDS)
    assert agrees(json.dumps(FULL).encode())
    assert agrees(json.dumps([FULL, FULL | {"ts": AT_MS + 1, "ack": False}]).encode())
    assert agrees(json.dumps(dict(reversed(FULL.items())), indent=2).encode())


def test_what_devices_and_our_simulator_send_is_common() -> None:
    fixes = [fix_json(19.1 + i, 72.8, 12.5, i).replace(b"0" * 13, b"%d" % AT_MS) for i in range(20)]

    assert all(agrees(one) for one in fixes)
    assert agrees(b"[" + b", ".join(fixes) + b"]\n")


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b" ",
        b"[]",
        b"[",
        b"{}",
        b"{",
        b'{"ts"',
        b'{"ts":',
        b'{"ts":1763700000000,"lat":19.0}',
        body() + b",",
        body() + body(),
        b"[" + body() + b",]",
        b"[" + body(),
        b"[[" + body() + b"]]",
        b"\xef\xbb\xbf" + body(),
        body(cargo="rice"),
        body(alarm="panic"),
        body(ignition="true"),
        body(ts="2026-01-01T00:00:00Z"),
        body(ts=1.7637e12),
        body(ts=AT_MS + 0.5),
        body(ts=EPOCH_MS_MIN - 1),
        body(ts=EPOCH_MS_MAX + 1),
        body(ts=None),
        body(lat=90.1),
        body(lat=-91),
        body(lon=181),
        body(seq=-1),
        body(seq=10**18),
        body(seq=10**25),
        body(satellites=9.0),
        body(satellites=1001),
        body(fuel_pct=100.5),
        body(speed_kmh=-1),
        body(speed_kmh=2**53 + 1),
        body(speed_kmh=float("nan")),
        body(altitude_m=float("inf")),
        body().replace(b"19.0", b"019.0"),
        body().replace(b"19.0", b"19."),
        body().replace(b"19.0", b".5"),
        body().replace(b"19.0", b"-0"),
        body().replace(b"19.0", b"+19"),
        body().replace(b"19.0", b"1e1"),
        body().replace(b"19.0", b"-"),
        body().replace(b'"lat"', b'"l\\u0061t"'),
        body().replace(b'"lon": 72.8', b'"lat": 72.8'),
        body().replace(b"}", b',"lat":1.0}'),
        body().replace(b"}", b',"ignition":tru}'),
        body().replace(b"}", b',"ignition":nul}'),
        body().replace(b"}", b',"ignition":t'),
        b"[" + b",".join([body()] * (FIXES_MAX + 1)) + b"]",
        b"{" * 1000,
    ],
)
def test_what_is_uncommon_or_bad_is_left_to_the_other_decoder(given: bytes) -> None:
    assert not agrees(given)


@pytest.mark.parametrize(
    "given",
    [
        body(ts=EPOCH_MS_MIN),
        body(ts=EPOCH_MS_MAX),
        body(lat=-90, lon=180),
        body(lat=90, lon=-180),
        body().replace(b"19.0", b"-0.0"),
        body().replace(b"19.0", b"0"),
        body().replace(b"19.0", b"0.1000000000000000"),
        body(seq=10**18 - 1, satellites=1000, fuel_pct=100),
        body(speed_kmh=2**53, heading_deg=360, hdop=0),
        body(ignition=None, alarm=None, ack=None, seq=None),
        b"\r\n\t " + body() + b"\t\n",
        b"[" + b",".join([body()] * FIXES_MAX) + b"]",
    ],
)
def test_the_limits_themselves_are_common(given: bytes) -> None:
    assert agrees(given)


DIGITS = st.text("0123456789", max_size=20)
NUMBERS = st.builds(
    lambda sign, whole, part, power: sign + whole + part + power,
    st.sampled_from(["", "", "-"]),
    DIGITS,
    st.one_of(st.just(""), DIGITS.map(lambda digits: "." + digits)),
    st.sampled_from(["", "", "", "", "e2", "E-1"]),
)
VALUES = st.one_of(NUMBERS, st.sampled_from(["true", "false", "null", '"tow"', "[]", "{}", "1"]))


@settings(max_examples=600)
@given(st.dictionaries(st.sampled_from([*FIELDS, "cargo", "la", "ts "]), VALUES, max_size=17))
@example({"lat": "0.30000000000000004", "lon": "-0.1"})
def test_any_object_is_read_the_same_or_left(fields: dict[str, str]) -> None:
    said = {"ts": str(AT_MS), "lat": "19.1", "lon": "72.8"} | fields
    agrees(("{" + ",".join(f'"{name}":{value}' for name, value in said.items()) + "}").encode())


@settings(max_examples=300)
@given(st.floats(-90, 90), st.floats(0, 1e9), st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_comes_out_to_the_last_bit(lat: float, odometer: float, volts: float) -> None:
    agrees(body(lat=lat, odometer_km=odometer, battery_v=volts))


def test_spoilt_bytes_are_read_the_same_or_left() -> None:
    rng = random.Random(7)  # noqa: S311 - the same spoilt bytes every time
    whole = json.dumps([FULL, FULL]).encode()
    for _ in range(20_000):
        spoilt = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(spoilt))
            spoilt[at : at + rng.randint(0, 2)] = rng.choice(
                [b"", b"0", b"-", b".", b",", b"}", b'"', b" ", bytes([rng.randrange(256)])]
            )
        agrees(bytes(spoilt))


def test_messages_of_a_window_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(3)
    kinds: list[bytes] = [
        body(),
        json.dumps(FULL).encode(),
        json.dumps([FULL] * 3).encode(),
        body(cargo="rice"),
        b"nonsense {{{",
        b'[{"ts":1763700000000,"lat":1,"lon":2},{"ts":',
    ]
    for _ in range(200):
        chosen = [kinds[i] for i in rng.integers(0, len(kinds), rng.integers(0, 12))]
        alone = [scanned([one], FIXES_MAX) for one in chosen]

        together = scanned(chosen, FIXES_MAX)

        assert together.counts == [one.counts[0] for one in alone]
        assert together.asks == [one.asks[0] for one in alone]
        assert together.fixes.tobytes() == b"".join(one.fixes.tobytes() for one in alone)


def test_there_is_room_for_fixes_as_short_as_can_be() -> None:
    shortest = b'{"ts":%d,"lat":1,"lon":1}' % EPOCH_MS_MIN
    fixes, counts, _ = scanned([b"[" + b",".join([shortest] * 40) + b"]", shortest], FIXES_MAX)

    assert counts == [40, 1]
    assert len(fixes) == 41


def test_no_more_rows_are_held_ready_than_messages_may_have() -> None:
    found: Any = scanned([b"{" * 200_000], FIXES_MAX).fixes

    assert found.base.size <= FIXES_MAX
