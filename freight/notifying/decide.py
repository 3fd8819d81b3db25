"""What follows for a message from an answer, a receipt, the time, or a person's wish."""

from __future__ import annotations

import msgspec

from freight.notifying import events as e
from freight.notifying.channels import Channel
from freight.notifying.events import MessageEvent
from freight.notifying.evolve import RANKS
from freight.notifying.rules import SendingRules
from freight.notifying.state import KEPT_BACK, REPLAYABLE, Asked, Message, Status
from freight.refusal import Refusal

MS = 1000
FAILED = "failed"
DOUBLINGS_MAX = 30  # fixed: beyond any wait that is configured


class Now(msgspec.Struct, frozen=True):
    """When it is decided, by which rules, and by which share of a wait messages differ."""

    at_ms: int
    rules: SendingRules
    chance: float = 0.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of an attempt that it took: sent, delivered, read or failed."""

    state: str
    reason: str | None = None
    code: str | None = None
    told_ms: int | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """By which provider it goes out."""

    provider: str
    is_repeatable: bool  # the same twice goes out once
    has_receipts: bool


def ask(message: Message, way: Way, template: str | None, now: Now) -> list[MessageEvent]:
    """The attempt that is committed before the provider hears of it."""
    channel = message.channel
    if channel is None or message.status is not Status.WAITING:
        raise Refusal("not_waiting", f"it is {message.status.value}, nothing is to be sent")
    asked = Asked(
        nr=message.nr + 1,
        attempt=message.attempt,
        channel=channel,
        provider=way.provider,
        at_ms=now.at_ms,
        is_repeatable=way.is_repeatable,
        has_receipts=way.has_receipts,
    )
    until_ms = now.at_ms + round(now.rules.answer_s_max * MS)
    return [e.AttemptMade(at_ms=now.at_ms, asked=asked, until_ms=until_ms, template=template)]


def accepted(
    message: Message, nr: int, provider_id: str, state: str, now: Now
) -> list[MessageEvent]:
    asked = message.asked
    if asked is None or asked.nr != nr:
        return _told_late(message, nr, Told(state=state), now.at_ms)
    is_delivered = state in {Status.DELIVERED.value, Status.READ.value}
    may_chase = asked.has_receipts and not is_delivered
    wait_s = now.rules.chase_s.get(message.severity, 0) if may_chase else 0
    is_last = message.place + 1 >= len(message.channels)
    taken = e.Accepted(
        at_ms=now.at_ms,
        nr=nr,
        provider_id=provider_id,
        is_delivered=is_delivered,
        chase_ms=now.at_ms + round(wait_s * MS) if wait_s and not is_last else None,
    )
    return [taken]


def undone(message: Message, nr: int, why: str, after_s: float, now: Now) -> list[MessageEvent]:
    """Nothing was sent: again on this channel, and after so many times on the next one; on the
    last one until the message's time is over."""
    if not _is_asking(message, nr):
        return []
    has_another = message.place + 1 < len(message.channels)
    if has_another and message.tries + 1 >= now.rules.tries_max:
        gone = e.Failed(at_ms=now.at_ms, nr=nr, why=why, reason="away")
        return [gone, *_next(message, why, now.at_ms)]
    again_ms = now.at_ms + _wait_ms(message.tries, after_s, now)
    return [e.Undone(at_ms=now.at_ms, nr=nr, why=why, again_ms=again_ms)]


def refused(message: Message, nr: int, why: str, told: Told, now_ms: int) -> list[MessageEvent]:
    if not _is_asking(message, nr):
        return []
    failed = e.Failed(at_ms=now_ms, nr=nr, why=why, reason=told.reason, code=told.code)
    return [failed, *_next(message, why, now_ms)]


def lost(message: Message, nr: int, why: str, now: Now) -> list[MessageEvent]:
    """Asked, and nobody answered. Where the same twice goes out once it is sent again; else it is
    not, and only what is serious goes on to another channel."""
    asked = message.asked
    if asked is None or message.status is not Status.SENDING or asked.nr != nr:
        return []
    if asked.is_repeatable and message.tries + 1 < now.rules.tries_max:
        again_ms = now.at_ms + _wait_ms(message.tries, 0, now)
        return [e.Undone(at_ms=now.at_ms, nr=nr, why=why, again_ms=again_ms)]
    gone = e.Lost(at_ms=now.at_ms, nr=nr, why=why)
    place = message.place + 1
    if message.severity not in now.rules.unknown_moves_on or place >= len(message.channels):
        return [gone]
    moved = e.MovedOn(at_ms=now.at_ms, channel=message.channels[place], place=place, why=why)
    return [gone, moved]


