"""Good frames of each dialect over TCP, and what a network or a broken device makes of them."""

from __future__ import annotations

import random

import pytest

from ingest.decode.ais140 import Ais140Stream
from ingest.decode.queclink import QueclinkStream
from ingest.decode.teltonika import TeltonikaStream
from tests.ingest import frames

TELTONIKA = [
    frames.TELTONIKA_LOGIN,
    frames.CODEC_8,
    frames.CODEC_8E,
    frames.CODEC_8E_BYTES,
    frames.CODEC_8_NO_FIX,
]
AIS140 = [
    frames.AIS140_NORMAL,
    frames.AIS140_SPLIT_TIME,
    frames.AIS140_RLP,
    frames.AIS140_GPSBOX,
    frames.AIS140_SAT,
    frames.AIS140_EMERGENCY,
    frames.AIS140_EMERGENCY_OVER,
    frames.AIS140_LOGIN,
    frames.AIS140_HEALTH,
]
QUECLINK = [
    frames.QUECLINK_FRI,
    frames.QUECLINK_IGN,
    frames.QUECLINK_SOS,
    frames.QUECLINK_HEARTBEAT,
]
DIALECTS = [
    pytest.param(TeltonikaStream, TELTONIKA, b"", id="teltonika"),
    pytest.param(Ais140Stream, AIS140, b"\r\n", id="ais140"),
    pytest.param(QueclinkStream, QUECLINK, b"\r\n", id="queclink"),
]


def spoilt(chance: random.Random, good: list[bytes]) -> bytes:
    frame = bytearray(chance.choice(good))
    match chance.randrange(6):
        case 0:
            return bytes(frame[: chance.randrange(len(frame))])
        case 1:
            return chance.randbytes(chance.randrange(1, 200))
        case 2:
            at = chance.randrange(len(frame))
            return bytes(frame[:at]) + chance.randbytes(chance.randrange(1, 9)) + bytes(frame[at:])
        case 3:
            del frame[chance.randrange(len(frame)) : chance.randrange(len(frame))]
            return bytes(frame)
        case _:
            for _ in range(chance.randrange(1, 5)):
                frame[chance.randrange(len(frame))] = chance.randrange(256)
            return bytes(frame)
