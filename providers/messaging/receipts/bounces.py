"""What mail servers say of mail that could not be delivered: multipart/report, RFC 3464."""

from __future__ import annotations

import email
import re
from collections.abc import Sequence
from email.message import Message
from email.utils import parsedate_to_datetime

from providers.messaging.port import ID, Reason, Receipt, State
from providers.messaging.receipts.letter import Letter, UnreadableError, must_bring
from providers.messaging.smtp import reason_of

MS = 1000
_STATES = {
    "failed": State.FAILED,
    "delivered": State.DELIVERED,
    "relayed": State.SENT,
    "expanded": State.SENT,
    "delayed": State.SENT,  # it tries on, and says so if it gives up
}
_ANGLED = re.compile(r"<([^<>\s]+)>")


def parse(letter: Letter, secrets: Sequence[str]) -> list[Receipt]:
    """Handed over by the mail server behind `bounces_to`, as it came."""
    must_bring(letter, secrets)
    return read(letter.body)


def read(raw: bytes) -> list[Receipt]:
    mail = email.message_from_bytes(raw)  # headers as they are: anybody may have written them
    status = _part(mail, "message/delivery-status")
    if mail.get_content_type() != "multipart/report" or status is None:
        raise UnreadableError("it is no report of a delivery")
    blocks = [block for block in status.walk() if block is not status]
    about = _about(mail, blocks)
    if about is None:
        raise UnreadableError("it does not say about which mail")
    found = (_receipt(about, block, mail) for block in blocks)
    return [receipt for receipt in found if receipt is not None]


def _part(mail: Message, kind: str) -> Message | None:
    return next((part for part in mail.walk() if part.get_content_type() == kind), None)


def _about(mail: Message, blocks: Sequence[Message]) -> tuple[str, str | None] | None:
    """The Message-ID of ours, and our own id in it."""
    for kind in ("message/rfc822", "text/rfc822-headers", "message/global-headers"):
        part = _part(mail, kind)
        if part is None:
            continue
        inner = _ANGLED.search(_message_id(part))
        if inner is not None:
            local = inner[1].partition("@")[0]
            return inner[1], local if ID.fullmatch(local) else None
    envelope = next((str(b["Original-Envelope-Id"]) for b in blocks if _has_envelope(b)), "")
    return ("", envelope.strip()) if ID.fullmatch(envelope.strip()) else None


def _has_envelope(block: Message) -> bool:
    return block["Original-Envelope-Id"] is not None


def _message_id(part: Message) -> str:
    content = part.get_payload()
    if isinstance(content, list) and content:
        inner = content[0]
        return str(inner["Message-ID"] or "") if isinstance(inner, Message) else ""
    text = part.get_payload(decode=True)
    headers = email.message_from_bytes(text if isinstance(text, bytes) else b"")
    return str(headers["Message-ID"] or "")


def _receipt(about: tuple[str, str | None], block: Message, mail: Message) -> Receipt | None:
    state = _STATES.get(str(block["Action"] or "").strip().lower())
    if state is None:  # the first block is about the server
        return None
    code = str(block["Status"] or "").strip()
    return Receipt(
        provider_id=about[0],
        message_id=about[1],
        state=state,
        reason=reason_of(code, Reason.OTHER) if state is State.FAILED else None,
        code=code if state is State.FAILED else "",
        at_ms=_time_ms(str(block["Last-Attempt-Date"] or mail["Date"] or "")),
    )


def _time_ms(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp() * MS)
    except (ValueError, TypeError, OverflowError):
        return None
