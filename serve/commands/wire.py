"""Commands to devices as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serve.fields import Strict
from store.device_commands import State, StoredCommand

# Devices know few: letters and digits that any of them can compare.
Kind = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class NewCommand(Strict):
    kind: Kind = Field(description="what to do, in the device's own words")
    payload: dict[str, Any] | None = Field(default=None, description="passed on as it is")
    expires_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="from now; not sent after it, nor again"
    )


class CommandOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="the device's answer names it")
    truck: str
    kind: str
    payload: dict[str, Any] | None
    state: State
    created_at: datetime
    created_by: str
    expires_at: datetime
    sent_at: datetime | None = Field(description="when the broker last took it over")
    sendings: int
    ended_at: datetime | None
    result: str | None = Field(description="in the device's words")
    detail: str | None

    @classmethod
    def of(cls, command: StoredCommand) -> CommandOut:
        return cls.model_validate(command)
