"""What a command means for a booking as it stands: the events that follow, or why it is refused."""

from __future__ import annotations

from freight.booking import assigning, confirming, creating
from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.deciding import Asked, stamp
from freight.booking.events import BookingEvent
from freight.booking.rules import BookingRules
from freight.booking.state import Booking
from freight.refusal import Refusal


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
    return _asked(Asked(booking, rules, now_ms, stamped), command)


def _asked(ask: Asked, command: Command) -> list[BookingEvent]:
    match command:
        case asked.Confirm():
            return confirming.confirm(ask)
        case asked.StartDispatch():
            return assigning.start_dispatch(ask, command)
        case asked.Assign():
            return assigning.assign(ask, command)
        case _:
            raise Refusal("unknown_command", f"{type(command).__name__} means nothing here")
