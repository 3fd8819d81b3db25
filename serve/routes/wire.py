"""Routes as the API takes and gives them; what a line may be, serve/routes/lines.py knows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from freight.routing.plan import Avoid
from serve.fields import LongText, ObjectId, ShortText, Strict
from store.routes import Route, RouteHead

SPEED_KMH_MAX = 300.0  # fixed: part of the published API
DURATION_S_MAX = 30 * 86400.0  # fixed: part of the published API
SIZE_M_MAX = 100.0  # fixed: part of the published API
WEIGHT_T_MAX = 1000.0  # fixed: part of the published API
AXLES_MAX = 100  # fixed: part of the published API
FORMS = ("shape", "polyline", "gpx", "via")

Lat = Annotated[float, Field(ge=-90, le=90)]
Lon = Annotated[float, Field(ge=-180, le=180)]
Metres = Annotated[float, Field(gt=0, le=SIZE_M_MAX)]
Tonnes = Annotated[float, Field(gt=0, le=WEIGHT_T_MAX)]


class PlaceIn(Strict):
    lat: Lat
    lon: Lon


class SectionIn(Strict):
    """What the road is like from one segment of the line up to the next section's first."""

    first: int = Field(ge=0, description="the number of its first segment, from 0")
    road_class: ShortText | None = None
    speed_kmh: Annotated[float, Field(gt=0, le=SPEED_KMH_MAX)] | None = None


class VehicleIn(Strict):
    """What decides where a truck may go; what is left out is as the router thinks of a truck."""

    height_m: Metres | None = None
    width_m: Metres | None = None
    length_m: Metres | None = None
    weight_t: Tonnes | None = None
    axle_load_t: Tonnes | None = None
    axles: Annotated[int, Field(ge=2, le=AXLES_MAX)] | None = None
    is_hazardous: bool | None = None


class RouteFields(Strict):
    """A name and exactly one of shape, polyline, gpx and via."""

    name: LongText
    shape: dict[str, Any] | None = Field(default=None, description="GeoJSON LineString")
    polyline: str | None = Field(default=None, min_length=1, description="an encoded polyline")
    precision: Literal[5, 6] | None = Field(default=None, description="the polyline's decimals")
    gpx: str | None = Field(default=None, min_length=1, description="the text of a GPX file")
    via: list[PlaceIn] | None = Field(
        default=None, min_length=2, description="places that a router connects, in this order"
    )
    vehicle: VehicleIn | None = Field(default=None, description="goes with via")
    avoid: list[Avoid] | None = Field(default=None, description="goes with via")
    sections: list[SectionIn] | None = Field(
        default=None, min_length=1, description="goes with a line that is given"
    )
    duration_s: Annotated[float, Field(gt=0, le=DURATION_S_MAX)] | None = Field(
        default=None, description="goes with a line that is given"
    )

    @model_validator(mode="after")
    def _in_one_form(self) -> RouteFields:
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(FORMS)}")
        if (self.polyline is None) != (self.precision is None):
            raise ValueError("a polyline comes with its precision, 5 or 6")
        beside = ("sections", "duration_s") if given == ["via"] else ("vehicle", "avoid")
        for name in beside:
            if getattr(self, name) is not None:
                raise ValueError(f"{name} does not go with {given[0]}")
        return self


class NewRoute(RouteFields):
    id: ObjectId | None = Field(default=None, description="made for you when left out")


class SectionOut(BaseModel):
    first: int
    road_class: str | None
    speed_kmh: float | None


class AskedOut(BaseModel):
    """What the router was asked, and what of it it does not know and so did not look at."""

    via: list[PlaceIn]
    vehicle: VehicleIn | None = None
    avoid: list[Avoid] = []
    ignored: list[str] = []
    fell_back: str | None = Field(
        default=None, description="why the built-in highways planned it, and not the router"
    )


class RouteHeadOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    version: int
    length_m: float
    duration_s: float | None
    points: int
    source: str = Field(description="geojson, polyline or gpx, or the router that planned it")
    made_at: datetime

    @classmethod
    def of(cls, route: RouteHead) -> RouteHeadOut:
        return cls.model_validate(route)


class RouteOut(RouteHeadOut):
    shape: dict[str, Any] = Field(description="GeoJSON LineString")
    sections: list[SectionOut] | None
    asked: AskedOut | None

    @classmethod
    def drawn(cls, route: Route, shape: dict[str, Any]) -> RouteOut:
        sections = route.sections
        return cls(
            **dict(RouteHeadOut.of(route)),
            shape=shape,
            sections=None if sections is None else [SectionOut(**s._asdict()) for s in sections],
            asked=None if route.asked is None else AskedOut(**route.asked),
        )


class PolylineOut(BaseModel):
    id: str
    version: int
    polyline: str
    precision: Literal[6] = 6


class RouteFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    POLYLINE = "polyline"
    GPX = "gpx"