def heard(message: Message, nr: int, told: Told, now_ms: int) -> list[MessageEvent]:
    """A receipt of any of its attempts."""
    asked = message.asked
    if asked is None or asked.nr != nr or message.status is Status.WAITING:
        return _told_late(message, nr, told, now_ms)
    if told.state != FAILED:
        return _onward(message, nr, told, now_ms)
    if message.status not in {Status.SENDING, Status.SENT, Status.UNKNOWN}:
        return []
    why = f"not delivered: {told.reason or told.code or 'no reason given'}"
    failed = e.Failed(at_ms=now_ms, nr=nr, why=why, reason=told.reason, code=told.code)
    return [failed, *_next(message, why, now_ms)]


def chased(message: Message, now_ms: int) -> list[MessageEvent]:
    """Sent, and nobody confirmed in time that it came."""
    place = message.place + 1
    if message.status is not Status.SENT or place >= len(message.channels):
        raise Refusal("not_chased", "it is not waited for")
    why = "nobody confirmed in time that it came"
    return [e.MovedOn(at_ms=now_ms, channel=message.channels[place], place=place, why=why)]


def skip(message: Message, why: str, now_ms: int) -> list[MessageEvent]:
    """Not by this channel: opted out, no address, no such account."""
    channel = message.channel
    if channel is None:
        return [e.Died(at_ms=now_ms, why=message.why or why)]
    return [e.Skipped(at_ms=now_ms, channel=channel, why=why), *_next(message, why, now_ms)]


def expired(message: Message, now_ms: int) -> list[MessageEvent]:
    if message.status is not Status.WAITING or now_ms < message.expires_ms:
        return []
    why = "its time was over" + (f": {message.why}" if message.why else "")
    return [e.Died(at_ms=now_ms, why=why)]


def put_off(message: Message, until_ms: int, why: str, now_ms: int) -> list[MessageEvent]:
    """Never beyond its time: then it would only die of it."""
    return [e.PutOff(at_ms=now_ms, until_ms=min(until_ms, message.expires_ms), why=why)]


def cancel(message: Message, by: str, why: str, now_ms: int) -> list[MessageEvent]:
    if message.status is Status.CANCELLED:
        return []
    if message.status not in KEPT_BACK:
        raise Refusal("not_waiting", f"it is {message.status.value} and cannot be kept back")
    return [e.Cancelled(at_ms=now_ms, by=by, why=why)]


def replay(message: Message, by: str, valid_ms: int, now_ms: int) -> list[MessageEvent]:
    if message.status not in REPLAYABLE:
        says = f"it is {message.status.value}: only what is dead, unknown or cancelled is sent anew"
        raise Refusal("not_replayable", says)
    return [e.Replayed(at_ms=now_ms, by=by, expires_ms=now_ms + valid_ms)]


def _is_asking(message: Message, nr: int) -> bool:
    """What was taken for lost may be answered after all."""
    return message.status in {Status.SENDING, Status.UNKNOWN} and message.nr == nr


def _next(message: Message, why: str, now_ms: int) -> list[MessageEvent]:
    place = message.place + 1
    if place >= len(message.channels):
        return [e.Died(at_ms=now_ms, why=why)]
    channel: Channel = message.channels[place]
    return [e.MovedOn(at_ms=now_ms, channel=channel, place=place, why=why)]


def _told_late(message: Message, nr: int, told: Told, now_ms: int) -> list[MessageEvent]:
    """Of an attempt that something else followed: only that it came makes a difference."""
    has_come = told.state in {Status.DELIVERED.value, Status.READ.value}
    return _onward(message, nr, told, now_ms) if has_come else []


def _onward(message: Message, nr: int, told: Told, now_ms: int) -> list[MessageEvent]:
    if RANKS.get(message.status, 0) >= RANKS.get(Status(told.state), 0):
        return []
    return [e.Heard(at_ms=now_ms, nr=nr, state=told.state, told_ms=told.told_ms)]


def _wait_ms(tries: int, asked_s: float, now: Now) -> int:
    """Doubles, and differs between messages, which else would all come back in one moment."""
    longest_s = min(now.rules.retry_s_min * 2.0 ** min(tries, DOUBLINGS_MAX), now.rules.retry_s_max)
    return round(max(longest_s * (1.0 + now.chance) / 2.0, asked_s) * MS)
