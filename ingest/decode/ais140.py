"""AIS-140 over TCP: login, health, heartbeat, positions and emergencies, as each vendor writes."""

from __future__ import annotations

import re
from typing import Any

from config.sections.dialects import Ais140, Ais140Profile
from ingest.decode.ais140_fields import (
    behind_outputs,
    crc32_agrees,
    degrees,
    imei_of,
    is_imei,
    named,
    number,
    plain_number,
    time_of,
)
from ingest.decode.rows import Bad, BadPositionError, Decoded, Row, checked
from ingest.decode.stream import DeviceStream, Given, Kind, Said, fix_time_ms, no_fix, unreadable

START = b"$"
WHITE = b" \t\r\n\x00"
EMERGENCIES = ("EMR", "SEM")  # begins or goes on, ends
EMERGENCY_WITHIN = 4  # fields, of which vendors put one or two before it
EMERGENCY_FIELDS = (
    *("what", "imei", "status", "time", "fix", "lat", "ns", "lon", "ew"),
    *("altitude", "speed", "distance", "provider", "registration", "reply_to"),
)
# Fields that are wholly in a row, or only say how to read others.
IN_ROW = frozenset(
    (
        *("imei", "fix", "time", "lat", "ns", "lon", "ew", "speed", "heading", "satellites"),
        *("altitude", "hdop", "ignition", "external_v", "battery_v"),
    )
)
IN_ROW_IF_NUMBERS = ("frame", "odometer")
BITS = frozenset({"inputs", "outputs"})
_LINE_END = re.compile(rb"[\r\n]")
_WITH_CRC32 = re.compile(rb"\*[0-9A-Fa-f]{8}")
# What may still come of a packet that was taken as complete at its star.
_LATE_CHECKSUM = re.compile(rb"[0-9A-Fa-f]{0,8}[*,\s\x00]*")


class Ais140Stream(DeviceStream):
    """See ingest/decode/stream.py. A packet ends with its line, before the next `$`, or at its
    star with a checksum; only quiet tells that a bare star was the end."""

    def next(self, given: Given) -> Said | None:
        while True:
            self._drop_white()
            if not self._buffer:
                return None
            is_packet = self._buffer.startswith(START)
            end = self._end(is_quiet=given.is_quiet)
            if end is None:
                if len(self._buffer) <= self._bytes_max:
                    return None
                raw = self.rest()
                return unreadable(raw, f"over {self._bytes_max} bytes", reason="too_large")
            raw = self._cut(end)
            if is_packet:
                return read(raw, given)
            if not _LATE_CHECKSUM.fullmatch(raw):
                return unreadable(raw, "no packet begins here")

    def _drop_white(self) -> None:
        rest = self._buffer.lstrip(WHITE)
        del self._buffer[: len(self._buffer) - len(rest)]

    def _end(self, *, is_quiet: bool) -> int | None:
        buffer = self._buffer
        ends = [buffer.find(START, 1)]
        for pattern in (_LINE_END, _WITH_CRC32):
            match = pattern.search(buffer)
            if match is not None:
                ends.append(match.start() if pattern is _LINE_END else match.end())
        ends = [end for end in ends if end > 0]
        if ends:
            return min(ends)
        return len(buffer) if is_quiet and b"*" in buffer else None


def read(raw: bytes, given: Given) -> Said:
    """One packet from its `$`."""
    try:
        text = raw.strip(WHITE).decode("ascii")
    except UnicodeDecodeError:
        return unreadable(raw, "not ASCII")
    rules = given.rules.ais140
    fields = _fields(text)
    profile = _profile(",".join(fields), rules)
    if profile is None:
        return unreadable(raw, "no vendor's profile fits")
    return _said(_Packet(raw, text, fields, profile, given), fields, rules)


def _said(packet: _Packet, fields: list[str], rules: Ais140) -> Said:
    """By what its header and its fields say that it is."""
    header = fields[0]
    if header in rules.heartbeat_headers:
        return packet.said(Kind.STATUS, "heartbeat", imei_of(fields))
    if header in rules.login_headers or "AIS140" in fields:
        return packet.login()
    if header in rules.health_headers:
        return packet.health()
    if header in rules.notice_headers:
        return packet.said(Kind.STATUS, "notice", imei_of(fields), aside={"notice": fields[1:]})
    return packet.position()


def _fields(text: str) -> list[str]:
    """Without checksum and star; some vendors put a comma between `$` and the header."""
    before_star = text.partition("*")[0]
    fields = before_star.split(",")
    if fields[0] == "$" and len(fields) > 1:
        return ["$" + fields[1], *fields[2:]]
    return fields


def _profile(text: str, rules: Ais140) -> Ais140Profile | None:
    return next((one for one in rules.profiles if re.match(one.match, text)), None)


