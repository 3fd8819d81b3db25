"""What follows from what is wanted of a payout, and from what its provider says of it.

Sent twice is the one thing that cannot be made good. So a new attempt exists only after the last
one is known to have come to nothing; until then every repetition has the last one's key.
"""

from __future__ import annotations

from freight.payouts import messages as m
from freight.payouts.rules import ModeRule, PayoutRules
from freight.payouts.state import CAME_TO_NOTHING, UNDER_WAY, Attempt, Payout, Status
from freight.refusal import Refusal

# How far an attempt is: what says less than is known came late, and changes nothing.
_RANK = {
    Status.REQUESTED: 0,
    Status.QUEUED: 1,
    Status.PROCESSING: 2,
    Status.CANCELLED: 3,
    Status.REJECTED: 3,
    Status.FAILED: 3,
    Status.PROCESSED: 3,
    Status.REVERSED: 4,
}


def decide(
    state: Payout | None, command: m.Command, rules: PayoutRules, now_ms: int
) -> list[m.Event]:
    if isinstance(command, m.Create):
        return _create(state, command, now_ms)
    if state is None:
        raise Refusal("unknown_payout", "there is no such payout")
    match command:
        case m.Request():
            events = _request(state, command, rules, now_ms)
        case m.Observe():
            events = _observe(state, command, now_ms)
        case m.Refuse():
            events = _refuse(state, command, now_ms)
        case m.Hold(reason):
            events = [] if state.is_held else [m.Held(reason, now_ms)]
        case m.Cancel():
            events = _cancel(state, command, now_ms)
        case m.Retry():
            events = _retry(state, command, rules, now_ms)
    return events


def _create(state: Payout | None, command: m.Create, now_ms: int) -> list[m.Event]:
    if state is not None:
        if (state.settlement, state.amount_minor) != (command.settlement, command.amount_minor):
            raise Refusal("payout_id_taken", f"{command.id} is another payout")
        return []
    if command.amount_minor <= 0:
        raise Refusal("wrong_sign", "a payout is more than nothing")
    return [
        m.Created(
            id=command.id,
            purpose=command.purpose,
            settlement=command.settlement,
            carrier=command.carrier,
            amount_minor=command.amount_minor,
            at_ms=now_ms,
            booking=command.booking,
            by=command.by,
        )
    ]


def _request(state: Payout, command: m.Request, rules: PayoutRules, now_ms: int) -> list[m.Event]:
    if state.status is not Status.CREATED or state.is_held:
        return []
    if len(state.attempts) >= rules.attempts_max:
        raise Refusal("too_many_attempts", f"it was tried {len(state.attempts)} times")
    nr = len(state.attempts) + 1
    name = key_of(state.id, nr)
    attempt = Attempt(
        nr=nr,
        key=name,
        reference=name,
        fund_account=command.fund_account,
        mode=command.mode,
        narration=command.narration,
        asked_ms=now_ms,
    )
    return [m.Requested(attempt, now_ms)]


def key_of(payout: str, nr: int) -> str:
    """By which the provider knows a repetition; ids of payouts are short enough for it."""
    return f"{payout}-{nr}"


def _observe(state: Payout, seen: m.Observe, now_ms: int) -> list[m.Event]:
    attempt = _attempt_of(state, seen)
    if attempt is None:
        raise Refusal("unknown_attempt", f"{seen.provider_id} is no attempt of {state.id}")
    if seen.amount_minor is not None and seen.amount_minor != state.amount_minor:
        raise Refusal("amount_differs", f"{seen.provider_id} is of {seen.amount_minor} paise")
    if seen.status is attempt.status:
        return _more_is_known(attempt, seen, now_ms)
    if _RANK[seen.status] <= _RANK[attempt.status]:
        return _contradiction(state, attempt, seen, now_ms)
    if seen.status is Status.REVERSED and attempt.status in CAME_TO_NOTHING:
        return []  # it came back, or never left: nobody has the money but us
    return [_moved(attempt, seen, now_ms)]


