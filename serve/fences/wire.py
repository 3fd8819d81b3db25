"""Fences as the API takes and gives them; what a shape may be, geo/shapes.py knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from serve.fields import LongText, ObjectId, ShortText, Strict
from store.fences import Fence

SCHEDULE_BYTES_MAX = 4096  # fixed: part of the published API
SPEED_LIMIT_KMH_MAX = 300.0  # fixed: part of the published API
DWELL_S_MAX = 30 * 86400.0  # fixed: part of the published API


def _storable(schedule: dict[str, Any]) -> dict[str, Any]:
    try:
        raw = msgspec.json.encode(schedule)
    except (RecursionError, OverflowError, UnicodeEncodeError) as failed:
        raise ValueError("cannot be stored") from failed
    if len(raw) > SCHEDULE_BYTES_MAX or b"\\u0000" in raw:
        raise ValueError(f"at most {SCHEDULE_BYTES_MAX} bytes of JSON without NUL characters")
    return schedule


class FenceFields(Strict):
    name: LongText
    kind: ShortText | None = None
    shape: dict[str, Any] = Field(
        description="GeoJSON Polygon or MultiPolygon, {center, radius_m} or {line, width_m}"
    )
    dwell_s: Annotated[float, Field(ge=0, le=DWELL_S_MAX)] | None = None
    speed_limit_kmh: Annotated[float, Field(gt=0, le=SPEED_LIMIT_KMH_MAX)] | None = None
    schedule: Annotated[dict[str, Any], AfterValidator(_storable)] | None = None


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
    created_at: datetime
    version: int

    @classmethod
    def of(cls, fence: Fence) -> FenceOut:
        return cls.model_validate(fence)
