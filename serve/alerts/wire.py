"""Alerts as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from freight.alerts.kinds import Kind, Severity
from freight.alerts.state import Alert, AlertState, Judgement, Resolution
from freight.alerts.words import text, title
from serve.fields import LongText, Strict
from serve.tasks.wire import Person
from store.alerts import Logged
from store.postgres import moment

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


class Judged(Strict):
    judged: Judgement | None = Field(description="null takes a judgement back")


class NewComment(Strict):
    text: Comment


class PlaceOut(BaseModel):
    lat: float
    lon: float


class BasisOut(BaseModel):
    """What it was decided from."""

    events: list[str] = Field(description="ids of facts, see /v1/events/{id}/evidence")
    rule: list[str] = Field(description="keys of the rule and of what was laid over it")
    version: str = Field(description="digest of the rule as it was applied")
    facts: dict[str, Any] = Field(description="the numbers that decided it")
    since: datetime = Field(
        serialization_alias="from", description="the fixes to look at begin here"
    )
    to: datetime

    @classmethod
    def of(cls, alert: Alert) -> BasisOut:
        evidence = alert.evidence
        return cls(
            events=list(evidence.events),
            rule=list(evidence.rule.keys),
            version=evidence.rule.digest,
            facts=evidence.facts,
            since=moment(evidence.from_ms),
            to=moment(evidence.to_ms),
        )


class AlertOut(BaseModel):
    id: str
    kind: Kind
    severity: Severity
    state: AlertState
    level: int = Field(description="how often it was escalated")
    title: str
    text: str
    subject: str
    truck: str | None
    booking: str | None
    lane: str | None
    customer: str | None
    carrier: str | None
    place: PlaceOut | None
    began_at: datetime
    raised_at: datetime | None
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: Resolution | None
    note: str | None
    snoozed_until: datetime | None
    assigned_to: str | None
    group: str | None = Field(description="alerts of one group are shown together")
    count: int = Field(description="causes that are folded into it")
    evidence: BasisOut
    comments_count: int
    judged: Judgement | None = Field(description="whether it was right, as a person said")
    version: int

    @classmethod
    def of(cls, alert: Alert) -> AlertOut:
        return cls(**_fields(alert))


def _fields(alert: Alert) -> dict[str, Any]:
    place = alert.place
    return {
        "id": alert.id,
        "kind": alert.kind,
        "severity": alert.severity,
        "state": alert.state,
        "level": alert.level,
        "title": title(alert),
        "text": text(alert),
        "subject": alert.subject,
        "truck": alert.truck,
        "booking": alert.booking,
        "lane": alert.around.lane,
        "customer": alert.around.customer,
        "carrier": alert.around.carrier,
        "place": None if place is None else PlaceOut(lat=place.lat, lon=place.lon),
        "began_at": moment(alert.began_ms),
        "raised_at": _moment(alert.raised_ms),
        "escalated_at": _moment(alert.escalated_ms),
        "acknowledged_at": _moment(alert.acknowledged_ms),
        "acknowledged_by": alert.acknowledged_by,
        "resolved_at": _moment(alert.resolved_ms),
        "resolved_by": alert.resolved_by,
        "resolution": alert.resolution,
        "note": alert.note,
        "snoozed_until": _moment(alert.snoozed_until_ms),
        "assigned_to": alert.assigned_to,
        "group": alert.group,
        "count": alert.count,
        "evidence": BasisOut.of(alert),
        "comments_count": alert.comments,
        "judged": alert.judged,
        "version": alert.version,
    }


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


class CommentOut(BaseModel):
    id: str
    at: datetime
    by: str
    text: str
    version: int

    @classmethod
    def of(cls, logged: Logged) -> CommentOut:
        return cls(
            id=f"comment-{logged.version}",
            at=moment(logged.at_ms),
            by=logged.told_by,
            text=logged.event["text"],
            version=logged.version,
        )


class AlertStepOut(BaseModel):
    """One step of its life, in the words of its log."""

    version: int
    at: datetime
    type: str
    by: str = Field(description="a person, the fact that told of it, or the watch")
    data: dict[str, Any]

    @classmethod
    def of(cls, logged: Logged) -> AlertStepOut:
        data = {
            name: value
            for name, value in logged.event.items()
            if name not in {"at_ms", "type", "by"}
        }
        return cls(
            version=logged.version,
            at=moment(logged.at_ms),
            type=logged.type,
            by=logged.told_by,
            data=data,
        )


class AlertDetail(AlertOut):
    comments: list[CommentOut] = Field(description="the latest, newest first")
    history: list[AlertStepOut] = Field(description="the latest, newest first")

    @classmethod
    def with_story(
        cls, alert: Alert, history: list[AlertStepOut], comments: list[CommentOut]
    ) -> AlertDetail:
        return cls(**_fields(alert), history=history, comments=comments)


class TrackOut(BaseModel):
    truck: str
    is_cut: bool = Field(description="there are more fixes than are shown")
    fixes: list[dict[str, Any]]


class EvidenceOut(BaseModel):
    """Why this alert: the facts, the rule as it was applied, and the fixes around its causes."""

    alert: AlertOut
    facts: list[dict[str, Any]] = Field(description="as CloudEvents")
    causes: list[dict[str, Any]]
    rule: dict[str, Any] = Field(description="as it is now, with what is laid over it here")
    is_same_rule: bool = Field(description="whether that is the rule it was raised by")
    tracks: list[TrackOut]


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
    kind: Kind
    lane: str | None
    severity: Severity
    raised: int
    resolved: int = Field(description="of these, by themselves")
    retracted: int
    escalated: int
    now: int = Field(description="raised by the rules as they are")


class BacktestSample(BaseModel):
    kind: Kind
    severity: Severity
    state: AlertState
    title: str
    text: str
    subject: str
    truck: str | None
    booking: str | None
    lane: str | None
    began_at: datetime
    raised_at: datetime | None
    resolved_at: datetime | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, alert: Alert) -> BacktestSample:
        told = _fields(alert)
        kept = {name: told[name] for name in cls.model_fields if name != "facts"}
        return cls(**kept, facts=alert.evidence.facts)


class BacktestOut(BaseModel):
    since: datetime = Field(serialization_alias="from")
    to: datetime
    facts: int = Field(description="facts of the log that were gone through")
    cut: str | None = Field(description="why it is not all that was asked for; null: it is")
    left_out: list[Kind] = Field(
        description="kinds that come of looking how things stand, which no log repeats"
    )
    counts: list[BacktestCount]
    sample: list[BacktestSample] = Field(description="the latest that were raised")
