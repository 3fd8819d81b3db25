"""What happens to a message: frozen, past tense; its log keeps every one."""

from __future__ import annotations

import msgspec

from freight.notifying.channels import Channel
from freight.notifying.state import Asked, Message


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at_ms: int


class Planned(Happened, frozen=True, kw_only=True, tag=True):
    message: Message


class PutOff(Happened, frozen=True, kw_only=True, tag=True):
    """Not now: quiet hours, too many at once, nobody asked yet."""

    until_ms: int
    why: str


class AttemptMade(Happened, frozen=True, kw_only=True, tag=True):
    """Committed before the provider is asked."""

    asked: Asked
    until_ms: int  # when whoever comes by takes it for lost
    template: str | None = None


class Accepted(Happened, frozen=True, kw_only=True, tag=True):
    nr: int
    provider_id: str
    is_delivered: bool = False  # there is nobody else who could tell
    chase_ms: int | None = None  # when a delivery that nobody confirms counts as none


class Undone(Happened, frozen=True, kw_only=True, tag=True):
    """Nothing was sent: the same channel is tried again."""

    nr: int
    why: str
    again_ms: int


class Failed(Happened, frozen=True, kw_only=True, tag=True):
    """This channel will not do it."""

    nr: int
    why: str
    reason: str | None = None
    code: str | None = None


class Lost(Happened, frozen=True, kw_only=True, tag=True):
    """Asked, and no answer: it may have been sent or not."""

    nr: int
    why: str


class Heard(Happened, frozen=True, kw_only=True, tag=True):
    """A receipt."""

    nr: int
    state: str  # sent, delivered, read
    told_ms: int | None = None


class MovedOn(Happened, frozen=True, kw_only=True, tag=True):
    """To the next channel."""

    channel: Channel
    place: int
    why: str


class Skipped(Happened, frozen=True, kw_only=True, tag=True):
    """Channels by which this person is not to be told."""

    channel: Channel
    why: str


class Died(Happened, frozen=True, kw_only=True, tag=True):
    why: str


class Cancelled(Happened, frozen=True, kw_only=True, tag=True):
    by: str
    why: str


class Replayed(Happened, frozen=True, kw_only=True, tag=True):
    by: str
    expires_ms: int


class Digested(Happened, frozen=True, kw_only=True, tag=True):
    into: str


MessageEvent = (
    Planned
    | PutOff
    | AttemptMade
    | Accepted
    | Undone
    | Failed
    | Lost
    | Heard
    | MovedOn
    | Skipped
    | Died
    | Cancelled
    | Replayed
    | Digested
)
