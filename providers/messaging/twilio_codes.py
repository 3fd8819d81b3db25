"""Twilio's words for what becomes of a text or a call, and its error codes, as everybody's."""

from __future__ import annotations

from providers.messaging.port import Reason, State

# Twilio's error codes, as its dictionary has them
QUEUE_FULL = frozenset({20429, 21611, 30001})
_REASONS = {
    Reason.INVALID_ADDRESS: (21211, 21217, 21401, 21421, 21614, 30005, 30006, 13224),
    Reason.OPTED_OUT: (21610,),
    Reason.CONTENT: (21602, 21617, 30019),
    Reason.ACCOUNT: (20003, 20403, 21212, 21215, 21408, 21603, 21606, 21608, 21612, 21659, 30002),
    Reason.QUOTA: (30022, 30023, 63038),
    Reason.BLOCKED: (21216, 30004, 30007, 13225),
    Reason.UNREACHABLE: (30003, 30008, 30017, 30036, 30410),
}
_REASON_BY_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes}
_TEXTS = {
    "accepted": State.ACCEPTED,
    "scheduled": State.ACCEPTED,
    "queued": State.ACCEPTED,
    "sending": State.ACCEPTED,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "undelivered": State.FAILED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}
_CALLS = {
    "queued": State.ACCEPTED,
    "initiated": State.ACCEPTED,
    "ringing": State.SENT,
    "in-progress": State.DELIVERED,
    "completed": State.DELIVERED,
    "busy": State.FAILED,
    "no-answer": State.FAILED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}
# Of calls, which have no code: it rang, or would have.
NOT_ANSWERED = frozenset({"busy", "no-answer"})


def reason_of(code: int) -> Reason:
    return _REASON_BY_CODE.get(code, Reason.OTHER)


def text_state(word: str) -> State | None:
    """None: it says nothing that concerns us."""
    return _TEXTS.get(word)


def call_state(word: str) -> State | None:
    return _CALLS.get(word)
