"""Within which bounds a truck's next fixes change no rule's mode: what is quiet costs no rule."""

from __future__ import annotations

import math

import msgspec

from freight.fixes import MISSING_INT8, MISSING_INT64
from freight.tracking.courses import Course
from geo.ways import way_mm

NEVER_MS = 2**62  # fixed: later than any clock
ALWAYS_MS = MISSING_INT64


class Outlook(msgspec.Struct):
    """Starts wide open; each machine narrows it. A fix outside any bound is shown to the machines.

    It must be safe, not sharp: too narrow costs time, too wide loses events.
    """

    until_ms: int = NEVER_MS  # a fix at this device time or later is not quiet
    silence_ms_max: float = math.inf  # nor one that comes later after the good fix before it
    speed_kmh_min: float = -math.inf
    speed_kmh_max: float = math.inf
    # The truck stays within so many metres of a place.
    anchor_lat: float = 0.0
    anchor_lon: float = 0.0
    radius_m: float = math.inf
    fuel_pct_min: float = -math.inf
    fuel_pct_max: float = math.inf
    external_v_min: float = -math.inf
    external_v_max: float = math.inf
    # Between fixes no farther apart than this the device's speed changes by less than so much, or
    # by more than it can.
    harsh_ms: float = 0.0
    plausible_mps2: float = math.inf
    braking_mps2: float = math.inf
    acceleration_mps2: float = math.inf
    ignition: int = MISSING_INT8  # exactly this: 0, 1 or missing
    inside: frozenset[int] = frozenset()  # exactly these fences hold the fix
    course: Course | None = None  # the truck stays on this part of its route

    def wake_at(self, ts_ms: int) -> None:
        self.until_ms = min(self.until_ms, ts_ms)

    def wake_now(self) -> None:
        self.until_ms = ALWAYS_MS

    def keep_hearing(self, within_ms: float) -> None:
        """The bound itself is quiet."""
        self.silence_ms_max = min(self.silence_ms_max, within_ms)

    def keep_near(self, lat: float, lon: float, radius_m: float) -> None:
        """Around the good fix; narrows what another machine has kept around its own place."""
        if radius_m == math.inf:
            return
        apart_m = 0.0
        if self.radius_m < math.inf:
            apart_m = way_mm(self.anchor_lat, self.anchor_lon, lat, lon) / 1000.0
        if radius_m >= self.radius_m + apart_m:
            return
        self.radius_m = min(radius_m, self.radius_m - apart_m)
        self.anchor_lat, self.anchor_lon = lat, lon
        if self.radius_m <= 0.0:
            self.wake_now()

    def keep_speed(self, *, above_kmh: float = -math.inf, below_kmh: float = math.inf) -> None:
        """Both bounds themselves are quiet."""
        self.speed_kmh_min = max(self.speed_kmh_min, above_kmh)
        self.speed_kmh_max = min(self.speed_kmh_max, below_kmh)


class Quietly(msgspec.Struct, frozen=True):
    """What quiet fixes did to a truck since its machines last looked."""

    fixes: int
    way_mm: int
    speed_kmh_max: float  # the fastest that the device or the way between two fixes said
