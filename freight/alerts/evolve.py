"""How an alert stands after an event; it never fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from freight.alerts import events as told
from freight.alerts.events import AlertEvent
from freight.alerts.state import SHOWN, Alert, AlertState, Cause, Resolution


def replayed(events: Iterable[AlertEvent]) -> Alert | None:
    """All but `due_ms`, which depends on the rules as they are now."""
    state: Alert | None = None
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Alert | None, event: AlertEvent) -> Alert:
    if isinstance(event, told.Opened):
        return _opened(event)
    if state is None:
        raise ValueError("an alert begins with its first cause")
    return replace(state, version=state.version + 1, **_changes(state, event))


def _opened(event: told.Opened) -> Alert:
    return Alert(
        id=event.id,
        version=1,
        kind=event.kind,
        dedup=event.dedup,
        severity=event.severity,
        subject=event.subject,
        state=AlertState.PENDING,
        began_ms=event.cause.at_ms,
        around=event.around,
        rule=event.rule,
        causes=(event.cause,),
        place=event.place,
        group=event.group,
        quiet_until_ms=event.quiet_until_ms,
    )


def _changes(state: Alert, event: AlertEvent) -> dict[str, Any]:
    match event:
        case told.CauseSeen() | told.CauseChanged() | told.CauseEnded():
            changes = _of_cause(state, event)
        case told.CauseResumed() | told.CauseGone() | told.CauseHandedOver():
            changes = _of_cause(state, event)
        case told.Escalated() | told.Woken() | told.Snoozed() | told.Assigned():
            changes = _of_handling(event)
        case told.Acknowledged() | told.Commented() | told.Judged():
            changes = _of_people(state, event)
        case _:
            changes = _of_life(state, event)
    return changes


def _of_life(state: Alert, event: AlertEvent) -> dict[str, Any]:
    match event:
        case told.Held():
            changes: dict[str, Any] = {
                "held_until_ms": event.until_ms,
                "covered_by": event.covered_by,
            }
        case told.Lapsed():
            changes = {"state": AlertState.LAPSED}
        case told.Rearmed():
            changes = {"state": AlertState.PENDING}
        case told.Raised():
            changes = {
                "state": AlertState.RAISED,
                "raised_ms": event.at_ms,
                "severity": event.severity,
                "rule": event.rule,
                "held_until_ms": None,
                "covered_by": None,
            }
        case told.Renewed():
            changes = {
                "state": AlertState.RAISED,
                "renewed_ms": event.at_ms,
                "level": 0,
                "escalated_ms": None,
                "acknowledged_ms": None,
                "acknowledged_by": None,
                "snoozed_until_ms": None,
            }
        case told.Resolved():
            changes = {"state": AlertState.RESOLVED, "snoozed_until_ms": None, **_end(event)}
        case told.Retracted():
            changes = _retracted(state, event)
        case told.Reopened():
            changes = _reopened(state)
        case _:
            changes = {}
    return changes


def _end(event: told.Resolved) -> dict[str, Any]:
    return {
        "resolved_ms": event.at_ms,
        "resolved_by": event.by,
        "resolution": event.resolution,
        "note": event.note,
    }


def _retracted(state: Alert, event: told.Retracted) -> dict[str, Any]:
    resolved_ms = event.at_ms if state.resolved_ms is None else state.resolved_ms
    return {
        "state": AlertState.RETRACTED,
        "resolution": Resolution.CORRECTED,
        "resolved_ms": resolved_ms,
        "snoozed_until_ms": None,
    }


def _reopened(state: Alert) -> dict[str, Any]:
    taken_on = state.acknowledged_ms is not None
    return {
        "state": AlertState.ACKNOWLEDGED if taken_on else AlertState.RAISED,
        "resolved_ms": None,
        "resolved_by": None,
        "resolution": None,
        "note": None,
    }


def _of_handling(event: AlertEvent) -> dict[str, Any]:
    match event:
        case told.Escalated():
            changes: dict[str, Any] = {"level": event.level, "escalated_ms": event.at_ms}
        case told.Snoozed():
            changes = {"snoozed_until_ms": event.until_ms, "snoozed_by": event.by}
        case told.Assigned():
            changes = {"assigned_to": event.to}
        case _:
            changes = {"snoozed_until_ms": None}
    return changes


def _of_people(state: Alert, event: AlertEvent) -> dict[str, Any]:
    match event:
        case told.Acknowledged():
            changes: dict[str, Any] = {
                "state": AlertState.ACKNOWLEDGED,
                "acknowledged_ms": event.at_ms,
                "acknowledged_by": event.by,
                "snoozed_until_ms": None,
            }
        case told.Judged():
            changes = {"judged": event.judged, "judged_by": event.by}
        case _:
            changes = {"comments": state.comments + 1}
    return changes


# -------------------------------------------------------------------------------------- causes


def _of_cause(state: Alert, event: AlertEvent) -> dict[str, Any]:
    match event:
        case told.CauseSeen():
            changes: dict[str, Any] = _seen(state, event)
        case told.CauseChanged():
            changed = {"facts": event.facts, "told_by": event.told_by, "is_gone": False}
            changes = _with_cause(state, event.event, changed)
            changes |= {"around": event.around, "severity": event.severity}
            if event.place is not None:
                changes["place"] = event.place
        case told.CauseEnded():
            ended = {"ended_ms": event.ended_ms, "ended_by": event.ended_by}
            changes = _with_cause(state, event.event, ended)
        case told.CauseResumed():
            changes = _resumed(state, event)
        case told.CauseGone():
            changes = _with_cause(state, event.event, {"is_gone": True, "told_by": event.told_by})
        case told.CauseHandedOver():
            changes = _with_cause(state, event.event, {"handed_to": event.to})
        case _:
            changes = {}
    return changes


def _seen(state: Alert, event: told.CauseSeen) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "causes": (*_kept(state.causes, event.dropped), event.cause),
        "count": state.count + 1,
        "severity": event.severity,
    }
    if state.state in SHOWN or state.state is AlertState.PENDING:
        changes["around"] = event.around
    return changes


def _kept(causes: tuple[Cause, ...], dropped: tuple[str, ...]) -> tuple[Cause, ...]:
    return tuple(cause for cause in causes if cause.event not in dropped)


def _resumed(state: Alert, event: told.CauseResumed) -> dict[str, Any]:
    cause = state.cause(event.event)
    ended_by = None if cause is None else cause.ended_by
    if cause is None or ended_by is None:
        return {}
    undone = (*(each for each in cause.undone if each != ended_by), ended_by)
    return _with_cause(state, event.event, {"ended_ms": None, "ended_by": None, "undone": undone})


def _with_cause(state: Alert, event: str, changes: dict[str, Any]) -> dict[str, Any]:
    causes = tuple(
        replace(cause, **changes) if cause.event == event else cause for cause in state.causes
    )
    return {"causes": causes}
