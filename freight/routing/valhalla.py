"""Valhalla's route service: what it is asked about a truck, and what its answers mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from freight.routing.plan import (
    Avoid,
    PlannedRoute,
    PlanOptions,
    RouteRefusedError,
    RouterNonsenseError,
    Vehicle,
    joined,
)
from freight.routing.thinning import thinned
from geo.point import FloatArray, Point, haversine_m
from geo.polyline import PolylineError, decode

PATH = "/route"
COSTING = "truck"
AVOIDED = {Avoid.TOLLS: "use_tolls", Avoid.FERRIES: "use_ferry", Avoid.MOTORWAYS: "use_highways"}
HIGHWAY, FERRY = "highway", "ferry"


class Maneuver(msgspec.Struct):
    begin_shape_index: int
    end_shape_index: int
    time: float = 0.0
    length: float = 0.0
    highway: bool = False
    ferry: bool = False


class Summary(msgspec.Struct):
    time: float
    length: float


class Leg(msgspec.Struct):
    shape: str
    maneuvers: list[Maneuver] = []


class Trip(msgspec.Struct):
    legs: list[Leg]
    summary: Summary
    status: int = 0
    status_message: str = ""


class Answer(msgspec.Struct):
    trip: Trip | None = None
    error_code: int | None = None
    error: str = ""


def question(points: Sequence[Point], costing: str | None, options: PlanOptions) -> dict[str, Any]:
    """The body of a POST."""
    name = costing or COSTING
    costs = _vehicle(options.vehicle) | {AVOIDED[avoid]: 0.0 for avoid in sorted(options.avoid)}
    return {
        "locations": [{"lat": point.lat, "lon": point.lon} for point in points],
        "costing": name,
        "costing_options": {name: costs},
        "units": "kilometers",
        "shape_format": "polyline6",
        "directions_type": "maneuvers",
    }


def _vehicle(vehicle: Vehicle | None) -> dict[str, Any]:
    if vehicle is None:
        return {}
    told = {
        "height": vehicle.height_m,
        "width": vehicle.width_m,
        "length": vehicle.length_m,
        "weight": vehicle.weight_t,
        "axle_load": vehicle.axle_load_t,
        "axle_count": vehicle.axles,
        "hazmat": vehicle.is_hazardous,
    }
    return {name: value for name, value in told.items() if value is not None}


def read(body: bytes, error_m: float) -> PlannedRoute:
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as failed:
        raise RouterNonsenseError(f"the answer is not Valhalla's: {failed}") from failed
    if answer.error_code is not None:
        raise RouteRefusedError(f"{answer.error} ({answer.error_code})")
    if answer.trip is None or answer.trip.status != 0 or not answer.trip.legs:
        says = "" if answer.trip is None else f": {answer.trip.status_message}"
        raise RouterNonsenseError(f"Valhalla gives no trip{says}")
    return _planned(answer.trip, error_m)


def _planned(trip: Trip, error_m: float) -> PlannedRoute:
    try:
        lines = [decode(leg.shape, 6) for leg in trip.legs]
    except PolylineError as failed:
        raise RouterNonsenseError(f"the line that Valhalla drew is none: {failed}") from failed
    points = joined(lines)
    if len(points) < 2 or not trip.summary.length > 0.0:
        raise RouteRefusedError("the places are all in one spot")
    lengths_m = haversine_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
    durations_s = np.zeros(len(lengths_m))
    classes: list[str | None] = [None] * len(lengths_m)
    start = 0
    for leg, line in zip(trip.legs, lines, strict=True):
        for maneuver in leg.maneuvers:
            _share_out(maneuver, start, lengths_m, durations_s, classes)
        start += max(len(line) - 1, 0)
    plan = thinned(points, lengths_m, durations_s, classes, error_m)
    return dataclasses.replace(
        plan, length_m=trip.summary.length * 1000.0, duration_s=trip.summary.time
    )


def _share_out(
    maneuver: Maneuver,
    start: int,
    lengths_m: FloatArray,
    durations_s: FloatArray,
    classes: list[str | None],
) -> None:
    """A manoeuvre says one time for all of its segments: the longer one takes more of it."""
    first = start + max(maneuver.begin_shape_index, 0)
    end = min(start + maneuver.end_shape_index, len(lengths_m))
    if end <= first:
        return
    drawn_m = float(lengths_m[first:end].sum())
    if drawn_m > 0.0:
        durations_s[first:end] = lengths_m[first:end] * (maneuver.time / drawn_m)
    road_class = FERRY if maneuver.ferry else HIGHWAY if maneuver.highway else None
    classes[first:end] = [road_class] * (end - first)
