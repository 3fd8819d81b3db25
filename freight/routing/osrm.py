"""OSRM's route service, version 1: what it is asked, and what its answers mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import msgspec
import numpy as np

from freight.routing.plan import (
    Avoid,
    PlannedRoute,
    PlanOptions,
    RouteRefusedError,
    RouterNonsenseError,
)
from freight.routing.thinning import thinned
from geo.point import FloatArray, Point, haversine_m
from geo.polyline import PolylineError, decode

PROFILE = "driving"
NEARLY_NONE_M = 1e-9
# Classes that OSRM's usual profiles can exclude.
EXCLUDED = {Avoid.TOLLS: "toll", Avoid.FERRIES: "ferry", Avoid.MOTORWAYS: "motorway"}
# What was asked is wrong or impossible, as opposed to a server that is.
REFUSALS = frozenset(
    {
        *("NoRoute", "NoSegment", "TooBig", "InvalidValue", "InvalidQuery", "InvalidOptions"),
        *("InvalidUrl", "DisabledDataset"),
    }
)


class Annotation(msgspec.Struct):
    distance: list[float]
    duration: list[float]


class Leg(msgspec.Struct):
    annotation: Annotation | None = None


class Route(msgspec.Struct):
    distance: float
    duration: float
    geometry: str
    legs: list[Leg] = []


class Answer(msgspec.Struct):
    code: str
    message: str = ""
    routes: list[Route] = []


def path_of(points: Sequence[Point], profile: str | None, options: PlanOptions) -> str:
    """Path and query, for GET."""
    places = ";".join(f"{point.lon:.6f},{point.lat:.6f}" for point in points)
    query = "overview=full&geometries=polyline6&annotations=distance,duration&steps=false"
    if options.avoid:
        query += "&exclude=" + ",".join(sorted(EXCLUDED[avoid] for avoid in options.avoid))
    return f"/route/v1/{profile or PROFILE}/{places}?{query}"


def read(body: bytes, options: PlanOptions, error_m: float) -> PlannedRoute:
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as failed:
        raise RouterNonsenseError(f"the answer is not OSRM's: {failed}") from failed
    if answer.code in REFUSALS:
        raise RouteRefusedError(answer.message or answer.code)
    if answer.code != "Ok" or not answer.routes:
        raise RouterNonsenseError(f"OSRM says {answer.code}: {answer.message}")
    return _planned(answer.routes[0], options, error_m)


def _planned(route: Route, options: PlanOptions, error_m: float) -> PlannedRoute:
    try:
        points = decode(route.geometry, 6)
    except PolylineError as failed:
        raise RouterNonsenseError(f"the line that OSRM drew is none: {failed}") from failed
    if len(points) < 2 or not route.distance > 0.0:
        raise RouteRefusedError("the places are all in one spot")
    lengths_m, durations_s = _by_segment(route, points)
    plan = thinned(points, lengths_m, durations_s, [None] * len(lengths_m), error_m)
    # Which trucks may go where was decided when its data were prepared.
    ignored = ("vehicle",) if options.vehicle is not None else ()
    return dataclasses.replace(
        plan, length_m=route.distance, duration_s=route.duration, ignored=ignored
    )


def _by_segment(route: Route, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As annotated; without annotations the whole duration is shared out by length."""
    known = [leg.annotation for leg in route.legs]
    lengths_m = np.array([m for each in known if each for m in each.distance])
    durations_s = np.array([s for each in known if each for s in each.duration])
    if len(lengths_m) == len(durations_s) == len(points) - 1:
        return lengths_m, durations_s
    drawn_m = haversine_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
    return drawn_m, drawn_m * (route.duration / max(float(drawn_m.sum()), NEARLY_NONE_M))
