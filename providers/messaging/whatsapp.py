"""WhatsApp through Meta's Cloud API: approved templates, or text to who has just written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from freight.notifying.channels import Channel
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderAwayError, ProviderThrottledError, ProviderUndoneError
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
    Repeats,
    Sent,
    State,
    WhatsAppTemplate,
)
from providers.messaging.whatsapp_codes import OUR_TOKEN, PASSING, THROTTLED, reason_of

NAME = "whatsapp"


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Made(msgspec.Struct, frozen=True):
    messages: list[_Named]


class _Details(msgspec.Struct, frozen=True):
    details: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    error_data: _Details = _Details()


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


@dataclass(frozen=True, slots=True)
class Credentials:
    base_url: str
    phone_number_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WhatsAppSender:
    """It gives our id back with each receipt, but sends a second message for the same one."""

    caller: Caller
    credentials: Credentials

    name: ClassVar[str] = NAME
    channel: ClassVar[Channel] = Channel.WHATSAPP
    repeats: ClassVar[Repeats] = Repeats.DOUBLED
    has_receipts: ClassVar[bool] = True

    async def send(self, message: Message) -> Sent:
        own = self.credentials
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": dialled(message.to).removeprefix("+"),
            "biz_opaque_callback_data": message.id,
        }
        if message.whatsapp is None:
            body |= {"type": "text", "text": {"body": message.text, "preview_url": False}}
        else:
            body |= {"type": "template", "template": _template(message.whatsapp)}
        call = Call(
            operation="whatsapp.send",
            method="POST",
            url=f"{own.base_url.rstrip('/')}/{own.phone_number_id}/messages",
            is_repeatable=False,
            headers={**JSON, "Authorization": f"Bearer {own.token}"},
            body=msgspec.json.encode(body),
        )
        return _sent(await self.caller.ask(call))


def _template(template: WhatsAppTemplate) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    if template.parameters:
        values = [{"type": "text", "text": value} for value in template.parameters]
        components.append({"type": "body", "parameters": values})
    if template.link_suffix is not None:
        values = [{"type": "text", "text": template.link_suffix}]
        button = {"type": "button", "sub_type": "url", "index": "0", "parameters": values}
        components.append(button)
    language = {"code": template.language}
    return {"name": template.name, "language": language, "components": components}


def _sent(answer: Answer) -> Sent:
    if answer.is_success:
        made = decoded(answer, _Made)
        if not made.messages:
            raise ProviderAwayError("gives an answer that names no message")
        return Sent(made.messages[0].id, State.ACCEPTED)
    refuse_credentials(answer)
    error = decoded_or(answer, _Refusal, _Refusal()).error
    if error.code in THROTTLED:
        raise ProviderThrottledError(f"is throttling us: {error.code}")
    if error.code in PASSING:
        # It answered with its own error: it took nothing.
        raise ProviderUndoneError(f"cannot do it now: {error.code}")
    if error.code in OUR_TOKEN:
        raise ProviderUndoneError(f"our token is refused: {error.code}")
    says = error.error_data.details or error.message or f"answers {answer.status}"
    raise refused(reason_of(error.code), error.code or answer.status, says)
