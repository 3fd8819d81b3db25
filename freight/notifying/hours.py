"""Hours by the clock of a place: when nobody is disturbed, and when digests go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

MS = 1000
DAY = timedelta(days=1)


class Hours(msgspec.Struct, frozen=True):
    """From one time of the clock to another, which may be the next day's."""

    from_clock: str  # "21:00"
    to_clock: str


def ends_ms(hours: Hours | None, zone: str, now_ms: int) -> int | None:
    """When these hours end; None: it is not within them."""
    if hours is None or hours.from_clock == hours.to_clock:
        return None
    now = _at(now_ms, zone)
    begin, end = _clock(hours.from_clock), _clock(hours.to_clock)
    today = now.timetz().replace(tzinfo=None)
    is_overnight = begin > end
    is_after, is_before = today >= begin, today < end
    is_within = (is_after or is_before) if is_overnight else (is_after and is_before)
    if not is_within:
        return None
    day = now.date() + DAY if is_overnight and today >= begin else now.date()
    # An hour that the clock leaves out in spring still ends.
    return max(_ms(datetime.combine(day, end, ZoneInfo(zone))), now_ms + 1)


def next_ms(clocks: Sequence[str], zone: str, after_ms: int) -> int:
    """The first of these times of the clock behind a moment."""
    day = _at(after_ms, zone).date()
    found = [
        _ms(datetime.combine(day + DAY * ahead, _clock(clock), ZoneInfo(zone)))
        for clock in clocks
        for ahead in range(3)
    ]
    return min(at_ms for at_ms in found if at_ms > after_ms)


def _at(ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(ms / MS, UTC).astimezone(ZoneInfo(zone))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * MS)


def _clock(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))
