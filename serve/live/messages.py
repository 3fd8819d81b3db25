"""The live feed's text messages: what viewers may say, and what we say besides positions."""

from __future__ import annotations

from typing import Any

import msgspec

from serve.live.resume import Place, ResumeError, place_of
from serve.live.viewport import Bbox, BboxError, bbox_of


class MessageError(ValueError):
    """A viewer's message that cannot be followed; the text goes back to the viewer."""


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    bbox: Any = None
    resume: str | None = None

    def wishes(self) -> tuple[Bbox | None, Place | None]:
        bbox = None if self.bbox is None else bbox_of(self.bbox)
        return bbox, None if self.resume is None else place_of(self.resume)


class Ping(msgspec.Struct, tag="ping", frozen=True):
    pass


_decoder: msgspec.json.Decoder[Subscribe | Ping] = msgspec.json.Decoder(Subscribe | Ping)


def parse(text: str) -> tuple[Bbox | None, Place | None] | Ping:
    """What a subscribe asks for, or a ping."""
    try:
        message = _decoder.decode(text)
        return message.wishes() if isinstance(message, Subscribe) else message
    except (msgspec.MsgspecError, BboxError, ResumeError, RecursionError) as failed:
        raise MessageError(str(failed)) from failed


def text_of(kind: str, **fields: Any) -> str:
    return msgspec.json.encode({"type": kind, **fields}).decode()


def event_text(cloud_event: dict[str, Any]) -> str:
    """Both the frame and the CloudEvent have a type; the latter moves to event_type."""
    return text_of(
        "event",
        event_type=cloud_event["type"],
        **{name: value for name, value in cloud_event.items() if name != "type"},
    )


def kind_of(text: str) -> str:
    """The type of one of our own messages, without decoding it all."""
    return text[len('{"type":"') : text.index('"', len('{"type":"'))]


PONG = text_of("pong")
EVENTS_LEFT_OUT = "events were left out; read them from /v1/events or subscribe with this token"
