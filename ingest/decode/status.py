"""A device's status topic: whether it is there, or how a command went that it was sent."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from ingest.decode.rows import BadPositionError, Decoded

ONLINE, OFFLINE = b"online", b"offline"
TEXT_CHARS_MAX = 500  # fixed: the published form of an answer
Text = Annotated[str, msgspec.Meta(max_length=TEXT_CHARS_MAX)]
FAILURES = frozenset({"failed", "error", "refused", "rejected"})


class CommandAnswer(msgspec.Struct, frozen=True):
    """What a device says about a command; without a result it only says that it has it."""

    command: UUID
    result: Text = "received"
    detail: Text | None = None

    @property
    def is_failure(self) -> bool:
        return self.result.lower() in FAILURES


_answer = msgspec.json.Decoder(CommandAnswer)


def read_status(payload: bytes, _fixes_max: int) -> Decoded:
    """Raises BadPositionError when it is neither a state nor an answer to a command.

    An empty message is how a retained one is taken back.
    """
    stripped = payload.strip().lower()
    if stripped not in {b"", ONLINE, OFFLINE}:
        command_answer(payload)
    return Decoded(is_status=True)


def state_of(payload: bytes) -> bool | None:
    """True: online; None: it says nothing of that."""
    return {ONLINE: True, OFFLINE: False}.get(payload.strip().lower())


def command_answer(payload: bytes) -> CommandAnswer:
    try:
        return _answer.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPositionError(f"neither online, offline nor a command's answer: {error}") from None