def _attempt_of(state: Payout, seen: m.Observe) -> Attempt | None:
    for attempt in state.attempts:
        if attempt.provider_id is None and attempt.reference == seen.reference:
            return attempt
        if attempt.provider_id == seen.provider_id:
            return attempt
    return None


def _more_is_known(attempt: Attempt, seen: m.Observe, now_ms: int) -> list[m.Event]:
    is_news = seen.utr not in (None, attempt.utr) or seen.reason not in (None, attempt.reason)
    return [_moved(attempt, seen, now_ms)] if is_news else []


def _contradiction(state: Payout, attempt: Attempt, seen: m.Observe, now_ms: int) -> list[m.Event]:
    """Paid after all, though it was said to have failed: true as long as nothing else was sent, or
    is going to be; otherwise it may be paid twice, and a person must be told."""
    if seen.status is not Status.PROCESSED or attempt.status not in CAME_TO_NOTHING:
        return []
    if attempt.status is Status.REVERSED:
        return []  # the news of before
    is_last = attempt.nr == len(state.attempts) and state.status is attempt.status
    if is_last and not seen.is_replaced:
        return [_moved(attempt, seen, now_ms)]
    if state.contradiction is not None:
        return []
    return [
        m.Contradicted(
            nr=attempt.nr, status=seen.status, provider_id=seen.provider_id, at_ms=now_ms
        )
    ]


def _moved(attempt: Attempt, seen: m.Observe, now_ms: int) -> m.Moved:
    return m.Moved(
        nr=attempt.nr,
        before=attempt.status,
        status=seen.status,
        at_ms=now_ms,
        provider_id=seen.provider_id,
        utr=seen.utr,
        fees_minor=seen.fees_minor,
        tax_minor=seen.tax_minor,
        reason=seen.reason,
    )


def _refuse(state: Payout, command: m.Refuse, now_ms: int) -> list[m.Event]:
    attempt = state.attempt
    if command.nr == 0:
        return [] if state.is_held else [m.Held(command.reason, now_ms)]
    if attempt is None or attempt.nr != command.nr or attempt.status is not Status.REQUESTED:
        return []
    return [
        m.Moved(
            nr=attempt.nr,
            before=attempt.status,
            status=Status.FAILED,
            at_ms=now_ms,
            reason=command.reason,
        )
    ]


def _cancel(state: Payout, command: m.Cancel, now_ms: int) -> list[m.Event]:
    if state.status is Status.CANCELLED:
        return []
    if state.status is not Status.CREATED:
        raise Refusal(f"payout_{state.status}", f"it is {state.status}: too late to cancel it here")
    return [m.Cancelled(by=command.by, reason=command.reason, at_ms=now_ms)]


def _retry(state: Payout, command: m.Retry, rules: PayoutRules, now_ms: int) -> list[m.Event]:
    if state.contradiction is not None:
        raise Refusal("contradicted", "it may have been paid already: look at the provider's books")
    if state.status is Status.CREATED:
        return [m.Restarted(by=command.by, at_ms=now_ms)] if state.is_held else []
    if state.status in UNDER_WAY:
        raise Refusal(f"payout_{state.status}", "it is under way: nothing is sent twice")
    if state.status not in CAME_TO_NOTHING:
        raise Refusal(f"payout_{state.status}", f"it is {state.status}")
    if len(state.attempts) >= rules.attempts_max:
        raise Refusal("too_many_attempts", f"it was tried {len(state.attempts)} times")
    return [m.Restarted(by=command.by, at_ms=now_ms)]


def mode_for(modes: tuple[ModeRule, ...], amount_minor: int, *, has_vpa: bool) -> str:
    """The first that takes the amount; UPI only to an address of its own."""
    for rule in modes:
        if rule.takes(amount_minor) and (rule.mode == "UPI") == has_vpa:
            return rule.mode
    raise Refusal("no_mode", f"no way of paying takes {amount_minor} paise")
