"""Teltonika over TCP: captured packets decode to what they say, and what a device is answered."""

from __future__ import annotations

import pytest

from config.policy import policy
from ingest.decode.stream import Given, Kind
from ingest.decode.teltonika import TeltonikaStream, crc16
from tests.ingest.frames import (
    BYTES_MAX,
    CODEC_8,
    CODEC_8_NO_FIX,
    CODEC_8E,
    CODEC_8E_BYTES,
    NOW,
    TELTONIKA_LOGIN,
    codec_packet,
    extra,
    records,
    said_by,
    teltonika,
    values,
)

TS_MS = 1_763_700_000_000


def test_the_checksum_is_crc_16_ibm() -> None:
    assert crc16(b"123456789") == 0xBB3D


def test_a_login_says_the_imei_and_is_answered_with_one_byte() -> None:
    (said,) = teltonika(TELTONIKA_LOGIN)

    assert (said.kind, said.unique_id) == (Kind.LOGIN, "356307042441013")
    assert (said.reply, said.refusal) == (b"\x01", b"\x00")


def test_codec_8_as_captured() -> None:
    (said,) = teltonika(CODEC_8)

    assert values(said) == {
        "ts": 1546604839000,
        "lat": 48.1523066,
        "lon": 16.3745183,
        "altitude_m": 190.0,
        "heading_deg": 198.0,
        "satellites": 15,
        "speed_kmh": 83.0,
        "external_v": 14.233,
        "battery_v": 3.976,
        "odometer_km": 2656.224,
    }
    assert extra(said)["io"] == {
        "240": 1,
        "21": 3,
        "200": 0,
        "1": 1,
        "29": 0,
        "252": 0,
        "66": 14233,
        "24": 83,
        "205": 63501,
        "206": 17007,
        "67": 3976,
        "25": 3000,
        "86": 3000,
        "241": 23201,
        "16": 2656224,
    }
    assert said.reply == b"\x00\x00\x00\x01"


def test_codec_8_extended_as_captured() -> None:
    (said,) = teltonika(CODEC_8E)

    assert values(said) == {
        "ts": 1730890637000,
        "lat": -6.2906716,
        "lon": 106.8097266,
        "altitude_m": 13.0,
        "heading_deg": 0.0,
        "satellites": 4,
        "speed_kmh": 0.0,
        "ignition": False,
        "hdop": 1.7,
        "external_v": 12.458,
        "battery_v": 4.023,
        "odometer_km": 0.329,
    }
    assert extra(said)["io"] == {
        "239": 0,
        "240": 0,
        "21": 5,
        "200": 0,
        "69": 1,
        "10804": 73,
        "10808": 0,
        "181": 19,
        "182": 17,
        "66": 12458,
        "67": 4023,
        "68": 0,
        "10800": 64349,
        "241": 51010,
        "16": 329,
    }


def test_codec_8_extended_keeps_elements_of_any_length() -> None:
    (said,) = teltonika(CODEC_8E_BYTES)

    assert (values(said)["lon"], values(said)["lat"]) == (25.25975, 54.70086)
    assert extra(said)["event"] == 10831
    assert len(bytes.fromhex(extra(said)["io"]["10831"])) == 30


def test_a_record_without_satellites_is_no_position() -> None:
    (said,) = teltonika(CODEC_8_NO_FIX)

    assert said.decoded.rows == []
    assert [bad.reason for bad in said.decoded.bad] == ["no_fix"]
    assert said.reply == b"\x00\x00\x00\x01", "sent again it would say the same"


def test_codec_16_has_wide_ids_and_says_why_a_record_was_made() -> None:
    ts_ms = TS_MS.to_bytes(8, "big")
    place = (738567000).to_bytes(4, "big") + (-185204000).to_bytes(4, "big", signed=True)
    motion = bytes.fromhex("0230 00b6 09 002f")  # altitude 560, heading 182, 9 satellites, 47 km/h
    elements = bytes.fromhex("000b 05 02  01 00ef01  01 004236b0  00 00")
    data = b"\x10\x01" + ts_ms + b"\x01" + place + motion + elements + b"\x01"

    (said,) = teltonika(codec_packet(data))

    told = values(said)
    assert (told["lat"], told["lon"], told["speed_kmh"]) == (-18.5204, 73.8567, 47.0)
    assert (told["ignition"], told["external_v"]) == (True, 14.0)
    assert extra(said) == {
        "event": 11,
        "priority": 1,
        "generation": 5,
        "io": {"239": 1, "66": 14000},
    }


