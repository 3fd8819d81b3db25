"""Weekly hours in which a fence is in force, as people write them and as instants of time."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
WINDOWS_MAX = 50  # fixed: part of the published API
DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
MINUTES_OF_HOUR = 60
# Windows are laid out over so many days on either side of the day that is asked about: more than
# a week, so that what is open from end to end never closes.
LAID_OUT_DAYS = 9  # fixed: more than the seven of a week
LAID_OUT_KEPT = 4096

_TIME = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"


class ScheduleError(ValueError):
    """A schedule that cannot be read."""


class _Window(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    days: Annotated[list[Day], msgspec.Meta(min_length=1)]
    start: Annotated[str, msgspec.Meta(pattern=_TIME)]
    end: Annotated[str, msgspec.Meta(pattern=_TIME)]


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    time_zone: str
    windows: Annotated[list[_Window], msgspec.Meta(min_length=1, max_length=WINDOWS_MAX)]


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """`windows` are (weekday, first minute, last minute); one over midnight ends beyond 24:00."""

    time_zone: str
    windows: tuple[tuple[int, int, int], ...]

    def is_open(self, ts_ms: int) -> bool:
        return self._around(ts_ms) is not None

    def opened_ms(self, ts_ms: int) -> int | None:
        """When the window that holds this time opened; None: it is closed, or never closes."""
        found = self._around(ts_ms)
        return None if found is None or ts_ms - found[0] >= WEEK_MS else found[0]

    def closes_ms(self, ts_ms: int) -> int | None:
        """When the window that holds this time closes; None: it is closed, or never closes."""
        found = self._around(ts_ms)
        return None if found is None or found[1] - ts_ms >= WEEK_MS else found[1]

    def next_edge_ms(self, ts_ms: int) -> int | None:
        """When it next opens or closes."""
        if self.is_open(ts_ms):
            return self.closes_ms(ts_ms)
        laid_out = _laid_out(self, ts_ms // DAY_MS)
        return next((start for start, _ in laid_out if start > ts_ms), None)

    def _around(self, ts_ms: int) -> tuple[int, int] | None:
        laid_out = _laid_out(self, ts_ms // DAY_MS)
        return next((both for both in laid_out if both[0] <= ts_ms < both[1]), None)


def parse_schedule(obj: object) -> Schedule:
    try:
        written = msgspec.convert(obj, _Written)
    except msgspec.ValidationError as failed:
        raise ScheduleError(str(failed)) from failed
    windows = []
    for window in written.windows:
        start, end = _minute(window.start), _minute(window.end)
        end += _minute("24:00") if end <= start else 0
        windows += [(DAYS.index(day), start, end) for day in window.days]
    return Schedule(known_zone(written.time_zone), tuple(sorted(set(windows))))


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as failed:
        says = "not a time zone of the IANA database, such as Asia/Kolkata"
        raise ScheduleError(says) from failed
    return name


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * MINUTES_OF_HOUR + int(minutes)


@lru_cache(maxsize=LAID_OUT_KEPT)
def _laid_out(schedule: Schedule, day: int) -> tuple[tuple[int, int], ...]:
    """The windows around a day since 1970 as instants, in order; those that touch are one."""
    zone = ZoneInfo(schedule.time_zone)
    found: list[tuple[int, int]] = []
    for number in range(day - LAID_OUT_DAYS, day + LAID_OUT_DAYS + 1):
        there = date(1970, 1, 1) + timedelta(days=number)
        for weekday, start, end in schedule.windows:
            if weekday == there.weekday():
                found.append((_instant_ms(there, start, zone), _instant_ms(there, end, zone)))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return tuple(merged)


def _instant_ms(day: date, minute: int, zone: ZoneInfo) -> int:
    """Minutes of the clock on the wall there, also on days that lose or repeat an hour."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return round(local.timestamp() * 1000.0)
