"""Trucks as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serve.fields import ObjectId, ShortText, Strict
from store.trucks import Truck

CAPACITY_T_MAX = 1000.0  # fixed: part of the published API
Capacity = Annotated[float, Field(ge=0, le=CAPACITY_T_MAX)]


class TruckFields(Strict):
    registration: ShortText | None = None
    truck_class: ShortText | None = Field(default=None, alias="class")
    capacity_t: Capacity | None = None
    carrier: ObjectId | None = Field(default=None, description="whose truck it is")


class NewTruck(TruckFields):
    id: ObjectId


class TruckChange(TruckFields):
    """What is left out stays as it is; null empties a field."""


class TruckOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, from_attributes=True)

    id: str
    registration: str | None
    truck_class: str | None = Field(alias="class")
    capacity_t: float | None
    carrier: str | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, truck: Truck) -> TruckOut:
        return cls.model_validate(truck)


class Device(BaseModel):
    """How the truck's device signs in to the broker; the secret is shown this once."""

    username: str
    secret: str


class NewTruckOut(TruckOut):
    device: Device
