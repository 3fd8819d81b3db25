"""Teltonika over TCP: the IMEI, then AVL packets of codec 8, 8 extended and 16, each counted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from config.sections.dialects import TeltonikaElements
from ingest.decode.rows import Bad, BadPositionError, Decoded, checked
from ingest.decode.stream import DeviceStream, Given, Kind, Said, fix_time_ms, no_fix, unreadable
from ingest.decode.teltonika_elements import values_of

CODEC_8, CODEC_8E, CODEC_16 = 0x08, 0x8E, 0x10
AVL = (CODEC_8, CODEC_8E, CODEC_16)
# Answers to commands, and where their text begins: 13 puts a time before it, 14 the IMEI.
COMMANDS = {0x0C: 7, 0x0D: 11, 0x0E: 15}
COMMAND = b"\x0c\x01\x05"  # codec 12, one, a command
KEEP_ALIVE = 0xFF
PREAMBLE = b"\x00\x00\x00\x00"
LOGIN = b"\x00\x0f"  # the length of an IMEI
LOGIN_BYTES, IMEI_BYTES = 17, 15  # fixed: the protocol's
HEAD = 8  # preamble and length
AROUND = 12  # those, and the checksum
ACCEPT, REFUSE = b"\x01", b"\x00"
NONE_TAKEN = struct.pack(">I", 0)


def _crc_table() -> tuple[int, ...]:
    """CRC-16/IBM, bit-reflected."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value >> 8) ^ _CRC[(value ^ byte) & 0xFF]
    return value


class TeltonikaStream(DeviceStream):
    """See ingest/decode/stream.py. What is neither login nor packet has no end: we are lost."""

    def next(self, given: Given) -> Said | None:
        buffer = self._buffer
        while buffer and buffer[0] == KEEP_ALIVE:
            del buffer[0]
        head = bytes(buffer[:4])
        if len(head) < 4 and (PREAMBLE.startswith(head) or head[:2] == LOGIN[: len(head)]):
            return None
        if head.startswith(LOGIN):
            return self._login()
        if head == PREAMBLE:
            return self._packet(given.rules.teltonika)
        return self._lost("neither a login nor a packet")

    @staticmethod
    def command(_text: str) -> bytes:
        """Codec 12."""
        text = _text.encode()
        data = COMMAND + struct.pack(">I", len(text)) + text + b"\x01"
        return PREAMBLE + struct.pack(">I", len(data)) + data + struct.pack(">I", crc16(data))

    def _login(self) -> Said | None:
        if len(self._buffer) < LOGIN_BYTES:
            return None
        raw = self._cut(LOGIN_BYTES)
        imei = raw[2:]
        if not imei.isdigit():
            return unreadable(raw, "the login is not an IMEI", reply=REFUSE, is_lost=True)
        return Said(Kind.LOGIN, raw, unique_id=imei.decode("ascii"), reply=ACCEPT, refusal=REFUSE)

    def _packet(self, meaning: TeltonikaElements) -> Said | None:
        if len(self._buffer) < HEAD:
            return None
        size = int.from_bytes(self._buffer[4:8], "big") + AROUND
        if size > self._bytes_max:
            return self._lost(f"a packet of {size} bytes; at most {self._bytes_max}", "too_large")
        if len(self._buffer) < size:
            return None
        raw = self._cut(size)
        data, crc = raw[8:-4], int.from_bytes(raw[-4:], "big")
        if crc16(data) != crc:
            return unreadable(raw, "wrong checksum", reason="checksum", reply=NONE_TAKEN)
        return _read(raw, data, meaning)

    def _lost(self, why: str, reason: str = "malformed") -> Said:
        return unreadable(self.rest(), why, reason=reason, is_lost=True)


class _BadPacketError(ValueError):
    """A packet that came as it was sent, and cannot be read all the same; says why."""


def _read(raw: bytes, data: bytes, meaning: TeltonikaElements) -> Said:
    """Acknowledged even where it cannot be read: sent again, it would say the same."""
    if len(data) < 3:
        return unreadable(raw, "an empty packet", reply=NONE_TAKEN)
    if data[0] in COMMANDS:
        return Said(Kind.STATUS, raw, answer=_text(data))
    reply = struct.pack(">I", data[1])
    try:
        return Said(Kind.FIXES, raw, _records(data, meaning), reply=reply)
    except _BadPacketError as error:
        return unreadable(raw, str(error), reply=reply)


