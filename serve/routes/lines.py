"""Reads a route's line in whatever form it was given; says where it is wrong."""

from __future__ import annotations

import dataclasses

import msgspec

from config.sections.routing import Routing
from freight.routing.plan import Section
from geo.point import FloatArray
from geo.polyline import PolylineError, Precision, decode, encode
from geo.route import RouteError, compile_route
from geo.track_files import TrackFileError, read_geojson, read_gpx
from serve.problems import InvalidError
from serve.routes.wire import RouteFields, SectionIn

PRECISION: Precision = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """As it is kept: rounded, checked, and as long as trucks will be told that it is."""

    text: str  # encoded polyline of precision 6
    points: int
    length_m: float


def read_line(given: RouteFields, limits: Routing, bytes_max: int) -> tuple[str, Line]:
    """What form it had, and the line; for a thread, since a long one takes a while."""
    points_max = limits.points_max
    if given.polyline is not None and given.precision is not None:
        return "polyline", checked(_of_polyline(given), points_max, "/polyline")
    try:
        if given.gpx is not None:
            text = given.gpx.encode("utf-8", "surrogatepass")
            track = read_gpx(text, bytes_max=bytes_max, points_max=points_max)
            return "gpx", checked(track.points, points_max, "/gpx")
        shape = msgspec.json.encode(given.shape)
        track = read_geojson(shape, bytes_max=bytes_max, points_max=points_max)
    except TrackFileError as wrong:
        raise _pointed(given, wrong) from wrong
    except (RecursionError, OverflowError, UnicodeError) as wrong:
        raise InvalidError.at("/shape", "cannot be read") from wrong
    return "geojson", checked(track.points, points_max, "/shape")


def checked(points: FloatArray, points_max: int, pointer: str) -> Line:
    """The line as it is kept, if it can be followed."""
    if len(points) > points_max:
        raise InvalidError.at(pointer, f"has {len(points)} points; at most {points_max}")
    text = encode(points, PRECISION)
    try:
        route = compile_route(decode(text, PRECISION))
    except RouteError as wrong:
        raise InvalidError.at(pointer, f"a route {wrong}") from wrong
    return Line(text, len(points), route.length_m)


def checked_sections(given: list[SectionIn] | None, points: int) -> tuple[Section, ...] | None:
    if given is None:
        return None
    before = -1
    for i, section in enumerate(given):
        if i == 0 and section.first != 0:
            raise InvalidError.at("/sections/0/first", "the first section begins at segment 0")
        if not before < section.first < points - 1:
            detail = f"is above {before} and below {points - 1}, the number of segments"
            raise InvalidError.at(f"/sections/{i}/first", detail)
        before = section.first
    return tuple(Section(each.first, each.road_class, each.speed_kmh) for each in given)


def _of_polyline(given: RouteFields) -> FloatArray:
    if given.polyline is None or given.precision is None:
        raise AssertionError("the model takes a polyline with its precision only")
    try:
        return decode(given.polyline, given.precision)
    except PolylineError as wrong:
        raise InvalidError.at("/polyline", str(wrong)) from wrong


def _pointed(given: RouteFields, wrong: TrackFileError) -> InvalidError:
    if given.gpx is not None:
        return InvalidError.at("/gpx", str(wrong))
    inside = wrong.where if wrong.where.startswith("/") and wrong.where != "/" else ""
    return InvalidError.at(f"/shape{inside}", wrong.detail)
