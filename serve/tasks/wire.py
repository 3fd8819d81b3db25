"""Tasks for people as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from freight.tasks import Task, TaskState
from serve.fields import LongText, Strict
from store.postgres import moment

Person = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:/_@.-]{1,100}$")]


class Done(Strict):
    note: LongText | None = None


class Dismissed(Strict):
    note: LongText = Field(description="why it need not be done")


class Assigned(Strict):
    to: Person | None = Field(description="who is to do it; null: nobody in particular")


class TaskOut(BaseModel):
    id: str
    kind: str
    about: str
    title: str
    booking: str | None
    leg: str | None
    state: TaskState
    opened_at: datetime
    since: datetime | None = Field(description="from when on it may be done")
    until: datetime | None = Field(description="until when it may be done")
    escalated_at: datetime | None
    assigned_to: str | None
    settled_at: datetime | None
    settled_by: str | None
    note: str | None
    facts: dict[str, Any]
    version: int

    @classmethod
    def of(cls, task: Task) -> TaskOut:
        return cls(
            id=task.id,
            kind=task.kind,
            about=task.subject,
            title=task.title,
            booking=task.booking,
            leg=task.leg,
            state=task.state,
            opened_at=moment(task.opened_ms),
            since=_moment(task.from_ms),
            until=_moment(task.to_ms),
            escalated_at=_moment(task.escalated_ms),
            assigned_to=task.assigned_to,
            settled_at=_moment(task.settled_ms),
            settled_by=task.settled_by,
            note=task.note,
            facts=task.facts,
            version=task.version,
        )


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
