"""The fields of an AIS-140 packet by name: times in every form vendors send, numbers, places."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

from config.sections.dialects import LAST_NEEDED
from ingest.decode.rows import BadPositionError

YEARS = range(2015, 2100)  # tells ddmmyyyy from yyyymmdd
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?", re.ASCII)
_IMEI = re.compile(r"\d{15}", re.ASCII)
_INPUTS = re.compile(r"[0-2]{4}", re.ASCII)
_OUTPUTS = re.compile(r"[01]{2}", re.ASCII)
_BEHIND_STAR = re.compile(r"\*([0-9A-Fa-f]{8})$", re.ASCII)
_LAST_FIELD = re.compile(r",([0-9A-Fa-f]{8})[,*]{0,2}$", re.ASCII)


def named(fields: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The fields by their names, and what is behind the last name."""
    found: dict[str, str] = {}
    at = 0
    for name in names:
        if at >= len(fields):
            break
        size = _time_size(fields[at]) if name == "time" else 1
        found[name] = "".join(part.strip() for part in fields[at : at + size])
        at += size
    if LAST_NEEDED not in found:
        raise BadPositionError(f"it ends after {len(fields)} fields, before its position")
    return found, list(fields[at:])


def _time_size(first: str) -> int:
    """`ddmmyyyyhhmmss`, or date and time, or each of their parts in a field of its own."""
    if len(first) > len("ddmmyyyy"):
        return 1
    return 2 if len(first) > 2 else 6


def time_of(digits: str) -> datetime | None:
    """None: the device's clock is not set, or what stands there is no time."""
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) == 12:
        digits = f"{digits[:4]}20{digits[4:]}"
    if len(digits) != 14:
        return None
    day, clock = digits[:8], digits[8:]
    if int(day[4:]) not in YEARS and int(day[:4]) in YEARS:
        day = day[6:] + day[4:6] + day[:4]
    try:
        return datetime.strptime(day + clock, "%d%m%Y%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def number(found: dict[str, str], name: str) -> float | None:
    """None where nothing stands."""
    text = found.get(name, "")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadPositionError(f"{name}: {text[:40]!r} is not a number")
    return float(text)


def degrees(found: dict[str, str], name: str, hemisphere: str, negative: str) -> float:
    value = number(found, name)
    side = found[hemisphere]
    if value is None or side not in {"S": {"N", "S"}, "W": {"E", "W"}}[negative]:
        raise BadPositionError(f"{name}: {found[name][:40]!r} {side[:10]!r} is no place")
    return -value if side == negative else value


def behind_outputs(rest: list[str]) -> tuple[int, dict[str, str]] | None:
    """Where the four digital inputs and two outputs end, from the right: before them stand
    neighbour cells, as many as the vendor chose."""
    for at in range(len(rest) - 2, -1, -1):
        if _INPUTS.fullmatch(rest[at]) and _OUTPUTS.fullmatch(rest[at + 1]):
            return at + 2, {"inputs": rest[at], "outputs": rest[at + 1]}
    return None


def plain_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def imei_of(fields: Sequence[str]) -> str | None:
    return next((field for field in fields if is_imei(field)), None)


def is_imei(field: str) -> bool:
    return _IMEI.fullmatch(field) is not None


def crc32_agrees(text: str) -> bool | None:
    """CRC-32 behind a star covers what is before the star; as the last field, what is before it
    with its comma. None: there is none."""
    if match := _BEHIND_STAR.search(text):
        covered = text[: match.start()]
    elif match := _LAST_FIELD.search(text):
        covered = text[: match.start() + 1]
    else:
        return None
    return zlib.crc32(covered.encode()) == int(match[1], 16)
