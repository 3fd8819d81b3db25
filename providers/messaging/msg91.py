"""SMS through MSG91's Flow API: an approved template, and what is put into it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from freight.notifying.channels import Channel
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderUndoneError
from providers.messaging.answers import (
    JSON,
    decoded,
    decoded_or,
    dialled,
    refuse_credentials,
    refused,
)
from providers.messaging.port import (
    Message,
    MessageRefusedError,
    Reason,
    Repeats,
    Sent,
    SmsTemplate,
    State,
)

NAME = "msg91"
PATH = "/api/v5/flow"
IP_REFUSED = 418  # its status for an address of ours that is not on its list
# It has no codes for its refusals: the words are all there is.
_WORDS = (
    (re.compile(r"balance|credit|insufficient", re.IGNORECASE), Reason.QUOTA),
    (re.compile(r"template|flow|dlt|variable|sender", re.IGNORECASE), Reason.TEMPLATE),
    (re.compile(r"mobile|number|recipient", re.IGNORECASE), Reason.INVALID_ADDRESS),
    (re.compile(r"block|dnd|ndnc|spam", re.IGNORECASE), Reason.BLOCKED),
)
_OUR_KEY = re.compile(r"auth.?key|unauthori|authenticat", re.IGNORECASE)


class _Said(msgspec.Struct, frozen=True):
    type: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    base_url: str
    auth_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Msg91Sender:
    """Our id comes back with its receipts, but it does not refuse the same id twice."""

    caller: Caller
    credentials: Credentials

    name: ClassVar[str] = NAME
    channel: ClassVar[Channel] = Channel.SMS
    repeats: ClassVar[Repeats] = Repeats.DOUBLED
    has_receipts: ClassVar[bool] = True

    async def send(self, message: Message) -> Sent:
        template = message.sms or SmsTemplate()
        if not template.provider_template_id:
            raise refused(Reason.TEMPLATE, "no_template", "MSG91 sends approved templates only")
        number = dialled(message.to).removeprefix("+")
        recipient = {**template.variables, "mobiles": number, "CRQID": message.id}
        body: dict[str, object] = {
            "template_id": template.provider_template_id,
            "short_url": "0",
            "recipients": [recipient],
        }
        if template.header:
            body["sender"] = template.header
        call = Call(
            operation="sms.send",
            method="POST",
            url=self.credentials.base_url.rstrip("/") + PATH,
            is_repeatable=False,
            headers={**JSON, "authkey": self.credentials.auth_key},
            body=msgspec.json.encode(body),
        )
        return _sent(await self.caller.ask(call))


def _sent(answer: Answer) -> Sent:
    refuse_credentials(answer)
    if answer.status == IP_REFUSED:
        raise ProviderUndoneError("it does not take requests from our address")
    if not answer.is_success:
        raise _refusal(decoded_or(answer, _Said, _Said()), answer.status)
    said = decoded(answer, _Said)
    if said.type != "success":
        raise _refusal(said, answer.status)
    return Sent(said.message, State.ACCEPTED)


def _refusal(said: _Said, status: int) -> MessageRefusedError | ProviderUndoneError:
    words = said.message or f"answers {status}"
    if _OUR_KEY.search(words):
        return ProviderUndoneError("our key is refused")
    why = next((reason for known, reason in _WORDS if known.search(words)), Reason.OTHER)
    return refused(why, status, words)
