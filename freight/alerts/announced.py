"""Which events the world outside is told when an alert has taken some steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from freight.alerts import events as told
from freight.alerts.events import AlertEvent
from freight.alerts.evolve import evolve
from freight.alerts.kinds import GRAVITY
from freight.alerts.state import SHOWN, Alert, Resolution
from freight.alerts.words import text, title

Announcement = tuple[str, int, dict[str, Any]]

_TOLD: dict[type, str] = {
    told.Raised: "alert.raised",
    told.Renewed: "alert.renewed",
    told.Escalated: "alert.escalated",
    told.Acknowledged: "alert.acknowledged",
    told.Resolved: "alert.resolved",
    told.Reopened: "alert.reopened",
    told.Snoozed: "alert.snoozed",
    told.Woken: "alert.woken",
    told.Assigned: "alert.assigned",
    told.Commented: "alert.commented",
    told.Judged: "alert.judged",
}
WORSENED = "alert.worsened"
RETRACTED = "alert.retracted"
RESOLVED = "alert.resolved"


def announcements(before: Alert | None, events: Iterable[AlertEvent]) -> list[Announcement]:
    """(type, time, data) in the order of the steps; of what nobody was shown, nothing."""
    found: list[Announcement] = []
    now = before
    for event in events:
        then, now = now, evolve(now, event)
        kind = _kind(then, event, now)
        if kind is not None:
            found.append((kind, event.at_ms, _data(now, event)))
    return found


def _kind(then: Alert | None, event: AlertEvent, now: Alert) -> str | None:
    if isinstance(event, told.Retracted):
        # To who counts open alerts, it is over like any other.
        was_open = then is not None and then.state in SHOWN
        return RESOLVED if was_open else RETRACTED
    if isinstance(event, told.CauseSeen | told.CauseChanged):
        worse = then is not None and GRAVITY[now.severity] > GRAVITY[then.severity]
        return WORSENED if worse and now.state in SHOWN else None
    return _TOLD.get(type(event))


def _data(now: Alert, event: AlertEvent) -> dict[str, Any]:
    place = now.place
    data: dict[str, Any] = {
        "alert": now.id,
        "version": now.version,
        "kind": now.kind.value,
        "severity": now.severity.value,
        "state": now.state.value,
        "level": now.level,
        "title": title(now),
        "text": text(now),
        "about": now.subject,
        "truck": now.truck,
        "booking": now.booking,
        "lane": now.around.lane,
        "shipper": now.around.customer,
        "carrier": now.around.carrier,
        "place": None if place is None else {"lat": place.lat, "lon": place.lon},
        "began_ms": now.began_ms,
        "raised_ms": now.raised_ms,
        "assigned_to": now.assigned_to,
        "group": now.group,
        "count": now.count,
        "evidence": msgspec.to_builtins(now.evidence),
    }
    if now.resolution is not None:
        data["resolution"] = now.resolution.value
        data["is_corrected"] = now.resolution is Resolution.CORRECTED
    by = getattr(event, "by", None)
    if by is not None:
        data["by"] = by
    return data
