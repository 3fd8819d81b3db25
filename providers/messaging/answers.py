"""Pieces that all of a channel's adapters need: addresses as they must be, answers as structs."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TypeVar

import msgspec

from freight.redaction import redacted_text
from providers.calling import Answer
from providers.errors import ProviderAwayError, ProviderUndoneError
from providers.messaging.port import MessageRefusedError, Reason

T = TypeVar("T")

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
DETAIL_CHARS_MAX = 300  # fixed: a sentence for whoever looks, not a place to keep things
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CREDENTIALS = frozenset({HTTPStatus.UNAUTHORIZED.value, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED})


def dialled(number: str) -> str:
    """A number with its country; refused before anybody is asked."""
    if E164.fullmatch(number) is None:
        raise refused(Reason.INVALID_ADDRESS, "not_e164", "it is no number with a country code")
    return number


def refused(why: Reason, code: str | int, detail: str) -> MessageRefusedError:
    """Providers repeat what they were sent: a number or a name in their words is not kept."""
    return MessageRefusedError(why, str(code), redacted_text(detail)[:DETAIL_CHARS_MAX])


def decoded(answer: Answer, kind: type[T]) -> T:
    """What is not understood tells nothing: it may have been sent."""
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except msgspec.MsgspecError as failed:
        raise ProviderAwayError(f"gives an answer that is not understood: {failed}") from failed


def decoded_or(answer: Answer, kind: type[T], otherwise: T) -> T:
    """Of a refusal, whose status says the most already."""
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except msgspec.MsgspecError:
        return otherwise


def refuse_credentials(answer: Answer) -> None:
    """It will do when somebody has put the right ones; until then nothing was sent."""
    if answer.status in _CREDENTIALS:
        raise ProviderUndoneError(f"our credentials are refused: {answer.status}")
