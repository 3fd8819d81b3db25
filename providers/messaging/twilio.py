"""Texts and calls through Twilio's API of 2010-04-01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

import msgspec

from freight.notifying.channels import Channel
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderThrottledError, ProviderUndoneError
from providers.messaging.answers import (
    FORM,
    decoded,
    decoded_or,
    dialled,
    refuse_credentials,
    refused,
)
from providers.messaging.port import Message, Repeats, Sent, State
from providers.messaging.twilio_codes import QUEUE_FULL, call_state, reason_of, text_state

NAME = "twilio"
SERVICE_PREFIX = "MG"  # of a messaging service's id; anything else is a number or a name
CALL_EVENTS = ("ringing", "answered", "completed")


class _Made(msgspec.Struct, frozen=True):
    sid: str
    status: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    base_url: str
    account_sid: str
    auth_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Twilio:
    """It has no key by which it would know the same request; our id stands in the address for
    receipts, so that a receipt tells what came of a request whose answer was lost."""

    caller: Caller
    credentials: Credentials
    receipts_url: str  # empty: it sends none

    name: ClassVar[str] = NAME
    repeats: ClassVar[Repeats] = Repeats.DOUBLED

    @property
    def has_receipts(self) -> bool:
        return bool(self.receipts_url)

    def callback(self, message: Message) -> list[tuple[str, str]]:
        if not self.receipts_url:
            return []
        return [("StatusCallback", f"{self.receipts_url}?{urlencode({'message': message.id})}")]

    async def make(self, operation: str, kind: str, form: Sequence[tuple[str, str]]) -> _Made:
        own = self.credentials
        path = f"/2010-04-01/Accounts/{own.account_sid}/{kind}.json"
        call = Call(
            operation=operation,
            method="POST",
            url=own.base_url.rstrip("/") + path,
            is_repeatable=False,
            headers=FORM,
            body=urlencode(form).encode(),
            auth=(own.account_sid, own.auth_token),
        )
        return _made(await self.caller.ask(call))


@dataclass(frozen=True, slots=True)
class TwilioSms(_Twilio):
    sender: str

    channel: ClassVar[Channel] = Channel.SMS

    async def send(self, message: Message) -> Sent:
        is_service = self.sender.startswith(SERVICE_PREFIX)
        by = "MessagingServiceSid" if is_service else "From"
        form = [("To", dialled(message.to)), (by, self.sender), ("Body", message.text)]
        made = await self.make("sms.send", "Messages", form + self.callback(message))
        return Sent(made.sid, text_state(made.status) or State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class TwilioCall(_Twilio):
    """Reads the text out. Whoever does not pick up has still been rung."""

    number: str
    voices: Mapping[str, str]
    spoken_times: int
    ring_s: int

    channel: ClassVar[Channel] = Channel.VOICE

    async def send(self, message: Message) -> Sent:
        form = [
            ("To", dialled(message.to)),
            ("From", self.number),
            ("Twiml", self.spoken(message)),
            ("Timeout", str(self.ring_s)),
        ]
        callback = self.callback(message)
        if callback:
            callback += [("StatusCallbackEvent", event) for event in CALL_EVENTS]
        made = await self.make("call.make", "Calls", form + callback)
        return Sent(made.sid, call_state(made.status) or State.ACCEPTED)

    def spoken(self, message: Message) -> str:
        voice = self.voices.get(message.language, "")
        language = f" language={quoteattr(voice)}" if voice else ""
        says = f'<Say loop="{self.spoken_times}"{language}>{escape(message.text)}</Say>'
        return f"<Response>{says}</Response>"


def _made(answer: Answer) -> _Made:
    refuse_credentials(answer)
    if answer.is_success:
        return decoded(answer, _Made)
    said = decoded_or(answer, _Refusal, _Refusal())
    if said.code in QUEUE_FULL:
        raise ProviderThrottledError(f"its queue is full: {said.code}")
    if answer.status == HTTPStatus.FORBIDDEN and not said.code:
        raise ProviderUndoneError("our account may not send")
    why = reason_of(said.code)
    raise refused(why, said.code or answer.status, said.message or f"answers {answer.status}")
