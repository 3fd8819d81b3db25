"""How much longer a driver may drive, from when trucks were driven and the rules of the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from pydantic import Field

from freight.rules import Rules, Who, key

Positive = Annotated[float, Field(gt=0)]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
Spans = Sequence[tuple[int, int]]


class DutyRules(Rules):
    """Driving, and the rests between."""

    stretch_h_max: Positive = key(
        "Nobody drives for longer without a short rest.", who=Who.TENANT, live=True
    )
    short_rest_h: Positive = key("So long a pause is a short rest.", who=Who.TENANT, live=True)
    day_h_max: Positive = key("Driving within any 24 hours.", who=Who.TENANT, live=True)
    spread_h_max: Positive = key(
        "From the first driving after a long rest to the last before the next.",
        who=Who.TENANT,
        live=True,
    )
    long_rest_h: Positive = key("So long a pause is a long rest.", who=Who.TENANT, live=True)
    week_h_max: Positive = key("Driving within any seven days.", who=Who.TENANT, live=True)


class Hours(msgspec.Struct, frozen=True):
    """As of one moment; times in milliseconds."""

    driven_day_ms: int
    driven_week_ms: int
    stretch_ms: int  # driven since the last short rest
    left_ms: int  # that may be driven before a long rest, or before older driving counts no more
    stretch_left_ms: int  # of it, before a short rest


def hours(driven: Iterable[tuple[int, int]], rules: DutyRules, now_ms: int) -> Hours:
    """`driven` are spans [from, to) of the last seven days in any order; they may overlap."""
    spans = merged(driven, now_ms)
    day_ms = _within(spans, now_ms - DAY_MS)
    week_ms = _within(spans, now_ms - WEEK_MS)
    stretch_ms = _since_rest(spans, rules.short_rest_h, now_ms)[0]
    begun_ms = _since_rest(spans, rules.long_rest_h, now_ms)[1]
    spread_ms = 0 if begun_ms is None else now_ms - begun_ms
    left_ms = min(
        _ms(rules.day_h_max) - day_ms,
        _ms(rules.week_h_max) - week_ms,
        _ms(rules.spread_h_max) - spread_ms,
    )
    left_ms = max(left_ms, 0)
    stretch_left_ms = max(min(_ms(rules.stretch_h_max) - stretch_ms, left_ms), 0)
    return Hours(day_ms, week_ms, stretch_ms, left_ms, stretch_left_ms)


def merged(spans: Iterable[tuple[int, int]], now_ms: int) -> list[tuple[int, int]]:
    """In order, apart from each other, none of it later than now."""
    found: list[tuple[int, int]] = []
    for start, given_end in sorted(spans):
        end = min(given_end, now_ms)
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _within(spans: Spans, since_ms: int) -> int:
    return sum(end - max(start, since_ms) for start, end in spans if end > since_ms)


def _since_rest(spans: Spans, rest_h: float, now_ms: int) -> tuple[int, int | None]:
    """What was driven since the last pause of that length, and when that began; None: rested."""
    total_ms, begun_ms, after_ms = 0, None, now_ms
    for start, end in reversed(spans):
        if after_ms - end >= _ms(rest_h):
            break
        total_ms, begun_ms, after_ms = total_ms + end - start, start, start
    return total_ms, begun_ms


def _ms(hours_given: float) -> int:
    return round(hours_given * HOUR_MS)
