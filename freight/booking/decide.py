"""What a command means for a booking as it stands: the events that follow, or why it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freight.booking import (
    amending,
    assigning,
    cancelling,
    closing,
    confirming,
    consequences,
    creating,
    detention,
    proof,
    reaching,
    replacing,
    silence,
    splitting,
)
from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.deciding import Asked, stamp
from freight.booking.events import BookingEvent
from freight.booking.evolve import evolve
from freight.booking.rules import BookingRules
from freight.booking.state import Booking
from freight.refusal import Refusal

# The command is of the type it is found by.
_DECIDERS: dict[type, Callable[[Asked, Any], list[BookingEvent]]] = {
    asked.Amend: amending.amend,
    asked.Reprice: amending.reprice,
    asked.Adjust: amending.adjust,
    asked.Confirm: lambda ask, _: confirming.confirm(ask),
    asked.StartDispatch: assigning.start_dispatch,
    asked.Assign: assigning.assign,
    asked.Unassign: replacing.unassign,
    asked.Swap: replacing.swap,
    asked.Sight: reaching.sight,
    asked.Listen: silence.listen,
    asked.Relieve: silence.relieve,
    asked.Reach: reaching.reach,
    asked.TakeBack: reaching.take_back,
    asked.SetCode: proof.set_code,
    asked.RecordProof: proof.record,
    asked.ExcludeDetention: detention.exclude,
    asked.Cancel: cancelling.cancel,
    asked.Fail: cancelling.fail,
    asked.Split: splitting.split,
    asked.Merge: splitting.merge,
    asked.Close: lambda ask, _: closing.close(ask),
}
# What ends a booking, or a part of it, is taken however long its story is.
_ENDS = (asked.RecordProof, asked.Cancel, asked.Fail, asked.Close)


def decide(
    booking: Booking | None, command: Command, rules: BookingRules, now_ms: int
) -> list[BookingEvent]:
    """No events: it was done before, or there is nothing to do."""
    if booking is not None and command.key is not None and command.key in booking.keys:
        return []
    stamped = stamp(command, now_ms)
    if isinstance(command, asked.Create):
        if booking is not None:
            raise Refusal("exists", f"booking {booking.id} exists already")
        return [creating.created(command, rules, stamped)]
    if booking is None:
        raise Refusal("unknown_booking", "there is no such booking")
    if booking.version >= rules.events_max and not isinstance(command, _ENDS):
        raise Refusal("too_many_events", "its story is too long: it can only be ended")
    events = _DECIDERS[type(command)](Asked(booking, rules, now_ms, stamped), command)
    for event in events:
        booking = evolve(booking, event)
    if events:
        events += consequences.follow(booking, events, rules, now_ms, _cause(events[-1], stamped))
    return events


def _cause(event: BookingEvent, stamped: dict[str, Any]) -> dict[str, Any]:
    """Of what follows: the fact, where one was told."""
    return stamped | {"cause": event.cause}
