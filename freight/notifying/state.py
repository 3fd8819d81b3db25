"""What is known of a message: to whom, by which channels in which order, and how far it is."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from freight.notifying.channels import Channel

ID_BYTES = 12  # fixed: the form of our own ids
PREFIX = "ntf-"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Status(StrEnum):
    WAITING = "waiting"  # for its time or its turn
    COLLECTED = "collected"  # goes out within a digest
    SENDING = "sending"  # asked for; no answer is noted yet
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNKNOWN = "unknown"  # asked for, and nobody knows what became of it: not sent again by itself
    DEAD = "dead"  # no channel is left, or its time is over
    CANCELLED = "cancelled"
    DIGESTED = "digested"  # went out within a digest


# A person may have it sent again.
REPLAYABLE = frozenset({Status.UNKNOWN, Status.DEAD, Status.CANCELLED})
# Nobody was asked yet: it can still be kept back.
KEPT_BACK = frozenset({Status.WAITING, Status.COLLECTED})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, committed before anybody is asked."""

    nr: int
    # As the provider is told it: the same while repeating it is safe, another for another channel.
    attempt: str
    channel: Channel
    provider: str
    at_ms: int
    is_repeatable: bool  # the same twice goes out once
    has_receipts: bool


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: int
    kind: str  # "alert.raised": what preferences and templates go by
    severity: Severity
    subject: str  # "alerts/x"
    person: str  # "users/x", "drivers/x", "contacts/x", "rooms/x"
    language: str
    channels: tuple[Channel, ...]  # in the order in which they are tried
    cause: str  # the fact's id, or the digest's, or whoever sent it by hand
    created_ms: int
    expires_ms: int  # afterwards it helps nobody
    status: Status
    due_ms: int | None = None  # when it is looked at next
    place: int = 0  # among the channels
    tries: int = 0  # that came to nothing, on this channel
    booking: str | None = None
    truck: str | None = None
    nr: int = 0  # of the last attempt
    asked: Asked | None = None
    asked_ms: int | None = None  # when somebody was asked first
    replays: int = 0
    template: str | None = None  # "sms v3": what the last attempt's text was made from
    digest: str | None = None  # the message that it went out with
    why: str | None = None

    @property
    def channel(self) -> Channel | None:
        return self.channels[self.place] if self.place < len(self.channels) else None

    @property
    def attempt(self) -> str:
        """The name of what is sent now; another channel and another replay are another."""
        return f"{self.id}-{self.replays}-{self.place}"


def message_id(tenant_key: int, cause: str, kind: str, person: str, route: int) -> str:
    """The same cause tells the same person once, however often it is taken up."""
    said = "\x1f".join([str(tenant_key), cause, kind, person, str(route)])
    return PREFIX + hashlib.blake2b(said.encode(), digest_size=ID_BYTES).hexdigest()
