"""What time makes of an alert: raised, lapsed, escalated, resolved, or taken back."""

from __future__ import annotations

from freight.alerts import events as told
from freight.alerts.applying import MS, Applied
from freight.alerts.commands import Tick
from freight.alerts.events import AlertEvent
from freight.alerts.evolve import evolve
from freight.alerts.kinds import Kind
from freight.alerts.lasting import (
    escalates_ms,
    expires_ms,
    lasted_ms,
    over_for_good_ms,
    raise_ms,
    rule_of,
)
from freight.alerts.rules import AlertRules
from freight.alerts.state import Alert, AlertState, Resolution, RuleRef


def ticked(state: Alert, tick: Tick, rules: AlertRules, now_ms: int) -> list[AlertEvent]:
    applied = rule_of(state, rules)
    match state.state:
        case AlertState.PENDING:
            events = _pending(state, tick, applied, rules, now_ms)
        case AlertState.LAPSED:
            events = _lapsed(state, tick, applied, rules, now_ms)
        case AlertState.RAISED | AlertState.ACKNOWLEDGED:
            events = _shown(state, applied, rules, now_ms)
        case _:
            events = _over(state, now_ms)
    return events


def _pending(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    rule = applied.rule
    if not state.standing:
        return [told.Lapsed(at_ms=now_ms, reason="corrected")]
    if not applied.is_met:
        return [told.Lapsed(at_ms=now_ms, reason="rule")]
    if not state.on:
        return _missed(state, tick, applied, rules, now_ms)
    due_ms = raise_ms(state, rule)
    if due_ms is None or now_ms < due_ms:
        return []
    if _is_old_news(state, applied):
        return [told.Lapsed(at_ms=now_ms, reason="late")]
    held = _held(tick, applied, rules, now_ms) or _unheard(state, tick, applied, rules, now_ms)
    return held or [_raised(applied, now_ms)]


def _is_old_news(state: Alert, applied: Applied) -> bool:
    """What happened at one moment, and was learned too late to act on."""
    late_s_max = applied.rule.late_s_max
    return late_s_max is not None and all(
        not cause.has_end and cause.known_ms - cause.at_ms > late_s_max * MS for cause in state.on
    )


def _held(tick: Tick, applied: Applied, rules: AlertRules, now_ms: int) -> list[AlertEvent]:
    if tick.covered_by is None and not (tick.is_blind and applied.rule.held_when_blind):
        return []
    until_ms = now_ms + round(rules.look_again_s * MS)
    return [told.Held(at_ms=now_ms, until_ms=until_ms, covered_by=tick.covered_by)]


def _unheard(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    """Once, so that nothing stays unsaid because a device sleeps or is off."""
    silent_s_max = applied.rule.silent_s_max
    if silent_s_max is None or tick.heard_ms is None or state.held_until_ms is not None:
        return []
    if now_ms - tick.heard_ms <= silent_s_max * MS:
        return []
    until_ms = now_ms + round(rules.look_again_s * MS)
    return [told.Held(at_ms=now_ms, until_ms=until_ms, covered_by=None)]


def _missed(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    """It was over before it was due or learned: worth telling only if it had lasted, and lately."""
    rule, over_ms = applied.rule, state.over_ms
    quiet = over_ms is None or (state.quiet_until_ms or over_ms) > over_ms
    lasted = state.kind is not Kind.SEVERAL_TRUCKS and lasted_ms(state) >= rule.trigger_s * MS
    fresh = over_ms is not None and (
        rule.late_s_max is None or now_ms - over_ms <= rule.late_s_max * MS
    )
    held = bool(_held(tick, applied, rules, now_ms))
    if quiet or held or not lasted or not fresh:
        return [told.Lapsed(at_ms=now_ms, reason="over")]
    raised = _raised(applied, now_ms)
    return [raised, *_shown(evolve(state, raised), applied, rules, now_ms)]


def _raised(applied: Applied, now_ms: int) -> AlertEvent:
    rule = RuleRef(applied.keys, applied.digest)
    return told.Raised(at_ms=now_ms, severity=applied.rule.severity, rule=rule)


def _lapsed(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    """Its end was taken back, or its cause put in force again."""
    if not state.on or not applied.is_met or _is_old_news(state, applied):
        return []
    rearmed = told.Rearmed(at_ms=now_ms)
    return [rearmed, *_pending(evolve(state, rearmed), tick, applied, rules, now_ms)]


def _shown(state: Alert, applied: Applied, rules: AlertRules, now_ms: int) -> list[AlertEvent]:
    rule = applied.rule
    if not state.standing:
        return [told.Retracted(at_ms=now_ms)]
    over_ms = over_for_good_ms(state, rule)
    if over_ms is not None and now_ms >= over_ms:
        return [told.Resolved(at_ms=now_ms, resolution=Resolution.AUTO)]
    end_ms = expires_ms(state, rule)
    if not rule.enabled or (end_ms is not None and now_ms >= end_ms):
        return [told.Resolved(at_ms=now_ms, resolution=Resolution.EXPIRED)]
    events: list[AlertEvent] = []
    if state.snoozed_until_ms is not None and now_ms >= state.snoozed_until_ms:
        events.append(told.Woken(at_ms=now_ms))
    next_ms = escalates_ms(state, rule, rules)
    if next_ms is not None and now_ms >= next_ms:
        events.append(told.Escalated(at_ms=now_ms, level=state.level + 1))
    return events


def _over(state: Alert, now_ms: int) -> list[AlertEvent]:
    """What late truth makes of one that was over; what people resolved stays so."""
    if state.resolution in {Resolution.MANUAL, Resolution.EXPIRED}:
        return []
    if not state.standing:
        is_known = state.state is AlertState.RETRACTED
        return [] if is_known else [told.Retracted(at_ms=now_ms)]
    if state.on and state.kind is not Kind.SEVERAL_TRUCKS:
        return [told.Reopened(at_ms=now_ms)]
    if state.state is AlertState.RETRACTED:
        return [told.Resolved(at_ms=now_ms, resolution=Resolution.AUTO)]
    return []
