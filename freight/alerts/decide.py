"""What follows for an alert from what was learned, from time, and from what people want."""

from __future__ import annotations

from msgspec.structs import replace

from freight.alerts import commands as c
from freight.alerts import events as told
from freight.alerts.commands import Command
from freight.alerts.events import AlertEvent
from freight.alerts.evolve import evolve
from freight.alerts.lasting import due_ms
from freight.alerts.noticing import handed_over, noticed, taken_over
from freight.alerts.rules import AlertRules
from freight.alerts.state import SHOWN, Alert, AlertState, Resolution
from freight.alerts.timing import ticked
from freight.refusal import Refusal


def decide(
    state: Alert | None, command: Command, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    if isinstance(command, c.Notice):
        return noticed(state, command, rules, now_ms)
    if state is None:
        raise Refusal("unknown_alert", "there is no such alert")
    match command:
        case c.Tick():
            events = ticked(state, command, rules, now_ms)
        case c.HandOver():
            events = handed_over(state, command, now_ms)
        case c.TakeOver():
            events = taken_over(state, command, rules, now_ms)
        case c.Acknowledge() | c.Resolve() | c.Snooze():
            events = _handled(state, command, rules, now_ms)
        case c.Assign(by=by, to=to):
            _must_be_shown(state)
            events = [] if state.assigned_to == to else [told.Assigned(at_ms=now_ms, by=by, to=to)]
        case c.Comment(by=by, text=text):
            _must_have_been_raised(state)
            events = [told.Commented(at_ms=now_ms, by=by, text=text)]
        case c.Judge(by=by, judged=judged):
            _must_have_been_raised(state)
            is_new = state.judged is not judged
            events = [told.Judged(at_ms=now_ms, by=by, judged=judged)] if is_new else []
    return events


def step(
    state: Alert | None, command: Command, rules: AlertRules, now_ms: int
) -> tuple[list[AlertEvent], Alert | None]:
    """What happened, and how the alert stands then, with the moment at which time may change it."""
    events = decide(state, command, rules, now_ms)
    for event in events:
        state = evolve(state, event)
    return events, None if state is None else replace(state, due_ms=due_ms(state, rules))


def _handled(
    state: Alert, command: c.Acknowledge | c.Resolve | c.Snooze, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    if isinstance(command, c.Resolve) and state.state is AlertState.RESOLVED:
        return []
    _must_be_shown(state)
    match command:
        case c.Acknowledge(by=by):
            known = state.state is AlertState.ACKNOWLEDGED
            return [] if known else [told.Acknowledged(at_ms=now_ms, by=by)]
        case c.Resolve(by=by, note=note):
            how = Resolution.MANUAL
            return [told.Resolved(at_ms=now_ms, resolution=how, by=by, note=note)]
        case c.Snooze(by=by, until_ms=until_ms):
            return _snoozed(state, by, until_ms, rules, now_ms)


def _snoozed(
    state: Alert, by: str, until_ms: int | None, rules: AlertRules, now_ms: int
) -> list[AlertEvent]:
    if until_ms == state.snoozed_until_ms:
        return []
    if until_ms is not None and until_ms <= now_ms:
        raise Refusal("in_the_past", "it can be silenced only until a later time")
    longest_ms = round(rules.snooze_s_max * 1000)
    if until_ms is not None and until_ms - now_ms > longest_ms:
        raise Refusal("too_long", f"it can be silenced for {longest_ms // 1000} seconds at most")
    return [told.Snoozed(at_ms=now_ms, by=by, until_ms=until_ms)]


def _must_be_shown(state: Alert) -> None:
    _must_have_been_raised(state)
    if state.state not in SHOWN:
        raise Refusal("alert_over", f"the alert is {state.state.value}")


def _must_have_been_raised(state: Alert) -> None:
    if state.raised_ms is None:
        raise Refusal("unknown_alert", "there is no such alert")
