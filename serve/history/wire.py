"""What lasted for one truck, as the API gives it: trips, stops, visits, episodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from freight.cloudevents import rfc3339
from serve.tracking.wire import PointOut
from store.history import StoredSpan

# Places in a span's data; on the wire `from` and `to` are times.
PLACES = {"from": "from_point", "to": "to_point"}


class SpanOut(BaseModel):
    """What is known of it beyond this depends on its kind; what goes on has no end yet."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    truck: str
    kind: str
    about: str | None
    start: str = Field(alias="from")
    end: str | None = Field(alias="to")
    duration_s: float | None
    known_at: str


class TripOut(SpanOut):
    """What only its end shows is missing while the trip goes on."""

    from_point: PointOut | None = None
    to_point: PointOut | None = None
    distance_km: float | None = None
    distance_by: str | None = None
    driving_s: int | None = None
    speed_kmh_max: float | None = None


class StopOut(SpanOut):
    point: PointOut | None = None
    halt: str | None = None
    fence: str | None = None


BASE_COLUMNS = ("truck", "kind", "about", "from", "to", "duration_s", "known_at")
# What a file has a column for; of other kinds it has the data as JSON.
COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    "trip": (
        *BASE_COLUMNS,
        *("distance_km", "speed_kmh_max", "driving_s", "from_lat", "from_lon", "to_lat", "to_lon"),
        *("distance_by", "ways_km", "odometer_km", "carried_km", "unseen_km", "fixes", "halt"),
    ),
    "stop": (*BASE_COLUMNS, "lat", "lon", "halt", "fence"),
}
OTHER_COLUMNS = (*BASE_COLUMNS, "data")


def span_fields(truck_id: str, span: StoredSpan) -> dict[str, Any]:
    """What SpanOut describes, with the data of its kind beside."""
    data = {PLACES.get(name, name): value for name, value in span.data.items()}
    if "lat" in data and "lon" in data:
        data["point"] = {"lat": data.pop("lat"), "lon": data.pop("lon")}
    return {**data, **_base(truck_id, span)}


def row_of(truck_id: str, span: StoredSpan) -> dict[str, Any]:
    """One line of a file: places in two columns each."""
    flat = dict(span.data)
    for name in PLACES:
        place = flat.pop(name, None)
        if isinstance(place, dict):
            flat |= {f"{name}_{part}": value for part, value in place.items()}
    return {**flat, **_base(truck_id, span), "data": span.data}


def feature_of(truck_id: str, span: StoredSpan) -> dict[str, Any]:
    """GeoJSON: a place as a point, a trip as the straight line between its ends."""
    fields = span_fields(truck_id, span)
    places = [fields.get(name) for name in ("from_point", "point", "to_point")]
    line = [[place["lon"], place["lat"]] for place in places if isinstance(place, dict)]
    geometry: dict[str, Any] | None = None
    if len(line) == 1:
        geometry = {"type": "Point", "coordinates": line[0]}
    elif line:
        geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "geometry": geometry, "properties": fields}


def _base(truck_id: str, span: StoredSpan) -> dict[str, Any]:
    return {
        "truck": truck_id,
        "kind": span.kind,
        "about": span.about or None,
        "from": rfc3339(span.from_ms),
        "to": None if span.to_ms is None else rfc3339(span.to_ms),
        "duration_s": None if span.to_ms is None else (span.to_ms - span.from_ms) / 1000.0,
        "known_at": rfc3339(span.known_ms),
    }
