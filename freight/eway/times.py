"""The portal's dates and times: Indian wall time in two forms of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

INDIA = timezone(timedelta(hours=5, minutes=30), "IST")  # fixed: the country's own
DATE = "%d/%m/%Y"
TIME = "%d/%m/%Y %I:%M:%S %p"
# What was seen of other clients and older answers.
_ALSO = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %I:%M %p")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def india(ms: int) -> datetime:
    return (EPOCH + ms * MS).astimezone(INDIA)


def india_ms(wall: datetime) -> int:
    """A wall time there without its zone, or any time with one."""
    aware = wall if wall.tzinfo is not None else wall.replace(tzinfo=INDIA)
    return (aware - EPOCH) // MS


def day_of(ms: int) -> date:
    return india(ms).date()


def date_text(day: date) -> str:
    return day.strftime(DATE)


def time_text(ms: int) -> str:
    return india(ms).strftime(TIME)


def day_from(text: str) -> date:
    return datetime.strptime(text.strip(), DATE).replace(tzinfo=INDIA).date()


def ms_from(text: str) -> int:
    for form in (TIME, *_ALSO):
        try:
            return india_ms(datetime.strptime(text.strip(), form).replace(tzinfo=INDIA))
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no time of the portal's")


def ms_or_none(text: str | None) -> int | None:
    """Missing times come as null or as nothing."""
    return None if text is None or not text.strip() else ms_from(text)
