"""What was learned about a cause: it began, ended, is otherwise, or never was."""

from __future__ import annotations

from freight.alerts import events as told
from freight.alerts.applying import MS, Applied, applied
from freight.alerts.commands import HandOver, Notice, TakeOver
from freight.alerts.events import AlertEvent
from freight.alerts.kinds import GRAVITY, Kind, Severity
from freight.alerts.rules import AlertRules
from freight.alerts.signals import Phase, Signal, Turn, is_found
from freight.alerts.state import Alert, AlertState, Cause, RuleRef, alert_id


def noticed(
    state: Alert | None, command: Notice, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    signal = command.signal
    if signal.turn is Turn.RETRACTED or signal.phase in {Phase.ENDED, Phase.RESUMED}:
        return [] if state is None else _no_begin(state, signal, now_ms)
    rule = applied(rules, signal.kind, signal.around, signal.at_ms)
    cause = None if state is None else state.cause(signal.event)
    if state is not None and cause is not None:
        return _known(state, cause, signal, rule, now_ms)
    if not takes(rule, signal):
        return []
    if state is None:
        return [_opened(command, rule, now_ms)]
    more = TakeOver(cause=_cause(command), around=signal.around, severity=rule.rule.severity)
    seen = _seen(state, more, rules, now_ms)
    return [seen, told.Renewed(at_ms=now_ms)] if _is_anew(state, signal, rule) else [seen]


def _is_anew(state: Alert, signal: Signal, rule: Applied) -> bool:
    """Not what happened before somebody looked, and is only learned now."""
    renew_s, seen_ms = rule.rule.renew_s, state.acknowledged_ms
    is_taken_on = state.state is AlertState.ACKNOWLEDGED and seen_ms is not None
    return renew_s is not None and is_taken_on and signal.at_ms - (seen_ms or 0) >= renew_s * MS


def _no_begin(state: Alert, signal: Signal, now_ms: int) -> list[AlertEvent]:
    if signal.turn is Turn.RETRACTED:
        return _retracted(state, signal, now_ms)
    said = _ended if signal.phase is Phase.ENDED else _resumed
    return said(state, signal, now_ms)


def takes(rule: Applied, signal: Signal) -> bool:
    return rule.is_met and _reaches(signal, rule.rule.trigger)


def _reaches(signal: Signal, limit: float | None) -> bool:
    """How many trucks there are at one place is counted, not told."""
    if limit is None or signal.kind is Kind.SEVERAL_TRUCKS:
        return True
    value = signal.around.value
    return value is not None and value >= limit


def _opened(command: Notice, rule: Applied, now_ms: int) -> AlertEvent:
    signal = command.signal
    return told.Opened(
        at_ms=now_ms,
        id=alert_id(command.tenant, command.dedup, signal.at_ms),
        kind=signal.kind,
        dedup=command.dedup,
        severity=rule.rule.severity,
        subject=signal.alert_subject,
        cause=_cause(command),
        around=signal.around,
        rule=RuleRef(rule.keys, rule.digest),
        place=signal.place,
        group=command.group,
        quiet_until_ms=command.quiet_until_ms,
    )


def handed_over(state: Alert, command: HandOver, now_ms: int) -> list[AlertEvent]:
    return [
        told.CauseHandedOver(at_ms=now_ms, event=cause.event, to=command.to) for cause in state.on
    ]


def taken_over(state: Alert, command: TakeOver, rules: AlertRules, now_ms: int) -> list[AlertEvent]:
    if state.cause(command.cause.event) is not None:
        return []
    return [_seen(state, command, rules, now_ms)]


def _seen(state: Alert, more: TakeOver, rules: AlertRules, now_ms: int) -> AlertEvent:
    return told.CauseSeen(
        at_ms=now_ms,
        cause=more.cause,
        around=more.around,
        severity=_worse(state.severity, more.severity),
        dropped=_dropped(state, rules.causes_max),
    )


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=lambda severity: GRAVITY[severity])


def _dropped(state: Alert, causes_max: int) -> tuple[str, ...]:
    """The oldest that are over, so that there is room for one more; what goes on is kept."""
    over = [cause.event for cause in state.causes if not cause.is_on]
    return tuple(over[: max(0, len(state.causes) + 1 - causes_max)])


