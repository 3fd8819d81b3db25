"""One fix as a rule sees it: plain values, None where the device said nothing."""

from __future__ import annotations

from math import isnan
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from freight.fixes import FIX_DTYPE, MISSING_INT8, FixArray

KMH_PER_MM_PER_MS = 3.6  # fixed: a millimetre in a millisecond is so many km/h
FIELDS = (
    *("ts_ms", "received_ms", "lat", "lon", "speed_kmh", "heading_deg", "accuracy_m"),
    *("odometer_km", "external_v", "fuel_pct", "ignition", "alarm"),
)
_picked = itemgetter(*((FIX_DTYPE.names or ()).index(name) for name in FIELDS))
MEASURED_FROM = FIELDS.index("speed_kmh")


Number = TypeVar("Number", float, npt.NDArray[np.float64])


class Sample(msgspec.Struct, frozen=True, array_like=True):
    ts_ms: int
    received_ms: int
    lat: float
    lon: float
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    odometer_km: float | None = None
    external_v: float | None = None
    fuel_pct: float | None = None
    ignition: bool | None = None
    alarm: int | None = None  # freight.fixes.Alarm


def samples(fixes: FixArray) -> list[Sample]:
    return [_of_row(_picked(row)) for row in fixes.tolist()]


def sample(fix: np.void) -> Sample:
    return _of_row(_picked(fix.item()))


def _of_row(row: tuple[Any, ...]) -> Sample:
    ignition, alarm = row[-2:]
    values: tuple[Any, ...] = (
        *row[:MEASURED_FROM],
        *[None if isnan(value) else value for value in row[MEASURED_FROM:-2]],
        None if ignition == MISSING_INT8 else ignition != 0,
        None if alarm == MISSING_INT8 else alarm,
    )
    return Sample(*values)


class Moment(msgspec.Struct, frozen=True):
    """A good fix of a truck and what lies between it and the good fix before."""

    fix: Sample
    before: Sample | None  # None: the truck's first
    way_mm: int  # the straight way from there; an integer, so that sums do not depend on order
    inside: frozenset[int]  # numbers of the fences whose shapes hold the fix

    @property
    def elapsed_ms(self) -> int:
        return 0 if self.before is None else self.fix.ts_ms - self.before.ts_ms

    @property
    def speed_kmh(self) -> float | None:
        """The device's own word, else what the way says; None at a first fix without one."""
        if self.fix.speed_kmh is not None:
            return self.fix.speed_kmh
        return implied_kmh(self.way_mm, self.elapsed_ms) if self.before is not None else None


def implied_kmh(way_mm: int, elapsed_ms: int) -> float:
    return KMH_PER_MM_PER_MS * way_mm / elapsed_ms


def gained_mps2(gained_kmh: Number, elapsed_ms: Number) -> Number:
    """How fast speed was gained, or lost below zero; the same bit for bit for one and for many."""
    return gained_kmh / KMH_PER_MM_PER_MS * 1000.0 / elapsed_ms