def _records(data: bytes, meaning: TeltonikaElements) -> Decoded:
    codec, count = data[0], data[1]
    if codec not in AVL:
        raise _BadPacketError(f"codec {codec:#04x} is not known")
    if data[-1] != count:
        raise _BadPacketError(f"{count} records at first, {data[-1]} at last")
    decoded = Decoded()
    try:
        end = _read_records(data, codec, decoded, meaning)
    except struct.error:
        raise _BadPacketError(f"it ends within one of {count} records") from None
    if end != len(data) - 1:
        raise _BadPacketError(f"{len(data) - 1 - end} bytes behind the records")
    return decoded


def _text(data: bytes) -> str:
    """An answer: codec, count, type, length, text, count."""
    return data[COMMANDS[data[0]] : -1].decode("utf-8", errors="replace")


def _read_records(data: bytes, codec: int, decoded: Decoded, meaning: TeltonikaElements) -> int:
    """The place behind the last one."""
    at = 2
    for number in range(data[1]):
        begin = at
        record, elements, at = _record(data, at, codec)
        try:
            row = checked(_values(record, elements, meaning))
            decoded.add(row, _extra(record, elements))
        except BadPositionError as error:
            why = f"record {number}: {error}"
            decoded.bad.append(Bad(data[begin:at], why, error.reason))
    return at


_FIXED = struct.Struct(">QBiihHBH")


def _record(data: bytes, at: int, codec: int) -> tuple[dict[str, int], dict[int, Any], int]:
    """One record and the place behind it; struct.error when the data ends before it does."""
    ts_ms, priority, lon, lat, altitude_m, angle, satellites, speed = _FIXED.unpack_from(data, at)
    at += _FIXED.size
    record = {"ts_ms": ts_ms, "priority": priority, "lon": lon, "lat": lat}
    record |= {"altitude_m": altitude_m, "angle": angle, "satellites": satellites, "speed": speed}
    take, where = _taker(data, at)
    id_size = "B" if codec == CODEC_8 else "H"
    count_size = "H" if codec == CODEC_8E else "B"
    record["event"] = take(id_size)
    if codec == CODEC_16:
        record["generation"] = take("B")
    take(count_size)  # of all elements: the groups say it again
    elements: dict[int, Any] = {}
    for width in "BHIQ":
        for _ in range(take(count_size)):
            element = take(id_size)
            elements[element] = take(width)
    if codec == CODEC_8E:
        for _ in range(take("H")):
            element, length = take("H"), take("H")
            elements[element] = take(f"{length}s").hex()
    return record, elements, where()


def _taker(data: bytes, at: int) -> tuple[Callable[[str], Any], Callable[[], int]]:
    def take(form: str) -> Any:
        nonlocal at
        (value,) = struct.unpack_from(">" + form, data, at)
        at += struct.calcsize(">" + form)
        return value

    return take, lambda: at


def _values(
    record: dict[str, int], elements: dict[int, Any], meaning: TeltonikaElements
) -> dict[str, Any]:
    values = values_of(elements, record["event"], record["priority"], meaning)
    alarm = values["alarm"]
    if not record["satellites"] and alarm is None:
        raise no_fix("no satellites, so it is not where the device is")
    return values | {
        "ts": fix_time_ms(record["ts_ms"], alarm),
        "lat": record["lat"] / 1e7,
        "lon": record["lon"] / 1e7,
        "altitude_m": float(record["altitude_m"]),
        "heading_deg": float(record["angle"]),
        "satellites": record["satellites"],
        "speed_kmh": float(record["speed"]),
    }


def _extra(record: dict[str, int], elements: dict[int, Any]) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "event": record["event"],
        "priority": record["priority"],
        "io": {str(element): value for element, value in elements.items()},
    }
    if "generation" in record:
        extra["generation"] = record["generation"]
    if not record["satellites"]:
        # The place is the last known one, or none.
        extra["valid"] = False
    return extra
