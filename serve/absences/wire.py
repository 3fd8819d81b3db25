"""Absences of trucks as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serve.fields import LongText, ObjectId, Strict
from serve.journeys.wire import Moment
from store.truck_absences import Absence


class AbsenceFields(Strict):
    """When a truck is not to be had: in the workshop, on leave, let to somebody else."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    since: Moment | None = Field(default=None, alias="from", description="default: now")
    until: Moment | None = Field(
        default=None, alias="to", description="null: until it is ended here"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("to is not later than from")
        return self


class NewAbsence(AbsenceFields):
    id: ObjectId | None = None
    reason: LongText


class AbsenceChange(AbsenceFields):
    """What is left out stays as it is; null as `to` is without end."""

    reason: LongText | None = None


class AbsenceOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    id: str
    since: datetime = Field(alias="from")
    until: datetime | None = Field(alias="to")
    reason: str
    created_at: datetime
    version: int

    @classmethod
    def of(cls, absence: Absence) -> AbsenceOut:
        said = {
            "id": absence.id,
            "since": absence.from_ts,
            "until": absence.to_ts,
            "reason": absence.reason,
            "created_at": absence.created_at,
            "version": absence.version,
        }
        return cls.model_validate(said)
