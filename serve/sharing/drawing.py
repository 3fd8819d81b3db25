"""A small map as SVG: stops, the way between them and where the truck is; nothing from afar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from serve.sharing.wire import PointOut, SharedOut, SharedTruck

WIDE, HIGH, MARGIN = 640, 400, 48
LEAST_DEG = 0.02
METRES_PER_DEGREE = 111_320.0
CORNERS = 6
LABEL_CHARS = 24


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where on the sheet a point of the earth lies."""

    west: float
    north: float
    east_scale: float  # of a degree
    north_scale: float

    @classmethod
    def of(cls, points: Sequence[tuple[float, float]]) -> Sheet:
        lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
        shrink = max(math.cos(math.radians(sum(lats) / len(lats))), 0.1)  # fixed: no pole
        wide = max((max(lons) - min(lons)) * shrink, LEAST_DEG)
        high = max(max(lats) - min(lats), LEAST_DEG)
        scale = min((WIDE - 2 * MARGIN) / wide, (HIGH - 2 * MARGIN) / high)
        middle_lat, middle_lon = (max(lats) + min(lats)) / 2, (max(lons) + min(lons)) / 2
        west = middle_lon - WIDE / 2 / (scale * shrink)
        return cls(west, middle_lat + HIGH / 2 / scale, scale * shrink, scale)

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        x, y = (lon - self.west) * self.east_scale, (self.north - lat) * self.north_scale
        return round(x, 1), round(y, 1)


def drawn(seen: SharedOut) -> str:
    stops = [(stop.point.lat, stop.point.lon) for stop in seen.stops]
    trucks = [truck for truck in seen.trucks if truck.point is not None]
    way = seen.route or stops
    places = [(truck.point.lat, truck.point.lon) for truck in trucks if truck.point is not None]
    sheet = Sheet.of([*stops, *way, *places])
    parts = [_line(sheet, way, is_road=bool(seen.route))]
    parts += [_stop(sheet, nr, stop.point, stop.name) for nr, stop in enumerate(seen.stops)]
    parts += [_truck(sheet, truck) for truck in trucks]
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="map">{inside}</svg>'


def _line(sheet: Sheet, way: Sequence[tuple[float, float]], *, is_road: bool) -> str:
    points = " ".join(f"{x},{y}" for x, y in (sheet.at(lat, lon) for lat, lon in way))
    return f'<polyline class="{"road" if is_road else "guess"}" points="{points}"/>'


def _stop(sheet: Sheet, number: int, point: PointOut, name: str | None) -> str:
    x, y = sheet.at(point.lat, point.lon)
    text = escape((name or "")[:LABEL_CHARS])
    anchor = "end" if x > WIDE * 2 / 3 else "start"
    beside = -14 if anchor == "end" else 14
    return (
        f'<circle class="stop" cx="{x}" cy="{y}" r="9"/>'
        f'<text class="number" x="{x}" y="{y + 4}">{number + 1}</text>'
        f'<text class="name" x="{x + beside}" y="{y + 5}" text-anchor="{anchor}">{text}</text>'
    )


def _truck(sheet: Sheet, truck: SharedTruck) -> str:
    point = truck.point
    if point is None:
        return ""
    x, y = sheet.at(point.lat, point.lon)
    if truck.radius_m is not None:
        far = max(truck.radius_m / METRES_PER_DEGREE * sheet.north_scale, 14.0)  # fixed: to be seen
        turns = (math.tau * corner / CORNERS for corner in range(CORNERS))
        corners = [(x + far * math.cos(turn), y + far * math.sin(turn)) for turn in turns]
        points = " ".join(f"{round(cx, 1)},{round(cy, 1)}" for cx, cy in corners)
        return f'<polygon class="about" points="{points}"/>'
    return (
        f'<circle class="halo" cx="{x}" cy="{y}" r="15"/>'
        f'<circle class="truck" cx="{x}" cy="{y}" r="8"/>'
    )
