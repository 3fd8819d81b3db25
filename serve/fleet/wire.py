"""Trucks as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serve.fields import LongText, ObjectId, ShortText, Strict
from serve.routes.wire import Lat, Lon
from store.trucks import Truck
from store.trucks import TruckFields as Columns

CAPACITY_T_MAX = 1000.0  # fixed: part of the published API
WEIGHT_KG_MAX = 1_000_000  # fixed: part of the published API
Capacity = Annotated[float, Field(ge=0, le=CAPACITY_T_MAX)]
Kilograms = Annotated[int, Field(gt=0, le=WEIGHT_KG_MAX)]
Body = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class Home(Strict):
    """Where the truck belongs, and likes to end."""

    lat: Lat
    lon: Lon
    name: LongText | None = None


class TruckFields(Strict):
    registration: ShortText | None = None
    truck_class: ShortText | None = Field(default=None, alias="class")
    capacity_t: Capacity | None = None
    carrier: ObjectId | None = Field(default=None, description="whose truck it is")
    body: Body | None = Field(default=None, description="open, container, tipper, ...")
    payload_kg: Kilograms | None = Field(default=None, description="as its RC says")
    gvw_kg: Kilograms | None = Field(
        default=None, description="laden, as its RC says; more than payload_kg"
    )
    home: Home | None = None

    def columns(self) -> Columns:
        """What was given, as it is stored."""
        given: dict[str, Any] = self.model_dump(exclude_unset=True)
        if "home" in given:
            home = given.pop("home") or {}
            given |= {f"home_{name}": home.get(name) for name in Home.model_fields}
        given.pop("id", None)
        return cast("Columns", given)


class NewTruck(TruckFields):
    id: ObjectId


class TruckChange(TruckFields):
    """What is left out stays as it is; null empties a field."""


class ServiceState(BaseModel):
    """As of now; /v1/trucks/{id}/absences says what is planned."""

    state: Literal["in_service", "out_of_service"]
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class TruckOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, from_attributes=True)

    id: str
    registration: str | None
    truck_class: str | None = Field(alias="class")
    capacity_t: float | None
    carrier: str | None
    body: str | None
    payload_kg: int | None
    gvw_kg: int | None
    home: Home | None
    service: ServiceState
    created_at: datetime
    version: int

    @classmethod
    def of(cls, truck: Truck) -> TruckOut:
        home = None
        if truck.home_lat is not None and truck.home_lon is not None:
            home = Home(lat=truck.home_lat, lon=truck.home_lon, name=truck.home_name)
        stands = {name: getattr(truck, name) for name in cls.model_fields if name in _STORED}
        return cls.model_validate(stands | {"home": home, "service": _service(truck.absence)})


_STORED = frozenset(Truck.__dataclass_fields__)


def _service(absence: dict[str, Any] | None) -> ServiceState:
    if absence is None:
        return ServiceState(state="in_service")
    return ServiceState.model_validate({"state": "out_of_service", **absence})


class Device(BaseModel):
    """How the truck's device signs in to the broker; the secret is shown this once."""

    username: str
    secret: str


class NewTruckOut(TruckOut):
    device: Device
