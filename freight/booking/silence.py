"""A leg's truck that is out of reach: told, and relieved of the leg when its pickup is at risk."""

from __future__ import annotations

from freight.booking.commands import Listen, Relieve
from freight.booking.deciding import Asked
from freight.booking.events import BookingEvent, TruckHeard, TruckSilent, Unassigned
from freight.booking.replacing import ended
from freight.booking.rules import SilenceRules
from freight.booking.state import UNDER_WAY, Booking, Cause, Leg, Status

MS_PER_MINUTE = 60_000
RULE = "silence"
# As far as anybody knows it has not come to its pickup: where it stands it may be loaded unseen.
_COMING = frozenset({Status.ASSIGNED, Status.EN_ROUTE})


def listen(ask: Asked, command: Listen) -> list[BookingEvent]:
    leg = ask.leg(command.leg)
    carriage = leg.carriage
    if carriage is None or carriage.truck != command.truck or leg.status not in UNDER_WAY:
        return []
    if command.silent_ms is None and leg.silent_ms is not None:
        return [TruckHeard(leg=leg.id, truck=carriage.truck, silent_ms=leg.silent_ms, **ask.stamp)]
    if command.silent_ms is not None and leg.silent_ms is None:
        silent_ms = command.silent_ms
        return [TruckSilent(leg=leg.id, truck=carriage.truck, silent_ms=silent_ms, **ask.stamp)]
    return []


def relieve(ask: Asked, command: Relieve) -> list[BookingEvent]:
    leg = ask.leg(command.leg)
    carriage, due_ms = leg.carriage, relieved_from_ms(ask.booking, leg, ask.rules.silence)
    if carriage is None or due_ms is None or ask.now_ms < due_ms:
        return []
    cause = Cause(kind="rule", about=RULE, reason=command.reason)
    lost = ended(leg, carriage, ask.now_ms)
    return [Unassigned(leg=leg.id, carriage=lost, **ask.stamp | {"cause": cause})]


def relieved_from_ms(booking: Booking, leg: Leg, rules: SilenceRules) -> int | None:
    """From when on the leg is offered to others; None: its truck keeps it."""
    if not rules.offered_again or leg.silent_ms is None or leg.status not in _COMING:
        return None
    patient_ms = leg.silent_ms + rules.patience_minutes * MS_PER_MINUTE
    stops = booking.stops_of(leg)
    end_ms = stops[0].window.to_ms if stops else None
    if end_ms is None:
        return patient_ms  # as soon as can be: it is late already
    return max(patient_ms, end_ms - rules.before_pickup_minutes * MS_PER_MINUTE)