class _Packet:
    def __init__(
        self, raw: bytes, text: str, fields: list[str], profile: Ais140Profile, given: Given
    ) -> None:
        self._raw = raw
        self._fields = fields
        self._profile = profile
        self._rules = given.rules.ais140
        self._now = given.now
        self._is_wrong = profile.checksum == "crc32" and crc32_agrees(text) is False

    def said(
        self,
        kind: Kind,
        reply: str,
        imei: str | None,
        decoded: Decoded | None = None,
        aside: dict[str, Any] | None = None,
    ) -> Said:
        if self._is_wrong and self._profile.checksum_wrong == "reject":
            return unreadable(self._raw, "wrong checksum", reason="checksum", unique_id=imei)
        template = self._profile.replies.get(reply, "")  # type: ignore[call-overload]
        answer = template.replace("{utc}", self._now.strftime("%d%m%Y%H%M%S")).encode()
        return Said(
            kind, self._raw, decoded or Decoded(), unique_id=imei, reply=answer, aside=aside or {}
        )

    def login(self) -> Said:
        imei = imei_of(self._fields)
        if imei is None:
            return unreadable(self._raw, "a login without an IMEI")
        return self.said(Kind.LOGIN, "login", imei)

    def health(self) -> Said:
        imei = imei_of(self._fields)
        if imei is None:
            return unreadable(self._raw, "a health packet without an IMEI")
        behind = self._fields[self._fields.index(imei) + 1 :]
        told = {
            name: text if name in BITS or value is None else value
            for name, text in zip(self._rules.health_fields, behind, strict=False)
            for value in [plain_number(text)]
            if text
        }
        return self.said(Kind.STATUS, "health", imei, aside={"health": told})

    def position(self) -> Said:
        what = next((f for f in self._fields[1:EMERGENCY_WITHIN] if f in EMERGENCIES), None)
        decoded, imei = Decoded(), None
        try:
            if what is not None:
                fields = self._fields[self._fields.index(what) :]
                found, rest = named(fields, EMERGENCY_FIELDS)
                extra = {"more": rest} if any(rest) else {}
            else:
                found, rest = named(self._fields, self._profile.position)
                extra = self._behind(found, rest)
            imei = found["imei"]
            if not is_imei(imei):
                imei = None
                return unreadable(self._raw, "neither a login, health nor a position packet")
            decoded.add(self._row(found, self._alarm(found)), extra | self._kept(found))
        except BadPositionError as error:
            decoded.bad.append(Bad(self._raw, str(error), error.reason))
        return self.said(Kind.FIXES, "position" if what is None else "emergency", imei, decoded)

    def _behind(self, found: dict[str, str], rest: list[str]) -> dict[str, Any]:
        """Neighbour cells, inputs and what else a vendor has; names go into `found`."""
        inputs = behind_outputs(rest)
        if inputs is None:
            return {"more": rest} if any(rest) else {}
        at, digital = inputs
        found |= digital
        names = self._profile.after_outputs
        more = rest[at + len(names) :]
        found |= {name: text for name, text in zip(names, rest[at:], strict=False) if text}
        kept = {"neighbours": rest[: at - 2], "more": more}
        return {name: texts for name, texts in kept.items() if any(texts)}

    def _alarm(self, found: dict[str, str]) -> str | None:
        if "what" in found:
            return "panic" if found["what"] == EMERGENCIES[0] else None
        alert = plain_number(found.get("alert", ""))
        by_alert = None if alert is None else self._rules.alerts.get(int(alert))
        return self._rules.types.get(found.get("type", "")) or by_alert

    def _row(self, found: dict[str, str], alarm: str | None) -> Row:
        is_fix = _is_fix(found)
        if not is_fix and alarm is None:
            raise no_fix("the device has no fix")
        moment = time_of(found["time"])
        if moment is None:
            if alarm is None:
                raise BadPositionError(f"time: {found['time'][:40]!r} is not a time")
            # A panic button is not to wait for the device's clock.
            moment = self._now
        satellites = number(found, "satellites")
        frame, odometer = (plain_number(found.get(name, "")) for name in ("frame", "odometer"))
        ignition = number(found, "ignition")
        return checked(
            {
                "ts": fix_time_ms(round(moment.timestamp() * 1000), alarm),
                "lat": degrees(found, "lat", "ns", "S"),
                "lon": degrees(found, "lon", "ew", "W"),
                "speed_kmh": number(found, "speed"),
                "heading_deg": number(found, "heading"),
                "altitude_m": number(found, "altitude"),
                "odometer_km": odometer,
                "hdop": number(found, "hdop"),
                "battery_v": number(found, "battery_v"),
                "external_v": number(found, "external_v"),
                "seq": None if frame is None else int(frame),
                "satellites": (None if satellites is None else int(satellites)) if is_fix else 0,
                "ignition": None if ignition is None else ignition != 0,
                "alarm": alarm,
            }
        )

    def _kept(self, found: dict[str, str]) -> dict[str, Any]:
        kept: dict[str, Any] = {n: text for n, text in found.items() if text and n not in IN_ROW}
        for name in IN_ROW_IF_NUMBERS:
            if plain_number(found.get(name, "")) is not None:
                del kept[name]
        if not _is_fix(found):
            kept["valid"] = False
        if time_of(found["time"]) is None:
            kept["time"] = found["time"]
        if self._is_wrong:
            kept["checksum"] = "wrong"
        # By which a line that was read wrongly can be put right.
        return kept | {"profile": self._profile.name}


def _is_fix(found: dict[str, str]) -> bool:
    return found.get("fix", "1") in {"1", "A"}
