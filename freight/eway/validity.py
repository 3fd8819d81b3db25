"""How long an e-way bill is good, and when and how far that may be extended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from freight.eway.codes import Mode, VehicleType
from freight.eway.rules import Extending, Law, Validity
from freight.eway.times import INDIA, day_of, india, india_ms

MINUTE_MS = 60_000
# A bill ends with its last day; the portal writes that as the last minute.
DAY_END = time(23, 59, tzinfo=INDIA)


@dataclass(frozen=True, slots=True)
class Span:
    """Both ends belong to it."""

    from_ms: int
    to_ms: int

    def holds(self, ms: int) -> bool:
        return self.from_ms <= ms <= self.to_ms


def days_for(distance_km: int, rule: Validity, *, slow: bool) -> int:
    """A day for each part of the way; one for no way at all. `slow`: oversized, or by ship."""
    per_day = rule.odc_km_per_day if slow else rule.km_per_day
    return max(1, -(-distance_km // per_day))


def is_slow(vehicle: VehicleType, mode: Mode) -> bool:
    return vehicle is VehicleType.OVERSIZED or mode is Mode.SHIP


def valid_until(begun_ms: int, distance_km: int, law: Law, *, slow: bool = False) -> int:
    """From when its first vehicle was named, to the end of its last day in India."""
    days = days_for(distance_km, law.validity.at(day_of(begun_ms)), slow=slow)
    return _end_of_day(begun_ms, days)


def _end_of_day(from_ms: int, days: int) -> int:
    day = india(from_ms).date() + timedelta(days=days)
    return india_ms(datetime.combine(day, DAY_END))


def extension_window(valid_until_ms: int, law: Law) -> Span:
    rule = law.extending.at(day_of(valid_until_ms))
    return Span(
        valid_until_ms - rule.before_minutes * MINUTE_MS,
        valid_until_ms + rule.after_minutes * MINUTE_MS,
    )


def cap_ms(generated_ms: int, rule: Extending) -> int | None:
    """No validity goes beyond; None: there is no such end."""
    return None if rule.cap_days is None else _end_of_day(generated_ms, rule.cap_days)


def extended_until(
    now_ms: int, generated_ms: int, remaining_km: int, law: Law, *, slow: bool = False
) -> int:
    """As many days from now on as what is left of the way takes."""
    until_ms = valid_until(now_ms, remaining_km, law, slow=slow)
    cap = cap_ms(generated_ms, law.extending.at(day_of(now_ms)))
    return until_ms if cap is None else min(until_ms, cap)


def is_capped(valid_until_ms: int, generated_ms: int, now_ms: int, law: Law) -> bool:
    """Whether it lasts already as long as any extension could make it."""
    cap = cap_ms(generated_ms, law.extending.at(day_of(now_ms)))
    return cap is not None and valid_until_ms >= cap
