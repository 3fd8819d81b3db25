"""Queclink's messages: captured ones decode to what they say, and each is answered as it wants."""

from __future__ import annotations

import pytest

from config.policy import policy
from ingest.decode.queclink import QueclinkStream
from ingest.decode.stream import Given, Kind
from tests.ingest.frames import (
    BYTES_MAX,
    NOW,
    QUECLINK_FRI,
    QUECLINK_HEARTBEAT,
    QUECLINK_IGN,
    QUECLINK_SOS,
    extra,
    queclink,
    said_by,
    values,
)


def test_a_periodic_report_as_captured() -> None:
    (said,) = queclink(QUECLINK_FRI)

    assert (said.kind, said.unique_id) == (Kind.FIXES, "868487004353181")
    assert values(said) == {
        "ts": 1623134608000,  # 8 June 2021, 06:43:28 UTC; the time of sending is local
        "lat": 22.537178,
        "lon": 114.015515,
        "speed_kmh": 0.0,
        "heading_deg": 0.0,
        "altitude_m": 264.1,
        "odometer_km": 0.0,
        "external_v": 14.051,
        "ignition": True,
        "seq": 0x32DB,
    }
    kept = extra(said)
    assert (kept["report"], kept["battery_pct"], kept["lac"], kept["cell"], kept["sent"]) == (
        *("FRI", 100, "25F8", "061A7D02", "20210608144354"),
    )
    assert said.reply == b"+SACK:32DB$"


def test_an_ignition_report_as_captured() -> None:
    (said,) = queclink(QUECLINK_IGN)

    told = values(said)
    assert (told["ts"], told["lat"], told["lon"]) == (1766368883000, 51.882342, -2.223488)
    assert (told["ignition"], told["odometer_km"], told["heading_deg"]) == (True, 5810.9, 358.0)


def test_an_sos_is_a_panic_and_apart_from_the_plain_fix_of_its_second() -> None:
    (said,) = queclink(QUECLINK_SOS)

    told = values(said)
    assert (told["alarm"], told["hdop"]) == ("panic", 1.0)
    assert told["ts"] // 1000 == 1626263544
    assert told["ts"] != 1626263544000


def test_stored_reports_are_the_same_fixes() -> None:
    (live,), (stored,) = queclink(QUECLINK_FRI), queclink(QUECLINK_FRI.replace(b"RESP", b"BUFF"))

    assert values(live) == values(stored)
    assert extra(stored)["stored"] is True


def test_several_positions_in_one_report() -> None:
    place = b"1,12.5,90,560.0,73.856700,18.520400,2021060806%02d00,0404,0022,2797,11B7,00"
    places = b",".join(place % minute for minute in (41, 42, 43))
    tail = b",19273.0,,,,100,210100,,,,20210608064400,0001$"

    (said,) = queclink(b"+BUFF:GTFRI,350302,868487004353181,,,00,3," + places + tail)

    times = [values(said, number)["ts"] for number in range(3)]
    assert times == [1623134460000, 1623134520000, 1623134580000]
    assert [values(said, number).get("odometer_km") for number in range(3)] == [None, None, 19273.0]


def test_a_heartbeat_is_answered_with_its_counter() -> None:
    (said,) = queclink(QUECLINK_HEARTBEAT)

    assert (said.kind, said.reply) == (Kind.STATUS, b"+SACK:GTHBD,5E0100,1B0B$")


def test_reports_are_not_answered_where_the_installation_does_not_want_it() -> None:
    dialects = policy().dialects
    silent = dialects.queclink.model_copy(update={"acknowledge": False})
    stream = QueclinkStream(BYTES_MAX)
    stream.feed(QUECLINK_FRI + QUECLINK_HEARTBEAT)
    given = Given(dialects.model_copy(update={"queclink": silent}), NOW)

    report, heartbeat = stream.next(given), stream.next(given)

    assert report is not None
    assert heartbeat is not None
    assert (report.reply, heartbeat.reply) == (b"", b"+SACK:GTHBD,5E0100,1B0B$")


def test_a_report_about_the_device_is_kept_for_the_next_fix() -> None:
    about = b"gv600mg,21,898,22,0,20210216104606,1EBE$"

    (said,) = queclink(b"+RESP:GTINF,DC0103,865284049247079," + about)

    assert (said.kind, said.reply) == (Kind.STATUS, b"+SACK:1EBE$")
    assert said.aside["report"]["INF"][:2] == ["gv600mg", "21"]


@pytest.mark.parametrize(
    ("message", "reason", "why"),
    [
        (
            b"+BUFF:GTFRI,2E0503,861106050005423,,,0,1,,,,,,,,,,,,0,0,,98,1,0,,,20200101000001,"
            b"0083$",
            "no_fix",
            "no position",
        ),
        (QUECLINK_FRI.replace(b"20210608064328", b"20210631064328"), "malformed", "not a time"),
        (QUECLINK_FRI.replace(b",22.537178", b",98.537178"), "malformed", "$.lat"),
        (QUECLINK_FRI.replace(b",0.0,0,264.1", b",fast,0,264.1"), "malformed", "speed: 'fast'"),
        (QUECLINK_FRI.replace(b"868487004353181", b"no"), "malformed", "with an IMEI"),
        (b"\xff$", "malformed", "not ASCII"),
        (b"hello$", "malformed", "neither a report"),
    ],
)
def test_what_cannot_be_taken_says_why(message: bytes, reason: str, why: str) -> None:
    (said,) = queclink(message)

    (bad,) = said.decoded.bad
    assert (bad.reason, said.decoded.rows) == (reason, [])
    assert why in bad.why


def test_a_message_cut_short_does_not_take_the_next_one_with_it() -> None:
    broken, whole = queclink(QUECLINK_FRI[:60] + QUECLINK_IGN + b"\r\n")

    assert broken.decoded.bad[0].why == "it breaks off before the next message"
    assert whole.decoded.rows


def test_a_message_without_an_end_is_rejected_at_the_limit() -> None:
    assert queclink(b"+RESP:GTFRI" + b"x" * BYTES_MAX)[0].decoded.bad[0].reason == "too_large"


def test_half_a_message_is_waited_for() -> None:
    stream = QueclinkStream(BYTES_MAX)

    assert said_by(stream, QUECLINK_FRI[:50]) == []
    assert stream.waiting_bytes == 50
    assert len(said_by(stream, QUECLINK_FRI[50:])) == 1
