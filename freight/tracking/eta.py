"""When a truck will arrive: its road's speeds by class and hour, its own pace, its halts, in doubt.

The time that is left is taken to be lognormal around what the roads say. All of it is arithmetic:
the same truck at the same place and time is always expected at the same time.
"""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from statistics import NormalDist
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field, model_validator

from freight.rules import Rules, Who, key
from freight.tracking.journeys import UNKNOWN_ROAD

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURS_OF_DAY = 24
ONE_KMH = 1.0 / 3600.0  # fixed: in metres a millisecond
MS_PER_S = 1000.0
# How many standard deviations above the middle so many of a hundred arrivals lie.
SIGMAS = {share: NormalDist().inv_cdf(share / 100.0) for share in (50, 80, 95)}

Roads = Sequence[tuple[float, str]]  # (from so far along, road class), the first from 0
_FROM_M = itemgetter(0)


class EtaRules(Rules):
    """When a truck is expected to arrive."""

    road_kmh: dict[str, Positive] = key(
        "How fast trucks drive by class of road; `unknown` is for all other classes.",
        who=Who.TENANT,
        live=True,
    )
    hour_pace: Annotated[tuple[Positive, ...], Field(min_length=24, max_length=24)] = key(
        "What of that they drive in each hour of the day, from midnight on.",
        who=Who.TENANT,
        live=True,
    )
    halts_s_per_hour: NotNegative = key(
        "Short halts, at toll plazas and for tea, in each hour of driving.",
        who=Who.TENANT,
        live=True,
    )
    rest_after_s: Positive = key(
        "After so much driving a driver rests ...", who=Who.TENANT, live=True
    )
    rest_s: NotNegative = key("... for so long.", who=Who.TENANT, live=True)
    pace_spread: Positive = key(
        "How much whole drives differ from what is expected: a standard deviation, as a share of "
        "the driving time.",
        who=Who.TENANT,
        live=True,
    )
    hour_spread: Positive = key(
        "How much single hours of a drive differ from each other, likewise.",
        who=Who.TENANT,
        live=True,
    )
    halt_spread: Positive = key(
        "How much the time of halts differs, as a share of it.", who=Who.TENANT, live=True
    )
    own_hours: Annotated[int, Field(gt=0)] = key(
        "A truck's own pace is what it drove in so many hours.", who=Who.TENANT, live=True
    )
    own_km: Positive = key(
        "After so many kilometres a truck's own pace counts as much as what is expected of all.",
        who=Who.TENANT,
        live=True,
    )
    own_kmh_min: Positive = key(
        "A section that took longer had a halt in it, and says nothing about the pace.",
        who=Who.TENANT,
        live=True,
    )
    at_risk_share: Share = key(
        "A promised arrival is at risk when it will be missed with at least this probability ...",
        who=Who.TENANT,
        live=True,
    )
    safe_share: Share = key(
        "... and safe again when it is no more than this.", who=Who.TENANT, live=True
    )

    @model_validator(mode="after")
    def _is_complete(self) -> EtaRules:
        if UNKNOWN_ROAD not in self.road_kmh:
            raise ValueError(f"road_kmh must have a speed for {UNKNOWN_ROAD}")
        if self.safe_share >= self.at_risk_share:
            raise ValueError("safe_share must be less than at_risk_share")
        return self

    def kmh(self, road: str) -> float:
        """Of trucks in general, by day."""
        return self.road_kmh.get(road, self.road_kmh[UNKNOWN_ROAD])


class Ahead(msgspec.Struct, frozen=True):
    """What lies before the truck."""

    roads: Roads
    from_m: float
    to_m: float
    halts: Sequence[tuple[float, float]] = ()  # (so far along, seconds), in order
    driven_ms: int = 0  # since the driver rested
    # How much faster than trucks in general this one drives, by class of road.
    pace: Mapping[str, float] = msgspec.field(default_factory=dict)
    usual_pace: float = 1.0  # on roads of other classes


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """The time that is left: its mean, and as a lognormal distribution."""

    now_ms: int
    mean_ms: float
    mu: float
    sigma: float

    def arrival_ms(self, share: int) -> int:
        """So many of a hundred such trucks have arrived by then."""
        if self.mean_ms <= 0.0:
            return self.now_ms
        return self.now_ms + round(math.exp(self.mu + SIGMAS[share] * self.sigma))

    def probability_later(self, promised_ms: int) -> float:
        """That the truck arrives after this."""
        left_ms = promised_ms - self.now_ms
        if left_ms <= 0:
            return 1.0
        if self.mean_ms <= 0.0:
            return 0.0
        sigmas = (math.log(left_ms) - self.mu) / self.sigma
        return 0.5 * math.erfc(sigmas / math.sqrt(2.0))


