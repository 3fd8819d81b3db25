"""What people answer to messages: read after the letter was believed, for words such as STOP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from freight.notifying.channels import Channel
from providers.messaging import twilio, whatsapp
from providers.messaging.receipts.letter import Letter


class Answer(msgspec.Struct, frozen=True):
    """From a number as +919876543210."""

    channel: Channel
    phone: str
    text: str


def answers(provider: str, letter: Letter) -> list[Answer]:
    """Of a letter whose signature was good; of providers that tell none, nothing."""
    if provider == twilio.NAME:
        return list(_of_twilio(letter))
    return list(_of_whatsapp(letter)) if provider == whatsapp.NAME else []


def _of_twilio(letter: Letter) -> Iterator[Answer]:
    said = dict(parse_qsl(letter.body.decode(errors="replace"), keep_blank_values=True))
    sender, text = said.get("From", ""), said.get("Body")
    if text is None or not sender:
        return
    kind, _, number = sender.rpartition(":")
    yield Answer(Channel.WHATSAPP if kind == "whatsapp" else Channel.SMS, number, text)


def _of_whatsapp(letter: Letter) -> Iterator[Answer]:
    try:
        said: Any = msgspec.json.decode(letter.body)
        changes = [change for entry in said["entry"] for change in entry["changes"]]
        messages = [one for change in changes for one in change["value"].get("messages", [])]
        for one in messages:
            text = one.get("text") or one.get("button") or {}
            words = text.get("body") or text.get("text") or ""
            if words:
                yield Answer(Channel.WHATSAPP, "+" + str(one["from"]).lstrip("+"), str(words))
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return
