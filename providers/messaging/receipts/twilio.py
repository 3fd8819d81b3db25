"""Twilio's status callbacks: a form, signed over the address and every field."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from providers.messaging.port import Reason, Receipt, State
from providers.messaging.receipts.letter import ForgedError, Letter, UnreadableError, agrees
from providers.messaging.twilio_codes import NOT_ANSWERED, call_state, reason_of, text_state

SIGNATURE_HEADER = "x-twilio-signature"
MESSAGE = "message"  # under which our id stands in the address
CODE = re.compile(r"[0-9]{1,9}")
MS = 1000


def signed(url: str, fields: Sequence[tuple[str, str]], auth_token: str) -> str:
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def parse(letter: Letter, auth_tokens: Sequence[str]) -> list[Receipt]:
    try:
        fields = parse_qsl(letter.body.decode(), keep_blank_values=True, strict_parsing=False)
    except (UnicodeDecodeError, ValueError) as wrong:
        raise UnreadableError("it is no form") from wrong
    wanted = [signed(letter.url, fields, token) for token in auth_tokens if token]
    if not agrees(wanted, letter.headers.get(SIGNATURE_HEADER, "")):
        raise ForgedError("the signature is not Twilio's")
    return _read(dict(fields), letter.query().get(MESSAGE))


def _read(said: Mapping[str, str], message_id: str | None) -> list[Receipt]:
    is_call = "CallSid" in said
    sid = said.get("CallSid" if is_call else "MessageSid")
    if not sid:
        raise UnreadableError("it is about no text and no call")
    word = said.get("CallStatus" if is_call else "MessageStatus", "")
    state = call_state(word) if is_call else text_state(word)
    if state is None:
        return []
    code = said.get("ErrorCode", "") or (word if word in NOT_ANSWERED else "")
    receipt = Receipt(
        provider_id=sid,
        message_id=message_id,
        state=state,
        reason=_reason(word, code) if state is State.FAILED else None,
        code=code,
        at_ms=_time_ms(said.get("Timestamp", "")),
    )
    return [receipt]


def _reason(word: str, code: str) -> Reason:
    if word in NOT_ANSWERED:
        return Reason.UNREACHABLE
    return reason_of(int(code)) if CODE.fullmatch(code) else Reason.OTHER


def _time_ms(text: str) -> int | None:
    """Of calls only; those of texts do not say when."""
    try:
        return int(parsedate_to_datetime(text).timestamp() * MS)
    except (ValueError, TypeError, OverflowError):
        return None
