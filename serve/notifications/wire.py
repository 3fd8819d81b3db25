"""Messages to people as the API takes and gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from freight.notifying import events as happened
from freight.notifying.channels import Channel
from freight.notifying.events import MessageEvent
from freight.notifying.rules import KIND_PATTERN, RECIPIENT_PATTERN
from freight.notifying.state import Message, Severity, Status
from serve.fields import LongText, Strict
from store.postgres import moment

RECIPIENTS_MAX = 50  # fixed: what one request can hold
TEXT_CHARS_MAX = 2000  # fixed: what one request can hold
Kind = Annotated[str, StringConstraints(pattern=KIND_PATTERN, max_length=64)]
RecipientText = Annotated[str, StringConstraints(pattern=RECIPIENT_PATTERN)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX)]


class NewNotification(Strict):
    """A notice by hand."""

    to: Annotated[list[RecipientText], Field(min_length=1, max_length=RECIPIENTS_MAX)] = Field(
        description="role:dispatcher, on_call:1, user:<id>, room:<name>, or of the booking: "
        "booking.shipper, booking.pickup, booking.drop, booking.driver, booking.carrier"
    )
    title: LongText
    text: Body
    severity: Severity = Severity.INFO
    booking: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    routes: Annotated[list[LongText], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="names of routes of the configuration; none: screen and mail"
    )
    send_at: AwareDatetime | None = Field(default=None, description="none: now")


class Reason(Strict):
    why: LongText | None = None


class AttemptOut(BaseModel):
    """One channel asked once, and what became of it."""

    nr: int
    channel: Channel
    provider: str
    template: str | None
    asked_at: datetime
    outcome: str = Field(
        description="asked, accepted, sent, delivered, read, undone (tried again), failed, or "
        "unknown (no answer: not sent again by itself)"
    )
    why: str | None = None
    reason: str | None = None
    code: str | None = None
    provider_id: str | None = None
    told_at: datetime | None = None


class StepOut(BaseModel):
    at: datetime
    what: str
    why: str | None = None


class NotificationOut(BaseModel):
    id: str
    state: Status
    kind: str
    severity: Severity
    subject: str
    person: str
    booking: str | None
    truck: str | None
    language: str
    channels: list[Channel] = Field(description="in the order in which they are tried")
    channel: Channel | None = Field(description="the one that is tried, or that worked")
    cause: str = Field(description="the event that it tells of")
    created_at: datetime
    due_at: datetime | None = Field(description="when it is looked at next")
    expires_at: datetime
    asked_at: datetime | None
    tries: int
    replays: int
    digest: str | None = Field(description="the message that it went out with")
    why: str | None = Field(description="why it waits, failed or is dead")
    version: int

    @classmethod
    def of(cls, message: Message) -> NotificationOut:
        return cls(
            id=message.id,
            state=message.status,
            kind=message.kind,
            severity=message.severity,
            subject=message.subject,
            person=message.person,
            booking=message.booking,
            truck=message.truck,
            language=message.language,
            channels=list(message.channels),
            channel=message.channel,
            cause=message.cause,
            created_at=moment(message.created_ms),
            due_at=at(message.due_ms),
            expires_at=moment(message.expires_ms),
            asked_at=at(message.asked_ms),
            tries=message.tries,
            replays=message.replays,
            digest=message.digest,
            why=message.why,
            version=message.version,
        )


class WholeNotificationOut(NotificationOut):
    """With what was said, and all that happened."""

    title: str | None = Field(description="null: not written yet, or kept no longer")
    text: str | None
    attempts: list[AttemptOut]
    history: list[StepOut]

    @classmethod
    def whole(
        cls, message: Message, log: Sequence[MessageEvent], said: tuple[str, str] | None
    ) -> WholeNotificationOut:
        return cls(
            **dict(NotificationOut.of(message)),
            title=None if said is None else said[0],
            text=None if said is None else said[1],
            attempts=attempts_of(log),
            history=[
                StepOut(at=moment(one.at_ms), what=_NAMES[type(one)], why=getattr(one, "why", None))
                for one in log
            ],
        )


_NAMES: dict[type, str] = {
    happened.Planned: "planned",
    happened.PutOff: "put_off",
    happened.AttemptMade: "asked",
    happened.Accepted: "accepted",
    happened.Undone: "undone",
    happened.Failed: "failed",
    happened.Lost: "unknown",
    happened.Heard: "heard",
    happened.MovedOn: "moved_on",
    happened.Skipped: "skipped",
    happened.Died: "dead",
    happened.Cancelled: "cancelled",
    happened.Replayed: "replayed",
    happened.Digested: "digested",
}


def attempts_of(log: Sequence[MessageEvent]) -> list[AttemptOut]:
    found: dict[int, AttemptOut] = {}
    for one in log:
        if isinstance(one, happened.AttemptMade):
            found[one.asked.nr] = AttemptOut(
                nr=one.asked.nr,
                channel=one.asked.channel,
                provider=one.asked.provider,
                template=one.template,
                asked_at=moment(one.asked.at_ms),
                outcome="asked",
            )
        nr = getattr(one, "nr", None)
        if nr in found:
            found[nr] = found[nr].model_copy(update=_outcome(one))
    return list(found.values())


def _outcome(event: MessageEvent) -> dict[str, Any]:
    told: dict[str, Any] = {"told_at": moment(event.at_ms)}
    match event:
        case happened.Accepted(provider_id=provider_id, is_delivered=is_delivered):
            outcome = "delivered" if is_delivered else "accepted"
            return told | {"outcome": outcome, "provider_id": provider_id or None}
        case happened.Undone(why=why):
            return told | {"outcome": "undone", "why": why}
        case happened.Failed(why=why, reason=reason, code=code):
            return told | {"outcome": "failed", "why": why, "reason": reason, "code": code}
        case happened.Lost(why=why):
            return told | {"outcome": "unknown", "why": why}
        case happened.Heard(state=state):
            return told | {"outcome": state}
    return {}


def at(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
