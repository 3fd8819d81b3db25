"""The Cloud API's error codes and states, as everybody's; of requests and of receipts alike."""

from __future__ import annotations

from providers.messaging.port import Reason, State

# Meta's codes, as its documentation of the Cloud API has them
THROTTLED = frozenset({4, 80007, 130429, 131048, 131056})
PASSING = frozenset({1, 2, 131000, 131016, 133004})
OUR_TOKEN = frozenset({0, 3, 10, 190, 200})
_REASONS = {
    Reason.INVALID_ADDRESS: (131021,),
    Reason.OPTED_OUT: (131050,),
    Reason.TEMPLATE: (131047, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068),
    Reason.CONTENT: (100, 131008, 131009, 131051),
    Reason.ACCOUNT: (33, 368, 130497, 131005, 131031, 131042, 131045, 133010),
    Reason.QUOTA: (130429, 131048, 131056, 80007, 4),
    Reason.BLOCKED: (130472, 131049),
    # 131026 may mean that nobody is there, or that a phone is switched off: the address stays.
    Reason.UNREACHABLE: (131000, 131016, 131026),
}
_REASON_BY_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes}
_STATES = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "played": State.READ,
    "failed": State.FAILED,
}


def reason_of(code: int) -> Reason:
    return _REASON_BY_CODE.get(code, Reason.OTHER)


def state_of(word: str) -> State | None:
    """None: it says nothing that concerns us."""
    return _STATES.get(word)
