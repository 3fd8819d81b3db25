"""What becomes of one delivery after each attempt: delivered, tried again later, or given up."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freight.refusal import Refusal
from freight.webhooks.answers import Heard, Judged, Verdict
from freight.webhooks.rules import RetryRules

MS = 1000


class DeliveryState(StrEnum):
    PENDING = "pending"  # to be sent, or sent again
    DELIVERED = "delivered"
    FAILED = "failed"  # given up: a dead letter
    WITHDRAWN = "withdrawn"  # its endpoint was removed


class Origin(StrEnum):
    """Why there is a delivery."""

    FACT = "fact"
    REPLAY = "replay"
    TEST = "test"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How one stands; its message does not change."""

    origin: Origin
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0  # of the present schedule
    due_ms: int | None = None
    finished_ms: int | None = None
    error: str | None = None


class Delivered(msgspec.Struct, frozen=True, tag=True):
    at_ms: int


class PutOff(msgspec.Struct, frozen=True, tag=True):
    """To be sent again; a probe of a paused endpoint does not count as a try."""

    due_ms: int
    error: str | None
    counts: bool


class GivenUp(msgspec.Struct, frozen=True, tag=True):
    at_ms: int
    error: str | None


class Revived(msgspec.Struct, frozen=True, tag=True):
    """A person wants it sent now."""

    at_ms: int


DeliveryEvent = Delivered | PutOff | GivenUp | Revived


def after_attempt(
    now: Delivery,
    heard: Heard,
    judgement: Judged,
    rules: RetryRules,
    *,
    draw: float,
    is_probe: bool = False,
) -> DeliveryEvent:
    """`draw`: from 0 up to 1, by chance. Who is gone gets nothing, but may come back: it waits."""
    error = judgement.error
    if judgement.verdict is Verdict.SUCCESS:
        return Delivered(heard.at_ms)
    if now.origin is Origin.TEST or judgement.verdict is Verdict.NEVER:
        return GivenUp(heard.at_ms, error)
    if is_probe or judgement.verdict is Verdict.GONE:
        return PutOff(heard.at_ms, error, counts=False)
    if now.tries >= len(rules.waits_s):
        return GivenUp(heard.at_ms, f"{error}; given up after {now.tries + 1} attempts")
    wait_s = rules.waits_s[now.tries] * (1.0 + rules.jitter * draw)
    asked_s = min(heard.asked_wait_s or 0.0, rules.asked_wait_s_max)
    return PutOff(heard.at_ms + round(max(wait_s, asked_s) * MS), error, counts=True)


def revive(now: Delivery, at_ms: int) -> DeliveryEvent:
    """Refused for what arrived, or will not be sent: a replay brings it once more."""
    if now.state is DeliveryState.DELIVERED:
        raise Refusal("delivered", "it was delivered; a replay brings it once more")
    if now.state is DeliveryState.WITHDRAWN:
        raise Refusal("withdrawn", "its endpoint is no more")
    return Revived(at_ms)


def evolve(now: Delivery, event: DeliveryEvent) -> Delivery:
    replace = msgspec.structs.replace
    match event:
        case Delivered(at_ms=at_ms):
            state = DeliveryState.DELIVERED
            done = replace(now, state=state, due_ms=None, finished_ms=at_ms, error=None)
            return replace(done, tries=now.tries + 1)
        case PutOff(due_ms=due_ms, error=error, counts=counts):
            return replace(now, due_ms=due_ms, error=error, tries=now.tries + counts)
        case GivenUp(at_ms=at_ms, error=error):
            state = DeliveryState.FAILED
            done = replace(now, state=state, due_ms=None, finished_ms=at_ms, error=error)
            return replace(done, tries=now.tries + 1)
        case Revived(at_ms=at_ms):
            state = DeliveryState.PENDING
            return replace(now, state=state, tries=0, due_ms=at_ms, finished_ms=None)
