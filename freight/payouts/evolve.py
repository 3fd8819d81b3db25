"""How a payout stands after an event; it never fails."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.payouts import messages as m
from freight.payouts.state import CAME_TO_NOTHING, Attempt, Payout, Status


def replayed(events: Iterable[m.Event], state: Payout | None = None) -> Payout | None:
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Payout | None, event: m.Event) -> Payout:
    if isinstance(event, m.Created):
        return Payout(
            id=event.id,
            version=1,
            purpose=event.purpose,
            settlement=event.settlement,
            carrier=event.carrier,
            amount_minor=event.amount_minor,
            status=Status.CREATED,
            created_ms=event.at_ms,
            booking=event.booking,
            by=event.by,
        )
    if state is None:
        raise ValueError("a payout begins with its creation")
    return replace(_after(state, event), version=state.version + 1)


def _after(state: Payout, event: m.Event) -> Payout:
    match event:
        case m.Requested(attempt, _):
            attempts = (*state.attempts, attempt)
            after = replace(state, status=Status.REQUESTED, attempts=attempts, reason=None)
        case m.Moved():
            after = _moved(state, event)
        case m.Held(reason, _):
            after = replace(state, is_held=True, reason=reason)
        case m.Contradicted(provider_id=provider_id):
            after = replace(state, contradiction=provider_id, is_held=True)
        case m.Cancelled(reason=reason):
            after = replace(state, status=Status.CANCELLED, reason=reason)
        case m.Restarted():
            after = replace(state, status=Status.CREATED, is_held=False, reason=None)
        case _:
            after = state
    return after


def _moved(state: Payout, event: m.Moved) -> Payout:
    """An earlier attempt that moves still is not what the payout stands by."""
    attempts = tuple(
        _attempt(each, event) if each.nr == event.nr else each for each in state.attempts
    )
    after = replace(state, attempts=attempts)
    is_last = event.nr == len(attempts) and state.status is event.before
    return replace(after, status=event.status, reason=event.reason) if is_last else after


def _attempt(attempt: Attempt, event: m.Moved) -> Attempt:
    def known(new: int | None, old: int | None) -> int | None:
        return old if new is None else new

    is_over = event.status in CAME_TO_NOTHING or event.status is Status.PROCESSED
    return replace(
        attempt,
        status=event.status,
        provider_id=event.provider_id or attempt.provider_id,
        utr=event.utr or attempt.utr,
        fees_minor=known(event.fees_minor, attempt.fees_minor),
        tax_minor=known(event.tax_minor, attempt.tax_minor),
        reason=event.reason or attempt.reason,
        ended_ms=event.at_ms if is_over else None,
    )