def _cause(command: Notice) -> Cause:
    signal = command.signal
    return Cause(
        event=signal.event,
        subject=signal.subject,
        about=signal.about,
        at_ms=signal.at_ms,
        known_ms=signal.known_ms,
        told_by=signal.told_by,
        decided_ms=signal.decided_ms,
        has_end=signal.phase is not Phase.INSTANT,
        ended_ms=signal.at_ms if command.is_counted_only else None,
        facts=signal.facts,
    )


# ----------------------------------------------------------------------------------- known ones


def _known(
    state: Alert, cause: Cause, signal: Signal, rule: Applied, now_ms: int
) -> list[AlertEvent]:
    if signal.turn is Turn.TOLD:
        return []  # a repetition
    surveyed = is_found(cause.event)
    if not takes(rule, signal) and not (surveyed and _lingers(cause, rule, signal)):
        return _no_longer(cause, signal, surveyed=surveyed, now_ms=now_ms)
    severity = rule.rule.severity
    is_known = cause.facts == signal.facts or (surveyed and severity is state.severity)
    if is_known and not cause.is_gone:
        return []
    changed = told.CauseChanged(
        at_ms=now_ms,
        event=cause.event,
        told_by=signal.told_by,
        facts=signal.facts,
        around=signal.around,
        severity=severity,
        place=signal.place,
    )
    return [changed]


def _lingers(cause: Cause, rule: Applied, signal: Signal) -> bool:
    """Between the value at which it began and the lower one at which it is over."""
    if not rule.is_met or not cause.is_on or rule.rule.clear is None:
        return False
    value = signal.around.value
    return value is not None and value > rule.rule.clear


def _no_longer(cause: Cause, signal: Signal, *, surveyed: bool, now_ms: int) -> list[AlertEvent]:
    """What was found true and is so no more has ended; what was told wrongly never was."""
    if not cause.is_on and (surveyed or cause.is_gone):
        return []
    if surveyed:
        return [
            told.CauseEnded(
                at_ms=now_ms,
                event=cause.event,
                ended_by=signal.told_by,
                ended_ms=max(now_ms, cause.at_ms),
            )
        ]
    return [told.CauseGone(at_ms=now_ms, event=cause.event, told_by=signal.told_by, reason="rule")]


def _retracted(state: Alert, signal: Signal, now_ms: int) -> list[AlertEvent]:
    cause = state.cause(signal.event)
    if cause is not None and not cause.is_gone:
        gone = told.CauseGone(
            at_ms=now_ms, event=cause.event, told_by=signal.told_by, reason="retracted"
        )
        return [gone]
    return [
        told.CauseResumed(at_ms=now_ms, event=each.event, told_by=signal.told_by)
        for each in state.causes
        if each.ended_by == signal.event
    ]


def _ended(state: Alert, signal: Signal, now_ms: int) -> list[AlertEvent]:
    return [
        told.CauseEnded(
            at_ms=now_ms,
            event=cause.event,
            ended_by=signal.event,
            ended_ms=max(signal.at_ms, cause.at_ms),
        )
        for cause in state.causes
        if cause.has_end
        and cause.ended_ms is None
        and cause.handed_to is None
        and _is_end_of(state, cause, signal)
    ]


def _is_end_of(state: Alert, cause: Cause, signal: Signal) -> bool:
    if signal.turn is Turn.TOLD and signal.event in cause.undone:
        return False
    if is_found(signal.event):
        return signal.event.startswith(cause.event)
    if signal.ends_booking:
        return state.booking is not None and state.booking == signal.around.booking
    return (cause.subject, cause.about) == (signal.subject, signal.about) and (
        cause.at_ms <= signal.at_ms
    )


def _resumed(state: Alert, signal: Signal, now_ms: int) -> list[AlertEvent]:
    """Only while the alert is open: after that it would be another one."""
    if not state.is_open:
        return []
    return [
        told.CauseResumed(at_ms=now_ms, event=cause.event, told_by=signal.told_by)
        for cause in state.standing
        if cause.ended_ms is not None
        and cause.ended_ms <= signal.at_ms
        and (cause.subject, cause.about) == (signal.subject, signal.about)
    ]
