"""Rooms of Slack and Teams, by incoming webhooks: the address is all the secret there is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from freight.notifying.channels import Channel
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderThrottledError
from providers.messaging.answers import DETAIL_CHARS_MAX, JSON, refused
from providers.messaging.port import Message, MessageRefusedError, Reason, Repeats, Sent, State

SLACK, TEAMS = "slack", "teams"
CARD = "application/vnd.microsoft.card.adaptive"
CARD_VERSION = "1.4"
CARD_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"  # fixed: a name
# What Teams' older webhooks say in the body of an answer that is a success by its status.
_FAILED_INSIDE = re.compile(r"HTTP error (\d{3})|delivery failed", re.IGNORECASE)
_REASONS = {
    HTTPStatus.BAD_REQUEST: Reason.CONTENT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Reason.CONTENT,
    HTTPStatus.UNAUTHORIZED: Reason.ACCOUNT,
    HTTPStatus.FORBIDDEN: Reason.ACCOUNT,
    HTTPStatus.NOT_FOUND: Reason.INVALID_ADDRESS,
    HTTPStatus.GONE: Reason.INVALID_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class _Rooms:
    """Neither knows a key: a second message stands below the first."""

    caller: Caller
    # The address of a room by its name; refused where there is none of that name.
    url_of: Callable[[str], Awaitable[str]]

    repeats: ClassVar[Repeats] = Repeats.DOUBLED
    has_receipts: ClassVar[bool] = False

    async def post(self, operation: str, room: str, body: dict[str, Any]) -> Answer:
        call = Call(
            operation=operation,
            method="POST",
            url=await self.url_of(room),
            is_repeatable=False,
            headers=JSON,
            body=msgspec.json.encode(body),
        )
        return await self.caller.ask(call)


@dataclass(frozen=True, slots=True)
class SlackRooms(_Rooms):
    name: ClassVar[str] = SLACK
    channel: ClassVar[Channel] = Channel.SLACK

    async def send(self, message: Message) -> Sent:
        title = f"*{_escaped(message.subject)}*\n" if message.subject else ""
        answer = await self.post("slack.post", message.to, {"text": title + _escaped(message.text)})
        if not answer.is_success:
            raise _refusal(answer)
        return Sent("", State.DELIVERED)


@dataclass(frozen=True, slots=True)
class TeamsRooms(_Rooms):
    name: ClassVar[str] = TEAMS
    channel: ClassVar[Channel] = Channel.TEAMS

    async def send(self, message: Message) -> Sent:
        answer = await self.post("teams.post", message.to, _card(message))
        if not answer.is_success:
            raise _refusal(answer)
        _look_inside(answer)
        # A workflow has only begun then.
        is_begun = answer.status == HTTPStatus.ACCEPTED
        return Sent("", State.ACCEPTED if is_begun else State.DELIVERED)


def leads_to(url: str, hosts: Iterable[str]) -> bool:
    """Whether an address that somebody entered as a secret is one of theirs."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_plain = parts.scheme == "https" and port in {None, 443} and not parts.username
    return is_plain and any(
        host.endswith(known) if known.startswith(".") else host == known for known in hosts
    )


def _escaped(text: str) -> str:
    """What Slack would take for a link, or for the calling of a person."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(message: Message) -> dict[str, Any]:
    title = {"type": "TextBlock", "text": message.subject, "weight": "Bolder", "wrap": True}
    text = {"type": "TextBlock", "text": message.text, "wrap": True}
    card = {
        "$schema": CARD_SCHEMA,
        "type": "AdaptiveCard",
        "version": CARD_VERSION,
        "body": [title, text] if message.subject else [text],
    }
    return {"type": "message", "attachments": [{"contentType": CARD, "content": card}]}


def _look_inside(answer: Answer) -> None:
    found = _FAILED_INSIDE.search(answer.body.decode(errors="replace"))
    if found is None:
        return
    status = int(found[1]) if found[1] else answer.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderThrottledError("is throttling us")
    raise _refusal(Answer(status, answer.headers, answer.body))


def _refusal(answer: Answer) -> MessageRefusedError:
    says = answer.body[:DETAIL_CHARS_MAX].decode(errors="replace").strip()
    is_word = re.fullmatch(r"[a-z_]{1,60}", says) is not None
    why = next((r for status, r in _REASONS.items() if status == answer.status), Reason.OTHER)
    return refused(why, says if is_word else answer.status, says or f"answers {answer.status}")
