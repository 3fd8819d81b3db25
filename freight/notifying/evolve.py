"""What a message is after what happened to it; nothing here refuses."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.notifying import events as e
from freight.notifying.events import MessageEvent
from freight.notifying.state import Message, Status

RANKS = {Status.SENT: 1, Status.DELIVERED: 2, Status.READ: 3}


def evolve(message: Message | None, event: MessageEvent) -> Message:
    if isinstance(event, e.Planned):
        return event.message
    if message is None:
        raise ValueError("a message begins with being planned")
    return replace(_after(message, event), version=message.version + 1)


def replayed(events: Iterable[MessageEvent], before: Message | None = None) -> Message:
    now = before
    for event in events:
        now = evolve(now, event)
    if now is None:
        raise ValueError("nothing happened")
    return now


def _after(message: Message, event: MessageEvent) -> Message:
    """Of what is being sent."""
    after = message
    match event:
        case e.PutOff(until_ms=until_ms, why=why):
            after = replace(message, due_ms=until_ms, why=why)
        case e.AttemptMade():
            after = _asked(message, event)
        case e.Accepted():
            after = _accepted(message, event)
        case e.Undone(again_ms=again_ms, why=why):
            waiting = replace(message, status=Status.WAITING, due_ms=again_ms, why=why)
            after = replace(waiting, tries=message.tries + 1)
        case e.Failed(why=why) | e.Lost(why=why):
            status = Status.UNKNOWN if isinstance(event, e.Lost) else Status.DEAD
            after = replace(message, status=status, due_ms=None, why=why)
        case e.Heard(state=state):
            after = _forward(message, Status(state))
        case e.MovedOn(place=place, why=why):
            moved = replace(message, status=Status.WAITING, place=place, tries=0, why=why)
            after = replace(moved, due_ms=event.at_ms)
        case e.Skipped(why=why):
            after = replace(message, why=why)
        case _:
            after = _ended(message, event)
    return after


def _ended(message: Message, event: MessageEvent) -> Message:
    """Of what is over, and may begin again."""
    match event:
        case e.Died(why=why):
            return replace(message, status=Status.DEAD, due_ms=None, why=why)
        case e.Cancelled(why=why):
            return replace(message, status=Status.CANCELLED, due_ms=None, why=why)
        case e.Digested(into=into):
            return replace(message, status=Status.DIGESTED, due_ms=None, digest=into)
        case e.Replayed(expires_ms=expires_ms):
            again = replace(message, status=Status.WAITING, due_ms=event.at_ms, place=0, tries=0)
            return replace(again, replays=message.replays + 1, expires_ms=expires_ms, why=None)
    return message


def _accepted(message: Message, event: e.Accepted) -> Message:
    if RANKS.get(message.status, 0) >= RANKS[Status.DELIVERED]:
        return message  # the receipt was quicker
    status = Status.DELIVERED if event.is_delivered else Status.SENT
    return replace(_forward(message, status), due_ms=event.chase_ms, tries=0)


def _asked(message: Message, event: e.AttemptMade) -> Message:
    return replace(
        message,
        status=Status.SENDING,
        asked=event.asked,
        nr=event.asked.nr,
        asked_ms=message.asked_ms or event.at_ms,
        due_ms=event.until_ms,
        template=event.template or message.template,
    )


def _forward(message: Message, status: Status) -> Message:
    """Only ever on: receipts come twice and in any order."""
    if RANKS.get(message.status, 0) >= RANKS[status]:
        return message
    return replace(message, status=status, why=None, due_ms=None)
