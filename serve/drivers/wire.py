"""Drivers as the API takes and gives them: phone and licence masked unless one may see them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from freight.fleet.duty import Hours
from freight.personal import PersonalKind, masked
from serve.carriers.wire import Phone
from serve.fields import LongText, ObjectId, Strict
from serve.papers.wire import Day
from store.drivers import Driver
from store.postgres import moment

MS_PER_S = 1000
Licence = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 /-]{3,31}$")]


class DriverFields(Strict):
    phone: Phone | None = None
    licence_number: Licence | None = None
    licence_valid_until: Day | None = Field(default=None, description="its last day")
    hazardous_valid_until: Day | None = Field(
        default=None, description="the endorsement's for dangerous goods; null: has none"
    )
    carrier: ObjectId | None = Field(default=None, description="null: the tenant's own driver")
    truck: ObjectId | None = Field(
        default=None, description="which it drives now; of the driver's carrier, if it has one"
    )


class NewDriver(DriverFields):
    id: ObjectId
    name: LongText
    on_duty: bool = False


class DriverChange(DriverFields):
    """What is left out stays as it is; null empties a field, except name and on_duty."""

    name: LongText | None = None
    on_duty: bool | None = None


class DriverOut(BaseModel):
    id: str
    name: str
    phone: str | None
    licence_number: str | None
    licence_valid_until: date | None
    hazardous_valid_until: date | None
    carrier: str | None
    truck: str | None
    on_duty: bool
    duty_since: datetime | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, driver: Driver, *, unmasked: bool = False) -> DriverOut:
        return cls(
            id=driver.id,
            name=driver.name,
            phone=_shown(PersonalKind.PHONE, driver.phone, unmasked=unmasked),
            licence_number=_shown(PersonalKind.LICENCE, driver.licence, unmasked=unmasked),
            licence_valid_until=driver.licence_valid_until,
            hazardous_valid_until=driver.hazardous_valid_until,
            carrier=driver.carrier,
            truck=driver.truck,
            on_duty=driver.duty_since is not None,
            duty_since=driver.duty_since,
            created_at=driver.created_at,
            version=driver.version,
        )


class HoursOut(BaseModel):
    """From the trips of the driver's trucks while it was at the wheel."""

    as_of: datetime
    driven_day_s: int = Field(description="in the last 24 hours")
    driven_week_s: int = Field(description="in the last seven days")
    stretch_s: int = Field(description="driven since the last short rest")
    left_s: int = Field(description="that may still be driven before a long rest")
    stretch_left_s: int = Field(description="of it, before a short rest")

    @classmethod
    def of(cls, seen: Hours, now_ms: int) -> HoursOut:
        return cls(
            as_of=moment(now_ms),
            driven_day_s=seen.driven_day_ms // MS_PER_S,
            driven_week_s=seen.driven_week_ms // MS_PER_S,
            stretch_s=seen.stretch_ms // MS_PER_S,
            left_s=seen.left_ms // MS_PER_S,
            stretch_left_s=seen.stretch_left_ms // MS_PER_S,
        )


def _shown(kind: PersonalKind, text: str | None, *, unmasked: bool) -> str | None:
    return text if text is None or unmasked else masked(kind, text)
