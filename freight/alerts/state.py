"""An alert: what caused it, how it stands, who has it, and what it was judged."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import msgspec

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind, Severity
from freight.alerts.signals import Place

ID_BYTES = 12  # fixed: the form of our own ids


class AlertState(StrEnum):
    PENDING = "pending"  # the cause was seen and has not lasted long enough
    LAPSED = "lapsed"  # the cause went before anybody had to be told
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    RETRACTED = "retracted"  # it was raised, and its cause never was


OPEN = frozenset({AlertState.PENDING, AlertState.RAISED, AlertState.ACKNOWLEDGED})
TRUCK = "trucks/"
SHOWN = frozenset({AlertState.RAISED, AlertState.ACKNOWLEDGED})


class Resolution(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"
    EXPIRED = "expired"
    CORRECTED = "corrected"


class Judgement(StrEnum):
    TRUE = "true_alert"
    FALSE = "false_alert"


class Cause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact that began it, and the one that ended it."""

    event: str
    subject: str
    about: str
    at_ms: int
    known_ms: int
    told_by: str
    decided_ms: int | None = None
    has_end: bool = True  # False: it happened at one moment
    ended_ms: int | None = None
    ended_by: str | None = None
    undone: tuple[str, ...] = ()  # what had ended it and was none
    is_gone: bool = False  # retracted, or as it is now no cause for an alert
    handed_to: str | None = None  # the alert that it belongs to now
    facts: dict[str, Any] = {}

    @property
    def is_on(self) -> bool:
        return not self.is_gone and self.ended_ms is None and self.handed_to is None


class RuleRef(msgspec.Struct, frozen=True):
    keys: tuple[str, ...]
    digest: str


class Evidence(msgspec.Struct, frozen=True):
    events: tuple[str, ...]
    rule: RuleRef
    facts: dict[str, Any]
    from_ms: int
    to_ms: int


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    version: int  # events so far
    kind: Kind
    dedup: str
    severity: Severity
    subject: str
    state: AlertState
    began_ms: int  # device time of the first cause
    around: Circumstances
    rule: RuleRef
    causes: tuple[Cause, ...]
    place: Place | None = None
    level: int = 0
    quiet_until_ms: int | None = None  # an alert before it has not cooled down yet
    due_ms: int | None = None  # when time alone may change it
    raised_ms: int | None = None
    renewed_ms: int | None = None  # when it was raised anew
    escalated_ms: int | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: str | None = None
    resolved_ms: int | None = None
    resolved_by: str | None = None
    resolution: Resolution | None = None
    note: str | None = None
    snoozed_until_ms: int | None = None
    snoozed_by: str | None = None
    assigned_to: str | None = None
    held_until_ms: int | None = None
    covered_by: str | None = None  # the alert that tells of it as well
    group: str | None = None
    count: int = 1  # causes so far
    comments: int = 0
    judged: Judgement | None = None
    judged_by: str | None = None

    @property
    def truck(self) -> str | None:
        return self.around.truck

    @property
    def booking(self) -> str | None:
        return self.around.booking

    @property
    def trucks(self) -> frozenset[str]:
        """Whose next fixes may end what goes on."""
        on = {one.subject for one in self.on if one.subject.startswith(TRUCK)}
        own = set() if self.truck is None else {self.truck}
        return frozenset({one.removeprefix(TRUCK) for one in on} or own)

    @property
    def due_known_ms(self) -> int | None:
        """When time may change it, and all its causes were known."""
        if self.due_ms is None:
            return None
        return max(self.due_ms, *(cause.known_ms for cause in self.causes))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def on(self) -> tuple[Cause, ...]:
        return tuple(cause for cause in self.causes if cause.is_on)

    @property
    def standing(self) -> tuple[Cause, ...]:
        return tuple(cause for cause in self.causes if not cause.is_gone)

    @property
    def over_ms(self) -> int | None:
        """When the last of its causes ended; None: one goes on, or there is none."""
        ends = [cause.ended_ms for cause in self.standing]
        return max((end for end in ends if end is not None), default=None) if not self.on else None

    @property
    def evidence(self) -> Evidence:
        causes = self.standing or self.causes
        events: dict[str, None] = {}
        for cause in causes:
            events |= dict.fromkeys(
                name for name in (cause.event, cause.told_by, cause.ended_by) if name is not None
            )
        ends = [cause.ended_ms or cause.decided_ms or cause.known_ms for cause in causes]
        return Evidence(
            events=tuple(events),
            rule=self.rule,
            facts=causes[-1].facts,
            from_ms=min(cause.at_ms for cause in causes),
            to_ms=max(ends),
        )

    def cause(self, event: str) -> Cause | None:
        return next((cause for cause in self.causes if cause.event == event), None)


def alert_id(tenant: str, dedup: str, began_ms: int) -> str:
    """The same cause is the same alert, however often it is seen."""
    said = f"{tenant}\x1f{dedup}\x1f{began_ms}"
    return "alert-" + hashlib.blake2b(said.encode(), digest_size=ID_BYTES).hexdigest()
