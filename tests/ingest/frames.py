"""Frames that devices of other dialects really sent, and how to read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from config.policy import policy
from ingest.decode.ais140 import Ais140Stream
from ingest.decode.queclink import QueclinkStream
from ingest.decode.rows import FIELDS
from ingest.decode.stream import DeviceStream, Given, Said
from ingest.decode.teltonika import TeltonikaStream

NOW = datetime(2026, 11, 21, 6, 30, 5, tzinfo=UTC)
BYTES_MAX = policy().tcp.frame_bytes_max

TELTONIKA_LOGIN = b"\x00\x0f356307042441013"
CODEC_8 = bytes.fromhex(
    "000000000000004c08010000016818d500580009c28d9f1cb3757a00be00c60f0053000f06f0011503c80001011d"
    "00fc0007423799180053cdf80dce426f430f88190bb8560bb802f100005aa110002887e000010000ee8d"
)
CODEC_8E = bytes.fromhex(
    "00000000000000628e0100000193011f1ec8003fa9def2fc401ea4000d00000400000000000f000700ef0000f000"
    "00150500c8000045012a34492a3800000600b5001300b60011004230aa00430fb7004400002a30fb5d000200f100"
    "00c74200100000014900000000010000fbff"
)
CODEC_8E_BYTES = bytes.fromhex(
    "000000000000004b8e010000018368952793000f0e54fc209ab05800b300b40e00002a4f00010000000000000000"
    "00012a4f001e011c0001a40110eb47706aa38255aa96f21a154e2d00550d01000e020bd6010000823f"
)
CODEC_8_NO_FIX = bytes.fromhex(
    "000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E0F01"
    "F10000601A014E0000000000000000010000C7CF"
)

AIS140_NORMAL = (
    b"$NRM,ROADRPA,1.7AIS,NR,01,L,869867036345389,,1,25022019,051716,25.12891000,N,75.85587833,E,"
    b"7.6,350.00,14,284.8,1.00,1.00,AIRTEL,1,1,28.0,4.2,0,C,13,404,70,4E3B,3C84,11,4E3B,39B8,08,"
    b"4E3B,3965,07,4E3B,48B5,07,4E3B,3C85,0000,00,000551,71978C6B"
)
AIS140_SPLIT_TIME = (
    b"$,04,XYZ123,0.0.1,TA,16,L,861359034100626,MH12AB1234,1,12,11,2018,08,53,08,018.489645,N,"
    b"073.855972,E,000.0,220.04,12,593.0,01.13,00.75,AIRTEL,1,1,00.0,4.1,1,C,18,404,90,0c23,781a,"
    b"5169,0c23,-093,0000,0000,0000,0000,0000,0000,0000,0000,0000,1000,01,000006,f906c65c,"
)
AIS140_RLP = (
    b"$RLP,N.A,2.1.1,NR,01,L,869867030158879,N.A,14042020,204826,1,28.593055,N,076.970035,E,0.6,"
    b"313.4,16,169.0,0.99,0.64,VODAFONE I,0,1,24.8,4.19,0,C,18,404,11,415,A20A,a20b,415,0,d1db,413,"
    b"0,43f1,413,0,43ef,413,0,0001,00,150689,1076.9,20,*"
)
AIS140_GPSBOX = (
    b"$NMP,GPSBOX,1.6.8,NR,H,868997035844834,0000,1,220519,035419,28.6291409,N,77.3928299,E,015.2,"
    b"157.40,07,197.86,2.1,1.0,airtel,1,1,13.3,4.1,0,O,31,404,10,0099,79b4,(-57,0099,334c,x,x,x,x,"
    b"x,x,x,x,x),0012,00,000348,2,08.4,00.3,(0,0,0),CD*"
)
AIS140_SAT = (
    b"$,ID01,SAT,1.0.0,NR,1,L,868345034056903,DL3CAB1021,1,27052019,040234,28.359895,N,76.927879,E,"
    b"0.0,285.6,12,254.9,1.4,0.7,IDEA,1,1,12.6,3.8,0,25,404,04,0138,0927,4ECD,0138,41,1C2B,0138,37,"
    b"D77A,0138,34,D843,0138,33,0000,00,0.03,0.00,000091,A3,*"
)
AIS140_EMERGENCY = (
    b"$EPB,EMR,869867036066035,NM,03042019,192008,V,000.00000000,N,000.00000000,E,0000000000.0,"
    b"0000.0,00.000,G,,0,404,22,ECFB,36EF*226F7BD1"
)
AIS140_EMERGENCY_OVER = (
    b"$,EPB,SEM,868997031721531,NM,14072020112020,A,28.359959,N,076.927566,E,260.93,0.1,0.0,G,"
    b"NA00000000,N.A0000000,*"
)
AIS140_LOGIN = b"$LGN,OD00AB1234,866772041471415,FIRMWAREVER1.0,AIS140,30.10145,78.28998,DDE3220E*"
AIS140_HEALTH = b"$,101,APM,1.0.9,869247046143589,100,30,0,10,60,1000,0.4,0.4,*"

QUECLINK_FRI = (
    b"+RESP:GTFRI,DF0200,868487004353181,cv100,14051,10,1,0,0.0,0,264.1,114.015515,22.537178,"
    b"20210608064328,0460,0001,25F8,061A7D02,,0.0,,,,100,21,,,,20210608144354,32DB$"
)
QUECLINK_IGN = (
    b"+RESP:GTIGN,BD0221,861778061565387,CV200,,0,140944,0,0.0,358,17.6,-2.223488,51.882342,"
    b"20251222020123,0234,0015,6093,000F830E,,,5810.9,20251222070035,20251222070035,C60E$"
)
QUECLINK_SOS = (
    b"+RESP:GTSOS,DF0200,868487004358800,cv100,,00,1,1,0.0,0,138.0,114.015465,22.537372,"
    b"20210714115224,0460,0001,25F8,061A7D02,,,20210714195224,20210714195224,03A6$"
)
QUECLINK_HEARTBEAT = b"+ACK:GTHBD,5E0100,861971050039361,,20220302220948,1B0B$"


def teltonika(frame: bytes) -> list[Said]:
    return said_by(TeltonikaStream(BYTES_MAX), frame)


def ais140(frame: bytes) -> list[Said]:
    return said_by(Ais140Stream(BYTES_MAX), frame)


def queclink(frame: bytes) -> list[Said]:
    return said_by(QueclinkStream(BYTES_MAX), frame)


def said_by(stream: DeviceStream, *parts: bytes) -> list[Said]:
    """Whatever the stream makes of the parts, and of the quiet behind them."""
    said: list[Said] = []
    for number, part in enumerate(parts, start=1):
        stream.feed(part)
        given = Given(policy().dialects, NOW, is_quiet=number == len(parts))
        while (one := stream.next(given)) is not None:
            said.append(one)
    return said


def values(said: Said, number: int = 0) -> dict[str, Any]:
    """What a row says, without what it leaves out."""
    row = said.decoded.rows[number]
    return {name: v for name, v in zip(FIELDS, row, strict=True) if v is not None}


def extra(said: Said, number: int = 0) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(said.decoded.extras[number])
    return decoded


def codec_packet(data: bytes) -> bytes:
    """A Teltonika packet around these bytes, with the right checksum."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return b"\x00\x00\x00\x00" + len(data).to_bytes(4, "big") + data + crc.to_bytes(4, "big")


def records(*times_ms: int, codec: int = 0x08, satellites: int = 9) -> bytes:
    """A packet of plain fixes at Pune, one for each time."""
    count = bytes([len(times_ms)])
    body = b"".join(
        ts_ms.to_bytes(8, "big")
        + b"\x00"
        + (738567000).to_bytes(4, "big")
        + (185204000).to_bytes(4, "big")
        + (560).to_bytes(2, "big")
        + (182).to_bytes(2, "big")
        + bytes([satellites])
        + (47).to_bytes(2, "big")
        + bytes(6)  # no event, no elements in any of the four groups
        for ts_ms in times_ms
    )
    return codec_packet(bytes([codec]) + count + body + count)
