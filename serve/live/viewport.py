"""The part of the world a viewer looks at, and which rows lie in it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

E7 = 10_000_000
BBOX_NUMBERS = 4

Degrees = npt.NDArray[np.float64]
DegreesE7 = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


class BboxError(ValueError):
    """Four numbers that are not a bounding box; the text says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bbox:
    """West above east means that the box crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lat: Degrees, lon: Degrees) -> Flags:
        """Element by element, edges included; degrees in."""
        return self._inside(lat, lon, 1)

    def holds_e7(self, lat: DegreesE7, lon: DegreesE7) -> Flags:
        """The same for 1e-7 degrees, as the columns keep them."""
        return self._inside(lat, lon, E7)

    def _inside(self, lat: Degrees | DegreesE7, lon: Degrees | DegreesE7, scale: int) -> Flags:
        from_west, to_east = lon >= self.west * scale, lon <= self.east * scale
        across = self.west > self.east
        found: Flags = (from_west | to_east) if across else (from_west & to_east)
        found &= lat >= self.south * scale
        found &= lat <= self.north * scale
        return found


def bbox_of(numbers: object) -> Bbox:
    """From [west, south, east, north] as JSON gives it."""
    if not isinstance(numbers, list | tuple) or len(numbers) != BBOX_NUMBERS:
        raise BboxError("a bbox is four numbers: west, south, east, north")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BboxError("a bbox is four numbers: west, south, east, north")
        if not math.isfinite(number):
            raise BboxError("a bbox holds finite numbers")
    west, south, east, north = (float(number) for number in numbers)
    if not (-180.0 <= west <= 180.0 and -180.0 <= east <= 180.0):
        raise BboxError("longitudes are from -180 to 180")
    if not -90.0 <= south <= north <= 90.0:
        raise BboxError("latitudes are from -90 to 90, south not above north")
    return Bbox(west, south, east, north)


def numbers_of(text: str) -> list[float]:
    """The numbers of a query parameter such as bbox=w,s,e,n or near=lat,lon."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as failed:
        raise BboxError("numbers separated by commas are expected") from failed
