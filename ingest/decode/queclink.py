"""Queclink's @Track in ASCII over TCP: reports live and stored, answers, heartbeats."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from config.sections.dialects import Queclink
from ingest.decode.rows import Bad, BadPositionError, Decoded, Row, checked
from ingest.decode.stream import DeviceStream, Given, Kind, Said, fix_time_ms, no_fix, unreadable

END = b"$"
WHITE = b" \t\r\n\x00"
ANSWER, STORED = "ACK", "BUFF"
HEARTBEAT = "HBD"
# Where the truck's voltage stands, in the reports that tell it.
VOLTAGE_AT = {"FRI": 4, "ERI": 5}
BEGIN = re.compile(rb"\+(?:RESP|BUFF|ACK):GT")
_HEAD = re.compile(r"\+(RESP|BUFF|ACK):GT([A-Z0-9]{3})", re.ASCII)
_COMMAND = re.compile(r"AT\+GT[ -#%-~]*\$", re.ASCII)
_IMEI = re.compile(r"\d{15}", re.ASCII)
_COUNT = re.compile(r"[0-9A-Fa-f]{4}", re.ASCII)
# A place among the fields: accuracy, speed, azimuth and altitude before it, its time behind it.
_LON = re.compile(r"-?\d{1,3}\.\d{1,8}", re.ASCII)
_LAT = re.compile(r"-?\d{1,2}\.\d{1,8}", re.ASCII)
_TIME = re.compile(r"\d{14}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,8})?", re.ASCII)
_MILEAGE = re.compile(r"\d{1,7}\.\d", re.ASCII)
_STATE = re.compile(r"[0-9A-F]{6}", re.ASCII)
BEFORE_LON, FIRST_FIELD = 4, 3
MILEAGE_BEHIND, STATES_BEHIND, SHORT_STATE_BEHIND = range(7, 10), range(9, 17), 13
CELL = {"mcc": 3, "mnc": 4, "lac": 5, "cell": 6}
TAIL = 2  # the time of sending and the counter


class QueclinkStream(DeviceStream):
    """See ingest/decode/stream.py. Every message ends with `$`; where a new one begins inside of
    another, the first was cut short."""

    def next(self, given: Given) -> Said | None:
        buffer = self._buffer
        rest = buffer.lstrip(WHITE)
        del buffer[: len(buffer) - len(rest)]
        end = buffer.find(END) + 1
        if not end:
            if len(buffer) <= self._bytes_max:
                return None
            raw = self._cut(len(buffer))
            return unreadable(raw, f"over {self._bytes_max} bytes", reason="too_large")
        begin = BEGIN.search(buffer, 1, end)
        if begin is not None:
            return unreadable(self._cut(begin.start()), "it breaks off before the next message")
        return read(self._cut(end), given)

    @staticmethod
    def command(_text: str) -> bytes | None:
        """Its text is the whole of it: `AT+GT...$`."""
        is_whole = _COMMAND.fullmatch(_text) is not None
        return _text.encode() if is_whole else None


def read(raw: bytes, given: Given) -> Said:
    """One message up to its `$`."""
    rules = given.rules.queclink
    try:
        fields = raw.decode("ascii").removesuffix("$").split(",")
    except UnicodeDecodeError:
        return unreadable(raw, "not ASCII")
    head = _HEAD.fullmatch(fields[0])
    counter = fields[-1]
    reply = b""
    if rules.acknowledge and _COUNT.fullmatch(counter):
        reply = f"+SACK:{counter}$".encode()
    if head is None or len(fields) < FIRST_FIELD + TAIL or not _IMEI.fullmatch(fields[2]):
        return unreadable(raw, "neither a report nor an answer with an IMEI", reply=reply)
    form, report, imei = head[1], head[2], fields[2]
    if form == ANSWER:
        return _answer(raw, fields, report)
    places = _places(fields)
    if not places and report in rules.statuses:
        told = {"report": {report: fields[FIRST_FIELD:-TAIL]}}
        return Said(Kind.STATUS, raw, unique_id=imei, reply=reply, aside=told)
    decoded = _decoded(raw, fields, places, report, rules)
    return Said(Kind.FIXES, raw, decoded, unique_id=imei, reply=reply)


def _answer(raw: bytes, fields: list[str], report: str) -> Said:
    """A heartbeat is answered always: a device that hears nothing connects anew."""
    imei = fields[2]
    if report == HEARTBEAT:
        reply = f"+SACK:GTHBD,{fields[1]},{fields[-1]}$".encode()
        return Said(Kind.STATUS, raw, unique_id=imei, reply=reply)
    told = ",".join((report, *fields[FIRST_FIELD:-TAIL]))
    return Said(Kind.STATUS, raw, unique_id=imei, answer=told)


def _places(fields: list[str]) -> list[int]:
    """Where longitudes stand. Models differ in what is before and behind, not in a place."""
    return [
        at
        for at in range(FIRST_FIELD + BEFORE_LON, len(fields) - TAIL)
        if _LON.fullmatch(fields[at])
        and _LAT.fullmatch(fields[at + 1])
        and _TIME.fullmatch(fields[at + 2])
    ]


def _decoded(
    raw: bytes, fields: list[str], places: list[int], report: str, rules: Queclink
) -> Decoded:
    decoded = Decoded()
    if not places:
        error = no_fix("no position in it")
        decoded.bad.append(Bad(raw, str(error), error.reason))
    for at in places:
        # What is said once is said of the newest.
        is_last = at == places[-1]
        try:
            values = _of_message(fields, at, report, rules) if is_last else {}
            decoded.add(_row(fields, at, values), _extra(fields, at, report, is_last=is_last))
        except BadPositionError as error:
            decoded.bad.append(Bad(raw, str(error), error.reason))
    return decoded


def _row(fields: list[str], at: int, values: dict[str, Any]) -> Row:
    accuracy, speed, heading, altitude = fields[at - BEFORE_LON : at]
    return checked(
        values
        | {
            "ts": fix_time_ms(_time_ms(fields[at + 2]), values.get("alarm")),
            "lat": float(fields[at + 1]),
            "lon": float(fields[at]),
            "speed_kmh": _number("speed", speed),
            "heading_deg": _number("azimuth", heading),
            "altitude_m": _number("altitude", altitude),
            # 0: where it was last.
            "hdop": _number("accuracy", accuracy) or None,
        }
    )


def _of_message(fields: list[str], at: int, report: str, rules: Queclink) -> dict[str, Any]:
    """What stands once in a report."""
    values: dict[str, Any] = {"alarm": rules.alarms.get(report)}
    counter = fields[-1]
    if _COUNT.fullmatch(counter):
        values["seq"] = int(counter, 16)
    power = fields[VOLTAGE_AT.get(report, 0)]
    if power.isascii() and power.isdigit() and int(power[:6]) >= rules.external_mv_min:
        values["external_v"] = int(power[:6]) / 1000
    behind = fields[at:-TAIL]
    for place in MILEAGE_BEHIND:
        if place < len(behind) and _MILEAGE.fullmatch(behind[place]):
            values["odometer_km"] = float(behind[place])
            break
    ignition = rules.ignition.get(report)
    values["ignition"] = rules.states.get(_state(behind)[1][:2]) if ignition is None else ignition
    return values


def _state(behind: list[str]) -> tuple[str, str]:
    """What stands before it, the device's battery in per cent, and the state: six hexadecimal
    digits, of which the first two are the ignition's; old models send only these."""
    places = [at for at in STATES_BEHIND if at < len(behind) and _STATE.fullmatch(behind[at])]
    at = places[0] if places else SHORT_STATE_BEHIND
    return (behind[at - 1], behind[at]) if at < len(behind) else ("", "")


def _extra(fields: list[str], at: int, report: str, *, is_last: bool) -> dict[str, Any]:
    extra: dict[str, Any] = {"report": report}
    if fields[0].startswith(f"+{STORED}"):
        extra["stored"] = True
    for name, place in CELL.items():
        if at + place < len(fields) - TAIL and fields[at + place]:
            extra[name] = fields[at + place]
    if fields[at - BEFORE_LON] == "0":
        extra["valid"] = False
    if is_last:
        extra["sent"] = fields[-TAIL]
        battery, state = _state(fields[at:-TAIL])
        if state and battery.isdigit():
            extra["battery_pct"] = int(battery[:3])
        first_place = fields[FIRST_FIELD : at - BEFORE_LON]
        more = fields[at + max(CELL.values()) + 1 : -TAIL]
        extra |= {name: rest for name, rest in (("head", first_place), ("more", more)) if any(rest)}
    return extra


def _number(name: str, text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadPositionError(f"{name}: {text[:40]!r} is not a number")
    return float(text)


def _time_ms(digits: str) -> int:
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadPositionError(f"{digits!r} is not a time") from None
    return round(moment.timestamp() * 1000)
