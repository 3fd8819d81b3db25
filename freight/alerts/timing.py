"""What time makes of an alert: raised, lapsed, escalated, resolved, or taken back."""

from __future__ import annotations

from freight.alerts import events as told
from freight.alerts.applying import MS, Applied
from freight.alerts.commands import Heard, Tick
from freight.alerts.events import AlertEvent
from freight.alerts.evolve import evolve
from freight.alerts.kinds import Kind
from freight.alerts.lasting import (
    escalates_ms,
    expires_ms,
    lasted_by_ms,
    lasted_ms,
    over_for_good_ms,
    raise_ms,
    rule_of,
)
from freight.alerts.rules import AlertRules
from freight.alerts.state import Alert, AlertState, Resolution, RuleRef

LOOKS = 10  # while a device sends what it kept; else a stop of hours could come and go between two


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
    held = _held(tick, applied, rules, now_ms) or _unknown(state, tick, applied, rules, now_ms)
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


def _unknown(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    """What was not heard until it was due may be over. More comes from a device that sends what it
    kept; one that sleeps or is off is waited for once, so that nothing stays unsaid."""
    lasted_ms, heard = lasted_by_ms(state, applied.rule), tick.heard
    if heard is None or lasted_ms is None or (heard.ts_ms >= lasted_ms and not heard.is_ahead):
        return []
    wait_s = None
    if _is_catching_up(heard, rules, now_ms):
        # A clock that is slow for ever fills no log: less and less often.
        waited_s = (now_ms - max(cause.known_ms for cause in state.on)) / MS
        wait_s = max(rules.kept_wait_s, waited_s) / LOOKS
    elif state.held_until_ms is None and _is_silent(heard, applied, now_ms):
        wait_s = rules.look_again_s
    return [] if wait_s is None else [told.Held(at_ms=now_ms, until_ms=now_ms + round(wait_s * MS))]


def _is_catching_up(heard: Heard, rules: AlertRules, now_ms: int) -> bool:
    was_kept = heard.came_ms - heard.ts_ms > rules.kept_s_min * MS
    return was_kept and now_ms - heard.came_ms <= rules.kept_wait_s * MS


def _is_silent(heard: Heard, applied: Applied, now_ms: int) -> bool:
    silent_s_max = applied.rule.silent_s_max
    return silent_s_max is not None and now_ms - heard.ts_ms > silent_s_max * MS


def _missed(
    state: Alert, tick: Tick, applied: Applied, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    """It was over before it was due or learned: worth telling only if it had lasted, and lately."""
    rule, over_ms = applied.rule, state.over_ms
    quiet = over_ms is None or (state.quiet_until_ms or over_ms) > over_ms
    lasted = lasted_ms(state, rule) >= rule.trigger_s * MS
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
    """Its end was taken back, its cause put in force again, or it had lasted longer after all."""
    if not state.standing or not applied.is_met:
        return []
    rearmed = told.Rearmed(at_ms=now_ms)
    if not state.on:
        missed = _missed(evolve(state, rearmed), tick, applied, rules, now_ms)
        return [rearmed, *missed] if isinstance(missed[0], told.Raised) else []
    if _is_old_news(state, applied):
        return []
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
