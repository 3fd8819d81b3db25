"""Pushes through Firebase Cloud Messaging's HTTP API, version 1: to one phone each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from freight.notifying.channels import Channel
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderThrottledError, ProviderUndoneError
from providers.messaging.answers import JSON, decoded, decoded_or, refused
from providers.messaging.port import Message, Reason, Repeats, Sent, State

NAME = "fcm"
MESSAGE_ID = "message_id"  # under which the app finds our id
FCM_ERROR = "google.firebase.fcm.v1.FcmError"
_REASONS = {
    "UNREGISTERED": Reason.INVALID_ADDRESS,
    "SENDER_ID_MISMATCH": Reason.INVALID_ADDRESS,
    "INVALID_ARGUMENT": Reason.CONTENT,
}
_THROTTLED = frozenset({"QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"})
_OURS = frozenset({"THIRD_PARTY_AUTH_ERROR", "UNAUTHENTICATED", "PERMISSION_DENIED"})


class _Made(msgspec.Struct, frozen=True):
    name: str


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []

    @property
    def code(self) -> str:
        """Its own before the general one."""
        for detail in self.details:
            if str(detail.get("@type", "")).endswith(FCM_ERROR):
                return str(detail.get("errorCode", self.status))
        return self.status


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


@dataclass(frozen=True, slots=True)
class FcmSender:
    """Nobody tells whether a phone got it; a second one takes the place of the first on it."""

    caller: Caller
    url: str
    token: Callable[[], Awaitable[str]]
    drop_token: Callable[[], None]
    keep_s: int

    name: ClassVar[str] = NAME
    channel: ClassVar[Channel] = Channel.PUSH
    repeats: ClassVar[Repeats] = Repeats.REPLACED
    has_receipts: ClassVar[bool] = False

    async def send(self, message: Message) -> Sent:
        body = msgspec.json.encode({"message": self._body(message)})
        answer = await self._asked(body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.drop_token()  # it may have been taken back before its time
            answer = await self._asked(body)
        return _sent(answer)

    async def _asked(self, body: bytes) -> Answer:
        call = Call(
            operation="push.send",
            method="POST",
            url=self.url,
            is_repeatable=True,
            headers={**JSON, "Authorization": f"Bearer {await self.token()}"},
            body=body,
        )
        return await self.caller.ask(call)

    def _body(self, message: Message) -> dict[str, Any]:
        urgency = ("high", "10") if message.is_urgent else ("normal", "5")
        return {
            "token": message.to,
            "notification": {"title": message.subject, "body": message.text},
            "data": {**message.data, MESSAGE_ID: message.id},
            "android": {
                "priority": urgency[0],
                "ttl": f"{self.keep_s}s",
                "notification": {"tag": message.id},
            },
            "apns": {"headers": {"apns-priority": urgency[1], "apns-collapse-id": message.id}},
        }


def _sent(answer: Answer) -> Sent:
    if answer.is_success:
        return Sent(decoded(answer, _Made).name, State.SENT)
    error = decoded_or(answer, _Refusal, _Refusal()).error
    if error.code in _THROTTLED:
        raise ProviderThrottledError(f"is throttling us: {error.code}")
    if error.code in _OURS or (
        answer.status == HTTPStatus.UNAUTHORIZED and error.code not in _REASONS
    ):
        raise ProviderUndoneError(f"our service account is refused: {error.code}")
    why = _REASONS.get(error.code, Reason.OTHER)
    if why is Reason.CONTENT and "registration token" in error.message:
        why = Reason.INVALID_ADDRESS
    raise refused(why, error.code or answer.status, error.message or f"answers {answer.status}")
