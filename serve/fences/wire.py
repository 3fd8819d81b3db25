"""Fences as the API takes and gives them; what a shape may be, geo/shapes.py knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from freight.tracking.fences import NOTICES
from freight.tracking.schedules import DAYS, WINDOWS_MAX, Day, known_zone
from serve.fields import LongText, ObjectId, ShortText, Strict
from store.fences import Fence

SPEED_LIMIT_KMH_MAX = 300.0  # fixed: part of the published API
DWELL_S_MAX = 30 * 86400.0  # fixed: part of the published API
CLASSES_MAX = 50  # fixed: part of the published API
# What comes here is sent in the forms of a clock, 00:00 to 24:00.
CLOCK = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"

Clock = Annotated[str, StringConstraints(pattern=CLOCK)]
Notice = Literal["entered", "exited", "dwelled"]


class Window(Strict):
    days: Annotated[list[Day], Field(min_length=1, max_length=len(DAYS))]
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to", description="earlier than `from`, or the same: the next day")


class Hours(Strict):
    """A fence tells nothing outside these hours."""

    time_zone: ShortText = Field(description="of the IANA database", examples=["Asia/Kolkata"])
    windows: Annotated[list[Window], Field(min_length=1, max_length=WINDOWS_MAX)]

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return known_zone(name)


class FenceFields(Strict):
    name: LongText
    kind: ShortText | None = Field(
        default=None, description="such as depot, pickup, drop, toll, restricted, no_entry"
    )
    shape: dict[str, Any] = Field(
        description="GeoJSON Polygon or MultiPolygon, {center, radius_m} or {line, width_m}"
    )
    dwell_s: Annotated[float, Field(ge=0, le=DWELL_S_MAX)] | None = None
    speed_limit_kmh: Annotated[float, Field(gt=0, le=SPEED_LIMIT_KMH_MAX)] | None = None
    schedule: Hours | None = None
    group: ShortText | None = None
    crossings: bool = Field(
        default=False, description="tell also of trucks that drove through between two fixes"
    )
    notify: Annotated[list[Notice], Field(max_length=len(NOTICES))] | None = Field(
        default=None, description="which events it makes; all when left out"
    )
    truck_classes: (
        Annotated[list[ShortText], Field(min_length=1, max_length=CLASSES_MAX)] | None
    ) = Field(default=None, description="only trucks of these classes concern it")


class NewFence(FenceFields):
    id: ObjectId | None = Field(default=None, description="made for you when left out")


class FenceChange(FenceFields):
    """What is left out stays as it is; null empties a field that may be empty."""

    name: LongText = ""
    shape: dict[str, Any] = Field(default_factory=dict)


class FenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    kind: str | None
    shape: dict[str, Any]
    dwell_s: float | None
    speed_limit_kmh: float | None
    schedule: dict[str, Any] | None
    group: str | None
    crossings: bool
    notify: list[str] | None
    truck_classes: list[str] | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, fence: Fence) -> FenceOut:
        return cls.model_validate(fence)
