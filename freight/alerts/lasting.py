"""How time goes on with an alert: when its cause has lasted, when it is over, who is next."""

from __future__ import annotations

from collections import Counter

from freight.alerts.applying import MS, Applied, applied
from freight.alerts.kinds import Kind
from freight.alerts.rules import AlertRules, KindRule, Step
from freight.alerts.state import SHOWN, Alert, AlertState
from freight.alerts.working_time import after_working_s


def rule_of(state: Alert, rules: AlertRules) -> Applied:
    return applied(rules, state.kind, state.around, state.causes[-1].at_ms)


def due_ms(state: Alert, rules: AlertRules) -> int | None:
    """When time alone will change it; None: only news or people can."""
    rule = rule_of(state, rules).rule
    if state.state is AlertState.PENDING:
        return raise_ms(state, rule)
    if state.state not in SHOWN:
        return None
    moments = [
        over_for_good_ms(state, rule),
        expires_ms(state, rule),
        escalates_ms(state, rule, rules),
        state.snoozed_until_ms,
    ]
    return min((at_ms for at_ms in moments if at_ms is not None), default=None)


def raise_ms(state: Alert, rule: KindRule) -> int | None:
    """When it may be told of; None: there are not enough causes."""
    by_ms = lasted_by_ms(state, rule)
    return None if by_ms is None else max(by_ms, state.held_until_ms or by_ms)


def lasted_by_ms(state: Alert, rule: KindRule) -> int | None:
    """When its causes will have lasted, and an alert before it cooled down, by devices' time."""
    first_ms: dict[str, int] = {}
    for cause in state.on:
        first_ms[cause.subject] = min(cause.at_ms, first_ms.get(cause.subject, cause.at_ms))
    wanted = _wanted(state, rule)
    if len(first_ms) < wanted:
        return None
    by_ms = sorted(first_ms.values())[wanted - 1] + round(rule.trigger_s * MS)
    return max(by_ms, state.quiet_until_ms or by_ms)


def _wanted(state: Alert, rule: KindRule) -> int:
    """How many must go through it at once."""
    if state.kind is not Kind.SEVERAL_TRUCKS or rule.trigger is None:
        return 1
    return round(rule.trigger)


def still_on(state: Alert, rule: KindRule) -> bool:
    """With as many as it takes to go on, which may be fewer than it took to begin."""
    if state.kind is Kind.SEVERAL_TRUCKS and rule.clear is not None:
        return len({cause.subject for cause in state.on}) > rule.clear
    return bool(state.on)


def over_for_good_ms(state: Alert, rule: KindRule) -> int | None:
    """When it will have been over for so long that it is over; None: it goes on."""
    if not rule.auto_resolve or still_on(state, rule):
        return None
    ends = [cause.ended_ms for cause in state.standing if cause.ended_ms is not None]
    return max(ends, default=state.began_ms) + round(rule.clear_s * MS)


def expires_ms(state: Alert, rule: KindRule) -> int | None:
    if rule.expires_s is None or state.raised_ms is None:
        return None
    last_ms = max((cause.known_ms for cause in state.standing), default=state.began_ms)
    return max(last_ms, state.raised_ms) + round(rule.expires_s * MS)


def escalates_ms(state: Alert, rule: KindRule, rules: AlertRules) -> int | None:
    """Level after level: nobody is passed over because we were away."""
    if state.level >= len(rule.escalation) or state.raised_ms is None:
        return None
    step = rule.escalation[state.level]
    if state.state is AlertState.ACKNOWLEDGED and not step.though_acknowledged:
        return None
    at_ms = _after(state.renewed_ms or state.raised_ms, step.after_s, step, rules)
    if state.level and state.escalated_ms is not None:
        wait_s = step.after_s - rule.escalation[state.level - 1].after_s
        at_ms = max(at_ms, _after(state.escalated_ms, wait_s, step, rules))
    return max(at_ms, state.snoozed_until_ms or at_ms)


def _after(start_ms: int, seconds: float, step: Step, rules: AlertRules) -> int:
    if step.in_working_hours:
        return after_working_s(start_ms, max(0.0, seconds), rules.working_hours)
    return start_ms + round(max(0.0, seconds) * MS)


def lasted_ms(state: Alert, rule: KindRule) -> int:
    """For how long at most enough of its causes, which are over, were going on without a break."""
    over = [(cause, cause.ended_ms) for cause in state.standing if cause.ended_ms is not None]
    turns = [(cause.at_ms, 0, cause.subject) for cause, _ in over]
    turns += [(ended_ms, 1, cause.subject) for cause, ended_ms in over]
    on, wanted = Counter[str](), _wanted(state, rule)
    longest, since_ms = 0, None
    for ms, is_end, subject in sorted(turns):  # who ends when another begins makes no break
        on[subject] += -1 if is_end else 1
        are_enough = sum(count > 0 for count in on.values()) >= wanted
        if are_enough and since_ms is None:
            since_ms = ms
        elif not are_enough and since_ms is not None:
            longest, since_ms = max(longest, ms - since_ms), None
    return longest
