"""Days and financial years as Indian tax law counts them, whatever clock a tenant's people use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

# India has one time, without summer time.
INDIA = timezone(timedelta(hours=5, minutes=30), "IST")  # fixed: by law, for all of it
FIRST_MONTH = 4
MS_PER_S = 1000
CENTURY = 100


def india_day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / MS_PER_S, UTC).astimezone(INDIA).date()


def year_begun(day: date) -> int:
    """The calendar year in which the day's financial year began."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def year_label(begun: int) -> str:
    """25-26, of the year that began in 2025."""
    return f"{begun % CENTURY:02}-{(begun + 1) % CENTURY:02}"


def quarter_of(day: date) -> int:
    """1 to 4; the first begins in April."""
    return (day.month - FIRST_MONTH) % 12 // 3 + 1


def rate_day(supplied: date, invoiced: date, paid: date | None) -> date:
    """Whose rate holds for a supply when the law changes between carrying, invoicing and paying.

    Section 14 of the CGST Act: of the three, the side on which two of them lie. That is the middle
    one; what is not paid yet will be paid last.
    """
    days: Iterable[date] = (supplied, invoiced, date.max if paid is None else paid)
    return sorted(days)[1]
