"""Scripted incidents of one truck each, and the alert that each must cause or must not."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Fix = dict[str, Any]
METRES_PER_DEGREE = 111_195.0
MINUTE_S = 60
SLOW_KMH, FAST_KMH, ROAD_KMH = 40.0, 95.0, 60.0
BEFORE_THE_ROUTE_S = 14_400
LINE_M = 30_000.0
FENCE_AHEAD_M, FENCE_ASIDE_M, RADIUS_M = 2_500.0, 1_500.0, 800.0
# Far enough from each other that no two meet.
FIRST_LAT, FIRST_LON, APART_DEG, IN_A_ROW = 16.0, 74.0, 0.35, 24


@dataclasses.dataclass(frozen=True)
class Place:
    lat: float
    lon: float

    def moved(self, north_m: float, east_m: float = 0.0) -> Place:
        width = METRES_PER_DEGREE * math.cos(math.radians(self.lat))
        return Place(self.lat + north_m / METRES_PER_DEGREE, self.lon + east_m / width)


def home(nr: int) -> Place:
    row, column = divmod(nr, IN_A_ROW)
    return Place(FIRST_LAT + column * APART_DEG, FIRST_LON + row * APART_DEG)


class Drive:
    """What a device says from a moment on; `at_ms` is where it has come to."""

    def __init__(self, at: Place, from_ms: int) -> None:
        self.at, self.at_ms = at, from_ms
        self.fixes: list[Fix] = []

    def on(
        self, seconds: int, kmh: float, every_s: int = 10, east: bool = False, **more: Any
    ) -> Drive:
        step_m = kmh / 3.6 * every_s
        for _ in range(seconds // every_s):
            self.at = self.at.moved(0.0, step_m) if east else self.at.moved(step_m)
            self.at_ms += every_s * 1000
            place = {"lat": round(self.at.lat, 6), "lon": round(self.at.lon, 6)}
            course = {"speed_kmh": kmh, "heading_deg": 90 if east else 0, "accuracy_m": 5}
            self.fixes.append({"ts": self.at_ms, **place, **course, **more})
        return self


def _since(nr: int, now_ms: int, seconds: int) -> Drive:
    return Drive(home(nr), now_ms - seconds * 1000)


# ------------------------------------------------------------------------------------- scripts


def panic(nr: int, now_ms: int) -> list[Fix]:
    """Said three times."""
    drive = _since(nr, now_ms, 150).on(120, SLOW_KMH)
    return drive.on(30, SLOW_KMH, alarm="panic").fixes


def speeding(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 600).on(200, ROAD_KMH)
    return drive.on(200, FAST_KMH).on(200, ROAD_KMH).fixes


def speeding_late(nr: int, now_ms: int) -> list[Fix]:
    """The middle of it, with all that was too fast, comes last."""
    fixes = speeding(nr, now_ms)
    third = len(fixes) // 3
    return [*fixes[:third], *fixes[-third:], *fixes[third:-third]]


def into_the_fence(nr: int, now_ms: int) -> list[Fix]:
    """And it stays there."""
    return _since(nr, now_ms, 430).on(230, SLOW_KMH).on(200, 0.0).fixes


def unplugged(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 150).on(120, SLOW_KMH, external_v=24.1)
    return drive.on(30, SLOW_KMH, external_v=0.4).fixes


def long_stop(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 160 * MINUTE_S).on(10 * MINUTE_S, SLOW_KMH, 30)
    return drive.on(150 * MINUTE_S, 0.0, 300).fixes


def off_the_route(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 15 * MINUTE_S).on(6 * MINUTE_S, SLOW_KMH, 15)
    return drive.on(9 * MINUTE_S, SLOW_KMH, 15, east=True).fixes


def a_moment_too_fast(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 420).on(200, ROAD_KMH)
    return drive.on(20, FAST_KMH).on(200, ROAD_KMH).fixes


def past_the_fence(nr: int, now_ms: int) -> list[Fix]:
    return _since(nr, now_ms, 430).on(430, SLOW_KMH).fixes


def a_rest(nr: int, now_ms: int) -> list[Fix]:
    drive = _since(nr, now_ms, 60 * MINUTE_S).on(10 * MINUTE_S, SLOW_KMH, 30)
    return drive.on(50 * MINUTE_S, 0.0, 300).fixes


@dataclasses.dataclass(frozen=True)
class Script:
    """`kind` and `severity` of the one alert; no kind: there must be none."""

    name: str
    fixes: Callable[[int, int], list[Fix]]
    kind: str | None = None
    severity: str = ""
    fence_kind: str | None = None
    fence_aside_m: float = 0.0
    on_route: bool = False
    length: int = 12  # fixes that are told together; in a line of hours a wait would be a silence


SCRIPTS: Sequence[Script] = (
    Script("panic button", panic, "panic", "critical"),
    Script("too fast", speeding, "overspeed", "info"),
    Script("into a restricted area", into_the_fence, "geofence_breach", "warning", "restricted"),
    Script("a moment too fast", a_moment_too_fast),
    Script("into a no-entry area", into_the_fence, "no_entry", "warning", "no_entry"),
    Script("device cut off", unplugged, "tampering", "warning"),
    Script("stands on a trip", long_stop, "long_stoppage", "warning", on_route=True, length=100),
    Script("past an area", past_the_fence, None, "", "restricted", FENCE_ASIDE_M),
    Script("off its route", off_the_route, "route_deviation", "warning", on_route=True),
    Script("too fast, told late", speeding_late, "overspeed", "info"),
    Script("rests on a trip", a_rest, on_route=True, length=100),
    Script("panic button again", panic, "panic", "critical"),
)


@dataclasses.dataclass(frozen=True)
class Incident:
    nr: int
    truck: str
    script: Script

    def messages(self, now_ms: int) -> Iterator[list[Fix]]:
        fixes, length = self.script.fixes(self.nr, now_ms), self.script.length
        for first in range(0, len(fixes), length):
            yield fixes[first : first + length]

    def fence(self) -> dict[str, Any] | None:
        if self.script.fence_kind is None:
            return None
        centre = home(self.nr).moved(FENCE_AHEAD_M, self.script.fence_aside_m)
        shape = {"center": {"lat": centre.lat, "lon": centre.lon}, "radius_m": RADIUS_M}
        kind = self.script.fence_kind
        return {"id": self.truck, "name": self.truck, "kind": kind, "shape": shape}

    def line(self) -> list[tuple[float, float]]:
        """The route that it was to follow: straight on."""
        end = home(self.nr).moved(LINE_M)
        begin = home(self.nr)
        return [(begin.lat, begin.lon), (end.lat, end.lon)]


def incidents(count: int, prefix: str) -> list[Incident]:
    return [
        Incident(nr, f"{prefix}-{nr:04}", script)
        for nr, script in zip(range(count), itertools.cycle(SCRIPTS), strict=False)
    ]
