"""Devices as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serve.fields import ObjectId, Strict
from store.device_refusals import Reason, StoredRefusal
from store.devices import Device


class NewDevice(Strict):
    """For a truck that has none."""

    truck: ObjectId
    id: ObjectId | None = Field(default=None, description="the truck's id, if not given")
    unique_id: ObjectId | None = Field(
        default=None, description="an IMEI or what else the device calls itself by"
    )


class DeviceChange(Strict):
    """What the device is bound to; null takes the binding away."""

    unique_id: ObjectId | None


class Rotation(Strict):
    overlap_s: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="how long the secret before stays good; 0 ends it at once"
    )


class DeviceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    truck: str
    username: str = Field(description="how it signs in to the broker")
    unique_id: str | None
    created_at: datetime
    rotated_at: datetime | None
    previous_until: datetime | None = Field(description="until then the secret before is good")
    revoked_at: datetime | None
    last_seen_at: datetime | None = Field(description="when its newest fix came in")
    last_refused_at: datetime | None
    is_online: bool | None = Field(description="as its status topic said last; null: never")
    connection_changed_at: datetime | None = Field(description="since when that is so")
    version: int

    @classmethod
    def of(cls, tenant: str, device: Device) -> DeviceOut:
        fields = {name: getattr(device, name) for name in cls.model_fields if hasattr(device, name)}
        return cls(username=f"{tenant}/{device.truck}", **fields)


class DeviceWithSecret(DeviceOut):
    secret: str = Field(description="shown this once")


class RefusalOut(BaseModel):
    """What a broker refused, once a minute, reason and topic."""

    model_config = ConfigDict(from_attributes=True)

    username: str
    reason: Reason
    topic: str = Field(description="empty for sign-ins")
    client_id: str
    origin: str
    first_at: datetime
    last_at: datetime
    count: int

    @classmethod
    def of(cls, refusal: StoredRefusal) -> RefusalOut:
        return cls.model_validate(refusal)
