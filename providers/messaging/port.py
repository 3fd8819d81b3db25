"""What a channel is asked to send and answers, whichever provider stands behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from freight.notifying.channels import Channel
from providers.errors import ProviderRefusedError

NO_CODE = "refused"
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class SmsTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """What Indian operators want to know of a text, and the provider's name for it."""

    provider_template_id: str = ""  # MSG91's own id of the flow; Twilio sends the text itself
    dlt_template_id: str = ""
    dlt_entity_id: str = ""
    header: str = ""  # the sender id that is registered
    variables: Mapping[str, str] = {}


class WhatsAppTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """An approved template and what is put into its body, in its order."""

    name: str
    language: str  # as it was approved: en, en_US, hi
    parameters: tuple[str, ...] = ()
    # Of its button with a link: the end of the address.
    link_suffix: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    # Ours: the same for every attempt, and shown to the provider where it takes one. Of letters,
    # digits, dots, dashes and low lines; whatever all of them take.
    id: str
    channel: Channel
    # An address, a number as +919876543210, a device's token; of Slack and Teams the name of a
    # room in the configuration.
    to: str
    language: str
    subject: str = ""
    text: str
    html: str | None = None
    sms: SmsTemplate | None = None
    whatsapp: WhatsAppTemplate | None = None
    # What the app on a phone is handed with a push.
    data: Mapping[str, str] = {}
    is_urgent: bool = False

    def __post_init__(self) -> None:
        if ID.fullmatch(self.id) is None:
            raise ValueError(f"{self.id!r} cannot be shown to every provider")


class State(StrEnum):
    """How far a message has come; it only goes forward."""

    ACCEPTED = "accepted"  # by the provider
    SENT = "sent"  # on, to an operator or another server
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Reason(StrEnum):
    """Why one was refused or failed, in the words of all providers."""

    INVALID_ADDRESS = "invalid_address"  # nobody is there, and nobody will be
    OPTED_OUT = "opted_out"
    TEMPLATE = "template"  # unknown, not approved, or the text does not fit it
    CONTENT = "content"  # too long, or of a shape that is not taken
    QUOTA = "quota"  # the account's, for longer than one waits
    ACCOUNT = "account"  # unpaid, blocked, or without the right to send this
    BLOCKED = "blocked"  # filtered as unwanted, here or on the way
    UNREACHABLE = "unreachable"  # switched off, busy, mailbox full: another time it may do
    OTHER = "other"


class Repeats(StrEnum):
    """What the same message sent twice becomes: whether to try again when nothing is known."""

    RECOGNISED = "recognised"  # by our id: it goes out once
    REPLACED = "replaced"  # on the screen the second takes the place of the first
    DOUBLED = "doubled"  # it goes out twice: after an unknown outcome leave it, and say so


class Sent(msgspec.Struct, frozen=True):
    """`provider_id` is what receipts name it by; empty where there are none."""

    provider_id: str
    state: State


class MessageRefusedError(ProviderRefusedError):
    """It will not be sent, however often it is asked; `code` is the provider's own."""

    def __init__(self, why: Reason, code: str, detail: str) -> None:
        super().__init__(code or NO_CODE, detail, why.value)
        self.why = why


class Sender(Protocol):
    """One channel of one tenant, good for one piece of work.

    MessageRefusedError: not now and not later. ProviderUndoneError: nothing was sent, it may be
    tried again (ProviderThrottledError: after its `after_s`; ProviderUnsetError: when an account
    is set up). Any other ProviderAwayError: nothing is known; see `repeats`.
    """

    @property
    def name(self) -> str:
        """The provider's, as its receipts are addressed."""
        ...

    @property
    def channel(self) -> Channel: ...

    @property
    def repeats(self) -> Repeats: ...

    @property
    def has_receipts(self) -> bool:
        """Whether anybody will tell what became of it."""
        ...

    async def send(self, message: Message) -> Sent: ...


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells of a message later on; it may come twice, and in any order."""

    provider_id: str  # may be empty where the provider names ours only
    message_id: str | None = None  # ours, where the provider gives it back
    state: State
    reason: Reason | None = None
    code: str = ""
    at_ms: int | None = None  # None: it does not say when
