"""What is asked of a router and what it answers, whoever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from geo.point import FloatArray, Point

# How finely a speed is told: it is an expectation, and neighbours that are alike are one section.
SPEED_DIGITS = 0


class RouteRefusedError(ValueError):
    """No way leads there, or nobody can be asked about it; in the router's own words."""


class RouterAwayError(RuntimeError):
    """The router cannot be asked now; a later attempt may get an answer."""

    def __init__(self, detail: str, retry_after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s  # as it said itself, or 0


class RouterNonsenseError(RuntimeError):
    """What answered is no router, or not one that was set up for us."""


class Avoid(StrEnum):
    TOLLS = "tolls"
    FERRIES = "ferries"
    MOTORWAYS = "motorways"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What decides where a truck may go; None: as the router thinks of a truck."""

    height_m: float | None = None
    width_m: float | None = None
    length_m: float | None = None
    weight_t: float | None = None
    axle_load_t: float | None = None
    axles: int | None = None
    is_hazardous: bool | None = None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    vehicle: Vehicle | None = None
    avoid: frozenset[Avoid] = frozenset()


class Section(NamedTuple):
    """From this segment of a line up to the next section's: what the road is like."""

    first: int
    road_class: str | None
    speed_kmh: float | None


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    points: FloatArray  # (n, 2) latitude, longitude
    length_m: float
    duration_s: float
    sections: tuple[Section, ...] = ()
    # What of the question this router does not know and so did not look at.
    ignored: tuple[str, ...] = ()


class Router(Protocol):
    @property
    def name(self) -> str: ...

    async def plan(self, points: Sequence[Point], options: PlanOptions) -> PlannedRoute:
        """Raises RouteRefusedError, RouterAwayError or RouterNonsenseError."""
        ...


def sections_of(
    road_classes: Sequence[str | None], speeds_kmh: Sequence[float | None]
) -> tuple[Section, ...]:
    """Segment by segment in; neighbours that are alike come out as one."""
    found: list[Section] = []
    for first, (road_class, speed_kmh) in enumerate(zip(road_classes, speeds_kmh, strict=True)):
        rounded = None if speed_kmh is None else round(speed_kmh, SPEED_DIGITS)
        if not found or found[-1][1:] != (road_class, rounded):
            found.append(Section(first, road_class, rounded))
    return tuple(found)


def joined(lines: Sequence[FloatArray]) -> FloatArray:
    """Lines that follow each other, each beginning where the one before ends."""
    parts = [line if i == 0 else line[1:] for i, line in enumerate(lines)]
    whole: FloatArray = np.concatenate(parts) if parts else np.empty((0, 2))
    return whole
