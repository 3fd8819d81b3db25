"""Periods in which carriers are settled with, on the clock of the tenant."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from freight.settlements.rules import Cycle

MS_PER_S = 1000
DAYS_A_WEEK = 7
SECOND_HALF = 16  # what a fortnight begins with, beside the first of a month
DECEMBER = 12


class Period(msgspec.Struct, frozen=True):
    """From and with one moment up to, but not with, another."""

    name: str
    from_ms: int
    to_ms: int


def period_of(cycle: Cycle, at_ms: int, time_zone: str) -> Period:
    """In which a moment lies; of a cycle that is one."""
    zone = ZoneInfo(time_zone)
    day = datetime.fromtimestamp(at_ms / MS_PER_S, zone).date()
    match cycle:
        case Cycle.WEEKLY:
            year, week, weekday = day.isocalendar()
            first = day - timedelta(days=weekday - 1)
            name, end = f"{year}-W{week:02}", first + timedelta(days=DAYS_A_WEEK)
        case Cycle.FORTNIGHTLY if day.day < SECOND_HALF:
            first, end = day.replace(day=1), day.replace(day=SECOND_HALF)
            name = f"{day:%Y-%m}-1"
        case Cycle.FORTNIGHTLY:
            first, end = day.replace(day=SECOND_HALF), _next_month(day)
            name = f"{day:%Y-%m}-2"
        case Cycle.MONTHLY:
            first, end = day.replace(day=1), _next_month(day)
            name = f"{day:%Y-%m}"
        case Cycle.LEG:
            raise ValueError("legs that are settled each for itself have no period")
    return Period(name, _ms(first, zone), _ms(end, zone))


def _next_month(day: date) -> date:
    if day.month == DECEMBER:
        return date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)


def _ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * MS_PER_S)
