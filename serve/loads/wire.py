"""Loads and their stops as the API takes and gives them, for quotes and bookings alike."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from freight import load as loads
from freight.load import Load, StopKind
from serve.carriers.wire import Phone
from serve.fields import LongText, ObjectId, Strict
from serve.journeys.wire import Moment
from serve.routes.wire import Lat, Lon
from store.postgres import moment

KG_PER_T = 1000
LITRES_PER_M3 = 1000
WEIGHT_T_MAX = 10**5  # fixed: part of the published API
VOLUME_M3_MAX = 10**6  # fixed: part of the published API
STOPS_READ_MAX = 500  # fixed: part of the published API
WORDS_MAX = 50  # fixed: part of the published API

# Three decimals are whole kilograms and litres; what is smaller nobody weighs.
Tonnes = Annotated[float, Field(gt=0, le=WEIGHT_T_MAX)]
Kilograms = Annotated[int, Field(gt=0, le=WEIGHT_T_MAX * KG_PER_T)]
CubicMetres = Annotated[float, Field(gt=0, le=VOLUME_M3_MAX)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
GstState = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]


class WindowFields(Strict):
    """Either end may be open."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> WindowFields:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("to is before from")
        return self


class PlaceFields(Strict):
    lat: Lat
    lon: Lon
    name: LongText | None = None
    address: LongText | None = None
    fence: ObjectId | None = Field(
        default=None, description="of the tenant: arriving there is arriving here"
    )
    state: GstState | None = Field(
        default=None, description="as GST numbers begin", examples=["27"]
    )


class ContactFields(Strict):
    name: LongText | None = None
    phone: Phone | None = None


class Weighed(Strict):
    weight_t: Tonnes | None = Field(default=None, description="with at most three decimals")
    weight_kg: Kilograms | None = Field(default=None, description="instead of weight_t")

    @model_validator(mode="after")
    def _said_once(self) -> Weighed:
        if self.weight_t is not None and self.weight_kg is not None:
            raise ValueError("give weight_t or weight_kg, not both")
        if self.weight_t is not None and thousandths(self.weight_t) is None:
            raise ValueError("weight_t has at most three decimals: whole kilograms")
        return self

    @property
    def kg(self) -> int | None:
        if self.weight_t is not None:
            return thousandths(self.weight_t)
        return self.weight_kg


class LoadFields(Weighed):
    """What is to be carried; without a weight it is the sum of what the stops take on."""

    material: Word
    volume_m3: CubicMetres | None = Field(default=None, description="at most three decimals")
    truck_class: ObjectId | None = Field(default=None, description="default: any that carries it")
    body: Word | None = Field(default=None, description="default: any")
    handling: list[Word] = Field(default=[], max_length=WORDS_MAX)

    @model_validator(mode="after")
    def _in_whole_litres(self) -> LoadFields:
        if self.volume_m3 is not None and thousandths(self.volume_m3) is None:
            raise ValueError("volume_m3 has at most three decimals: whole litres")
        return self


class StopFields(Weighed):
    """One of the pickups and one of the drops may leave out its weight: it is what remains."""

    kind: StopKind
    place: PlaceFields
    window: WindowFields | None = None
    contact: ContactFields | None = None
    reference: LongText | None = None


class Carried(Strict):
    """What every request about a load begins with; stops are driven in their order."""

    load: LoadFields
    stops: list[StopFields] = Field(min_length=2, max_length=STOPS_READ_MAX)


class WindowOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    since: datetime | None = Field(alias="from")
    until: datetime | None = Field(alias="to")


class LoadOut(BaseModel):
    material: str
    weight_kg: int
    weight_t: float
    volume_m3: float | None
    truck_class: str | None
    body: str | None
    handling: list[str]

    @classmethod
    def of(cls, load: Load) -> LoadOut:
        return cls(
            material=load.material,
            weight_kg=load.weight_kg,
            weight_t=load.weight_kg / KG_PER_T,
            volume_m3=None if load.volume_l is None else load.volume_l / LITRES_PER_M3,
            truck_class=load.truck_class,
            body=load.body,
            handling=sorted(load.handling),
        )


class ContactOut(BaseModel):
    name: str | None
    phone: str | None = Field(description="masked, unless the caller may see it")


class StopOut(BaseModel):
    id: str
    kind: StopKind
    place: PlaceFields
    weight_kg: int
    weight_t: float
    window: WindowOut | None
    contact: ContactOut | None
    reference: str | None

    @classmethod
    def of(cls, stop: loads.Stop) -> StopOut:
        place, window, contact = stop.place, stop.window, stop.contact
        return cls(
            id=stop.id,
            kind=stop.kind,
            place=PlaceFields(
                lat=place.lat,
                lon=place.lon,
                name=place.name,
                address=place.address,
                fence=place.fence,
                state=place.state,
            ),
            weight_kg=stop.weight_kg,
            weight_t=stop.weight_kg / KG_PER_T,
            window=None if window == loads.Window() else _window_out(window),
            contact=None if contact is None else ContactOut(name=contact.name, phone=contact.phone),
            reference=stop.reference,
        )


def _window_out(window: loads.Window) -> WindowOut:
    said = {
        "from": None if window.from_ms is None else moment(window.from_ms),
        "to": None if window.to_ms is None else moment(window.to_ms),
    }
    return WindowOut.model_validate(said)


def thousandths(amount: float) -> int | None:
    """As it was written, times a thousand; None when that is not whole."""
    scaled = Decimal(str(amount)) * KG_PER_T
    return int(scaled) if scaled == int(scaled) else None
