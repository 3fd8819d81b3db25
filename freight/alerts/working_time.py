"""Time in which somebody works: what lies so many working seconds ahead."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from freight.alerts.rules import Day, WorkingHours

MS = 1000
DAYS_AHEAD = 400  # fixed: beyond a year of days off nothing is due any more
_DAYS = tuple(Day)


def after_working_s(start_ms: int, seconds: float, hours: WorkingHours) -> int:
    """When so many seconds of working time have passed."""
    zone = ZoneInfo(hours.time_zone)
    day = datetime.fromtimestamp(start_ms / MS, zone).date()
    left_ms, now_ms = round(seconds * MS), start_ms
    for _ in range(DAYS_AHEAD):
        if _DAYS[day.weekday()] in hours.days and day not in hours.holidays:
            opens_ms = _ms(datetime.combine(day, hours.from_time, zone))
            closes_ms = _ms(datetime.combine(day, hours.to_time, zone))
            begins_ms = max(now_ms, opens_ms)
            if begins_ms + left_ms <= closes_ms:
                return begins_ms + left_ms
            left_ms -= max(0, closes_ms - begins_ms)
        day += timedelta(days=1)
    return _ms(datetime.combine(day, hours.from_time, zone))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * MS)