def forecast(ahead: Ahead, now_ms: int, rules: EtaRules, zone: str) -> Forecast:
    clock_ms, offset_ms = float(now_ms), offset_of(zone, now_ms)
    drive_ms, rests_ms, awake_ms = 0.0, 0.0, float(ahead.driven_ms)
    slowed = 1.0 + rules.halts_s_per_hour * MS_PER_S / HOUR_MS
    for road, length_m, halt_s in _legs(ahead):
        pace = ahead.pace.get(road, ahead.usual_pace)
        for step_ms in _hours(road, length_m, clock_ms, slowed / pace, (rules, offset_ms)):
            clock_ms += step_ms
            drive_ms += step_ms / slowed
            awake_ms += step_ms / slowed
            if awake_ms >= rules.rest_after_s * MS_PER_S:
                awake_ms = 0.0
                rests_ms += rules.rest_s * MS_PER_S
                clock_ms += rules.rest_s * MS_PER_S
        clock_ms += halt_s * MS_PER_S
        rests_ms += halt_s * MS_PER_S
    mean_ms = clock_ms - now_ms
    halts_ms = mean_ms - drive_ms
    # Whole drives are fast or slow; single hours even out.
    variance = (rules.pace_spread * drive_ms) ** 2 + rules.hour_spread**2 * drive_ms * HOUR_MS
    variance += rules.halt_spread**2 * halts_ms * HOUR_MS
    return _lognormal(now_ms, mean_ms, variance)


def _lognormal(now_ms: int, mean_ms: float, variance: float) -> Forecast:
    if mean_ms <= 0.0:
        return Forecast(now_ms, 0.0, 0.0, 0.0)
    sigma2 = math.log1p(variance / (mean_ms * mean_ms))
    return Forecast(now_ms, mean_ms, math.log(mean_ms) - sigma2 / 2.0, math.sqrt(sigma2))


def expected_ms(
    roads: Roads, span_m: tuple[float, float], at_ms: int, rules: EtaRules, zone: str
) -> int:
    """What trucks in general take for this part of a way, without a halt; none for a way back."""
    clock_ms, offset_ms = float(at_ms), offset_of(zone, at_ms)
    here_m, to_m = span_m
    road = max(bisect_right(roads, here_m, key=_FROM_M) - 1, 0)
    while here_m < to_m:
        there_m = min(roads[road + 1][0], to_m) if road + 1 < len(roads) else to_m
        by = roads[road][1], there_m - here_m
        for step_ms in _hours(*by, clock_ms, 1.0, (rules, offset_ms)):
            clock_ms += step_ms
        here_m, road = there_m, road + 1
    return round(clock_ms - at_ms)


def _legs(ahead: Ahead) -> Iterator[tuple[str, float, float]]:
    """(road class, metres, seconds of the halt after them), in order."""
    roads, halts, here_m = ahead.roads, ahead.halts, ahead.from_m
    end_m = max(ahead.to_m, here_m)
    road = max(bisect_right(roads, here_m, key=_FROM_M) - 1, 0)
    cuts = [end_m]
    if halts:
        cuts += [m for m, _ in halts if here_m < m <= end_m]
    for from_m, _ in islice(roads, road + 1, None):
        if from_m >= end_m:
            break
        cuts.append(from_m)
    for there_m in sorted({*cuts}) if len(cuts) > 1 else cuts:
        while road + 1 < len(roads) and roads[road + 1][0] <= here_m:
            road += 1
        halt_s = sum(s for m, s in halts if m == there_m and m > ahead.from_m) if halts else 0.0
        yield roads[road][1], there_m - here_m, halt_s
        here_m = there_m


def _hours(
    road: str, length_m: float, clock_ms: float, slower: float, by: tuple[EtaRules, int]
) -> Iterator[float]:
    """How long each hour of the day takes of a drive along one road."""
    rules, offset_ms = by
    road_kmh, hour_pace = rules.kmh(road), rules.hour_pace
    while length_m > 0.0:
        hour = math.floor((clock_ms + offset_ms) / HOUR_MS)
        m_per_ms = road_kmh * hour_pace[hour % HOURS_OF_DAY] * ONE_KMH / slower
        # A millisecond at least: so the clock goes on though it rounds.
        left_ms = max((hour + 1) * HOUR_MS - offset_ms - clock_ms, 1.0)
        step_ms = min(length_m / m_per_ms, left_ms)
        length_m = 0.0 if step_ms < left_ms else length_m - left_ms * m_per_ms
        clock_ms += step_ms
        yield step_ms


def offset_of(zone: str, ts_ms: int) -> int:
    """What clocks there are ahead of UTC; for a whole day as at its beginning."""
    return _offset_of_day(zone, ts_ms // DAY_MS)


@lru_cache(maxsize=1024)  # fixed: a memory of answers, not a rule
def _offset_of_day(zone: str, day: int) -> int:
    there = datetime.fromtimestamp(day * DAY_MS / MS_PER_S, UTC).astimezone(ZoneInfo(zone))
    offset = there.utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * MS_PER_S)