@pytest.mark.parametrize(
    ("event", "value", "priority", "alarm"),
    [
        (252, 1, 0, "power_cut"),
        (246, 1, 0, "tow"),
        (247, 3, 0, "crash"),
        (252, 0, 0, None),
        (0, 1, 2, "panic"),
        (239, 1, 1, None),
    ],
)
def test_the_record_that_tells_the_change_is_the_alarm(
    event: int, value: int, priority: int, alarm: str | None
) -> None:
    head = records(TS_MS)[10:34]  # time up to speed
    body = head[:8] + bytes([priority]) + head[9:] + bytes([event, 1, 1, event, value, 0, 0, 0])

    (said,) = teltonika(codec_packet(b"\x08\x01" + body + b"\x01"))

    assert values(said).get("alarm") == alarm


def test_an_alarm_is_not_lost_in_the_plain_record_of_its_second() -> None:
    plain = records(TS_MS)
    panic = bytearray(plain[8:-4])
    panic[10] = 2  # the priority

    (one,), (other,) = teltonika(plain), teltonika(codec_packet(bytes(panic)))

    assert values(one)["ts"] != values(other)["ts"]
    assert values(other)["ts"] // 1000 == TS_MS // 1000


def test_of_a_packet_the_good_records_are_kept_and_the_bad_ones_named() -> None:
    good, bad = records(TS_MS)[10:-5], records(0)[10:-5]

    (said,) = teltonika(codec_packet(b"\x08\x02" + good + bad + b"\x02"))

    assert len(said.decoded.rows) == 1
    assert said.decoded.bad[0].raw == bad
    assert said.reply == b"\x00\x00\x00\x02"


def test_a_keep_alive_says_nothing() -> None:
    assert [one.kind for one in teltonika(b"\xff\xff" + TELTONIKA_LOGIN + b"\xff")] == [Kind.LOGIN]


def test_a_wrong_checksum_is_answered_with_none_taken_and_the_stream_goes_on() -> None:
    spoilt = bytearray(CODEC_8)
    spoilt[20] ^= 1

    first, second = teltonika(bytes(spoilt) + CODEC_8)

    assert (first.decoded.bad[0].reason, first.reply) == ("checksum", b"\x00\x00\x00\x00")
    assert not first.is_lost
    assert second.decoded.rows


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x07\x01\x00\x01", "codec 0x07 is not known"),
        (b"\x08\x02" + bytes(30) + b"\x01", "2 records at first, 1 at last"),
        (b"\x08\x01" + bytes(10) + b"\x01", "it ends within one of 1 records"),
        (records(TS_MS)[8:-5] + b"\x00\x01", "1 bytes behind the records"),
    ],
)
def test_what_came_whole_and_cannot_be_read_is_not_asked_for_again(data: bytes, why: str) -> None:
    (said,) = teltonika(codec_packet(data))

    assert said.decoded.bad[0].why == why
    assert said.reply == data[1].to_bytes(4, "big")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", "malformed"),
        (b"\x00\x00\x00\x00" + (BYTES_MAX).to_bytes(4, "big"), "too_large"),
        (b"\x00\x0f35630704244101X", "malformed"),
    ],
)
def test_a_stream_without_a_next_frame_is_lost(sent: bytes, reason: str) -> None:
    (said,) = teltonika(sent)

    assert said.is_lost
    assert said.decoded.bad[0].reason == reason


@pytest.mark.parametrize(
    ("codec", "before"), [(0x0C, b""), (0x0D, bytes(4)), (0x0E, bytes.fromhex("0352093081452251"))]
)
def test_an_answer_to_a_command_is_no_position(codec: int, before: bytes) -> None:
    text = before + b"DI1:0 DI2:0"
    body = bytes([codec, 1, 6]) + len(text).to_bytes(4, "big") + text + b"\x01"

    (said,) = teltonika(codec_packet(body))

    assert said.kind is Kind.STATUS
    assert said.answer == "DI1:0 DI2:0"
    assert said.reply == b""


def test_half_a_frame_is_waited_for() -> None:
    stream = TeltonikaStream(BYTES_MAX)
    stream.feed(CODEC_8[:40])

    assert stream.next(Given(policy().dialects, NOW, is_quiet=True)) is None
    assert stream.waiting_bytes == 40
    assert len(said_by(stream, CODEC_8[40:])) == 1
