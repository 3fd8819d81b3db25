"""What Meta tells of WhatsApp messages, and the question by which it knows our address."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from providers.messaging.port import Receipt, State
from providers.messaging.receipts.letter import ForgedError, Letter, UnreadableError, agrees
from providers.messaging.whatsapp_codes import reason_of, state_of

SIGNATURE_HEADER = "x-hub-signature-256"
SIGNATURE_PREFIX = "sha256="
MS = 1000
SECONDS_MAX = 4_102_444_800  # fixed: later than anything that really happens


class _Error(msgspec.Struct, frozen=True):
    code: int = 0


class _Status(msgspec.Struct, frozen=True):
    id: str
    status: str
    timestamp: str = ""
    biz_opaque_callback_data: str | None = None
    errors: list[_Error] = []


class _Value(msgspec.Struct, frozen=True):
    statuses: list[_Status] = []


class _Change(msgspec.Struct, frozen=True):
    field: str
    value: msgspec.Raw


class _Entry(msgspec.Struct, frozen=True):
    changes: list[_Change] = []


class _Envelope(msgspec.Struct, frozen=True):
    object: str
    entry: list[_Entry] = []


def signed(body: bytes, app_secret: str) -> str:
    return SIGNATURE_PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def challenge(query: Mapping[str, str], verify_tokens: Iterable[str]) -> str:
    """What its GET wants to read back, when it is its own."""
    good = [token for token in verify_tokens if token]
    given = query.get("hub.verify_token", "")
    if query.get("hub.mode") != "subscribe" or not given or not agrees(good, given):
        raise ForgedError("it does not know our word")
    return query.get("hub.challenge", "")


def parse(letter: Letter, app_secrets: Sequence[str]) -> list[Receipt]:
    wanted = [signed(letter.body, secret) for secret in app_secrets if secret]
    if not agrees(wanted, letter.headers.get(SIGNATURE_HEADER, "")):
        raise ForgedError("the signature is not Meta's")
    try:
        envelope = msgspec.json.decode(letter.body, type=_Envelope)
        changes = [change for entry in envelope.entry for change in entry.changes]
        # Other things are told by the same way; of their shape nothing is known.
        ours = [change for change in changes if change.field == "messages"]
        values = [msgspec.json.decode(c.value, type=_Value, strict=False) for c in ours]
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise UnreadableError(str(wrong)) from wrong
    found = (_receipt(status) for value in values for status in value.statuses)
    return [receipt for receipt in found if receipt is not None]


def _receipt(status: _Status) -> Receipt | None:
    state = state_of(status.status)
    if state is None:
        return None
    code = status.errors[0].code if status.errors else 0
    return Receipt(
        provider_id=status.id,
        message_id=status.biz_opaque_callback_data,
        state=state,
        reason=reason_of(code) if state is State.FAILED else None,
        code=str(code) if code else "",
        at_ms=_time_ms(status.timestamp),
    )


def _time_ms(seconds: str) -> int | None:
    is_number = seconds.isdecimal() and len(seconds) <= len(str(SECONDS_MAX))
    return int(seconds) * MS if is_number and int(seconds) <= SECONDS_MAX else None
