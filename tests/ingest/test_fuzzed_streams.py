"""Ten thousand spoilt frames of each dialect over TCP: every one is taken or rejected, and why."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ingest.decode.rows import FIELDS
from ingest.decode.stream import DeviceStream, Kind, Said
from ingest.decode.teltonika import TeltonikaStream
from tests.ingest import frames
from tests.ingest.frames import BYTES_MAX, codec_packet, said_by
from tests.ingest.spoiling import DIALECTS, TELTONIKA, spoilt

FRAMES = 10_000
Stream = Callable[[int], DeviceStream]


def check(said: list[Said]) -> None:
    for one in said:
        assert one.raw
        assert all(bad.raw and bad.why and bad.reason for bad in one.decoded.bad)
        if one.kind is Kind.FIXES:
            assert one.decoded.rows or one.decoded.bad
        if one.kind is Kind.UNREADABLE:
            assert one.decoded.bad
        assert all(len(row) == len(FIELDS) for row in one.decoded.rows)
        assert all(number < len(one.decoded.rows) for number in one.decoded.extras)


@pytest.mark.parametrize(("stream", "good", "end"), DIALECTS)
def test_every_spoilt_frame_is_taken_rejected_or_waited_for(
    stream: Stream, good: list[bytes], end: bytes
) -> None:
    chance = random.Random(140)  # noqa: S311 - a seed
    for _ in range(FRAMES):
        sent = spoilt(chance, good) + end
        one = stream(BYTES_MAX)
        said = said_by(one, sent)

        check(said)
        read = b"".join(piece.raw for piece in said)
        assert len(read) + one.waiting_bytes <= len(sent), "nothing is read twice"
        ignored = len(sent) - len(read) - one.waiting_bytes
        assert ignored <= len(end) + sum(map(sent.count, (b"\xff", b" ", b"\t", b"\r", b"\n"))) + (
            sent.count(b"\x00") + 8
        ), "only what means nothing is passed over"


@pytest.mark.parametrize(("stream", "good", "end"), DIALECTS[1:])
def test_behind_any_rubbish_the_next_frame_is_read(
    stream: Stream, good: list[bytes], end: bytes
) -> None:
    chance = random.Random(16833)  # noqa: S311 - a seed
    for _ in range(FRAMES):
        said = said_by(stream(BYTES_MAX), spoilt(chance, good) + end + good[0] + end)

        check(said)
        assert said[-1].decoded.rows, "the good frame behind it"


def test_a_packet_with_a_right_checksum_may_say_anything() -> None:
    chance = random.Random(16)  # noqa: S311 - a seed
    for _ in range(FRAMES):
        data = bytearray(chance.choice(TELTONIKA[1:])[8:-4])
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)

        said = said_by(TeltonikaStream(BYTES_MAX), codec_packet(bytes(data)) + frames.CODEC_8)

        check(said)
        assert said[-1].decoded.rows, "the good packet behind it"


@pytest.mark.parametrize(("stream", "good", "end"), DIALECTS)
def test_where_the_bytes_are_split_makes_no_difference(
    stream: Stream, good: list[bytes], end: bytes
) -> None:
    sent = b"".join(frame + end for frame in good)
    whole = said_by(stream(BYTES_MAX), sent)

    assert len(whole) == len(good)
    for at in range(len(sent) + 1):
        assert said_by(stream(BYTES_MAX), sent[:at], sent[at:]) == whole
    each = said_by(stream(BYTES_MAX), *(bytes([byte]) for byte in sent))
    assert each == whole
