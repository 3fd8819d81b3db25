"""Alerts as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from serve.fields import LongText, Strict
from serve.tasks.wire import Person

COMMENT_CHARS_MAX = 2000  # fixed: part of the published schema
MINUTES_MAX = 44_640  # fixed: a month; part of the published schema
# Lines and tabs are welcome in it, other control characters are not.
Comment = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=COMMENT_CHARS_MAX,
        strip_whitespace=True,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$",
    ),
]


class Noted(Strict):
    note: LongText | None = None


class Snoozed(Strict):
    """Until a moment, or for so many minutes from now; null ends it."""

    until: AwareDatetime | None = None
    minutes: Annotated[int | None, Field(gt=0, le=MINUTES_MAX)] = None

    @model_validator(mode="after")
    def one_of_them(self) -> Self:
        if self.until is not None and self.minutes is not None:
            raise ValueError("either until or minutes")
        return self


class AssignedTo(Strict):
    to: Person | None = Field(description="who is to see to it; null: nobody in particular")


class Judgement(Strict):
    judged: bool | None = Field(description="whether it was right; null takes a judgement back")


class NewComment(Strict):
    text: Comment


class PlaceOut(BaseModel):
    lat: float
    lon: float


class AlertEvidenceOut(BaseModel):
    """What it was decided from."""

    events: list[str] = Field(description="ids of facts, see /v1/events/{id}/evidence")
    rule: str
    version: str = Field(description="digest of the rule as it was applied")
    facts: dict[str, Any] = Field(description="the numbers that decided it, and what they met")
    since: datetime | None = Field(
        serialization_alias="from", description="the fixes to look at begin here"
    )
    to: datetime | None


class AlertOut(BaseModel):
    id: str
    kind: str
    severity: str
    state: str
    level: int
    title: str
    text: str
    subject: str
    truck: str | None
    booking: str | None
    place: PlaceOut | None
    began_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    snoozed_until: datetime | None
    assigned_to: str | None
    group: str | None = Field(description="alerts of one group are about one matter")
    count: int = Field(description="causes that are folded into it")
    evidence: AlertEvidenceOut
    comments_count: int
    judged: bool | None = Field(description="whether it was right, as a person said")
    version: int


class CommentOut(BaseModel):
    id: str
    at: datetime
    by: str
    text: str


class AlertStepOut(BaseModel):
    """One step of its life."""

    version: int
    at: datetime
    type: str
    by: str
    data: dict[str, Any]


class AlertDetail(AlertOut):
    comments: list[CommentOut] = Field(description="the latest, oldest first")
    history: list[AlertStepOut] = Field(description="the latest, oldest first")


class TruckGapOut(BaseModel):
    truck: str
    since: datetime | None = Field(serialization_alias="from", description="its last fix before")
    to: datetime | None = Field(description="its first fix behind; null: none came yet")


class MissedOut(BaseModel):
    """A time in which nobody watched, and what may have gone unseen in it."""

    cause: str
    detail: str
    since: datetime = Field(serialization_alias="from")
    to: datetime | None
    trucks: list[TruckGapOut] | None = Field(description="null: it cannot be said yet")
    trucks_count: int | None
    late_alerts: list[str] | None = Field(description="raised later than they would have been")


class WatchingOut(BaseModel):
    """Whether quiet means that nothing happens: while `unknown`, it means nothing."""

    watching: str = Field(description="ok or unknown")
    since: datetime | None
    why: list[str]
    missed_possible: list[MissedOut]


class CountsOut(BaseModel):
    state: dict[str, int]
    severity: dict[str, int]
    kind: dict[str, int]


class SummaryOut(BaseModel):
    """Of alerts that are open; with how the watch is doing."""

    open: int
    unassigned: int
    snoozed: int
    counts: CountsOut
    blind: WatchingOut


class BacktestIn(Strict):
    """Over the last days, or from one moment to another."""

    days: Annotated[int | None, Field(gt=0)] = None
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None
    rules: dict[str, Any] = Field(
        default={}, description="laid over the tenant's alert rules, nested as in /v1/config"
    )
    lane: LongText | None = Field(default=None, description="only what happened on this lane")

    @model_validator(mode="after")
    def one_span(self) -> Self:
        if (self.days is None) == (self.since is None):
            raise ValueError("either days or from")
        if self.days is not None and self.to is not None:
            raise ValueError("to goes with from")
        if self.since is not None and self.to is not None and self.to <= self.since:
            raise ValueError("to is behind from")
        return self


class BacktestCount(BaseModel):
    kind: str
    lane: str | None
    severity: str
    raised: int
    resolved: int
    retracted: int
    open: int
    now: int = Field(description="the same with the rules as they are")


class BacktestSample(BaseModel):
    kind: str
    severity: str
    subject: str
    truck: str | None
    booking: str | None
    lane: str | None
    began_at: datetime
    raised_at: datetime
    resolved_at: datetime | None
    state: str
    facts: dict[str, Any]


class BacktestOut(BaseModel):
    since: datetime = Field(serialization_alias="from")
    to: datetime
    facts: int = Field(description="facts of the log that were gone through")
    cut: str | None = Field(description="why it is not all that was asked for; null: it is")
    left_out: list[str] = Field(description="kinds that do not come of the log of facts")
    counts: list[BacktestCount]
    sample: list[BacktestSample]
