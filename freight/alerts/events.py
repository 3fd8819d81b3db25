"""What happened to an alert, in the words of its log."""

from __future__ import annotations

from typing import Any

import msgspec

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind, Severity
from freight.alerts.signals import Place
from freight.alerts.state import Cause, Judgement, Resolution, RuleRef


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    at_ms: int  # by our clock


class Opened(_Event, frozen=True, kw_only=True, tag="opened"):
    """Its first cause was seen; whether anybody is told depends on how long it lasts."""

    id: str
    kind: Kind
    dedup: str
    severity: Severity
    subject: str
    cause: Cause
    around: Circumstances
    rule: RuleRef
    place: Place | None = None
    group: str | None = None
    quiet_until_ms: int | None = None


class CauseSeen(_Event, frozen=True, kw_only=True, tag="cause_seen"):
    """Another one that is the same alert; `dropped` are over and from now on only counted."""

    cause: Cause
    around: Circumstances
    severity: Severity
    dropped: tuple[str, ...] = ()


class CauseChanged(_Event, frozen=True, kw_only=True, tag="cause_changed"):
    """It is otherwise than it was said to be; also puts one in force again."""

    event: str
    told_by: str
    facts: dict[str, Any]
    around: Circumstances
    severity: Severity
    place: Place | None = None


class CauseEnded(_Event, frozen=True, kw_only=True, tag="cause_ended"):
    event: str
    ended_by: str
    ended_ms: int


class CauseResumed(_Event, frozen=True, kw_only=True, tag="cause_resumed"):
    """Its end was none: it was retracted, or the pause was too short."""

    event: str
    told_by: str


class CauseGone(_Event, frozen=True, kw_only=True, tag="cause_gone"):
    event: str
    told_by: str
    reason: str  # "retracted", or "rule": as it is now it is no cause


class CauseHandedOver(_Event, frozen=True, kw_only=True, tag="cause_handed_over"):
    """It goes on after all, and by now another alert is open for the same."""

    event: str
    to: str


class Held(_Event, frozen=True, kw_only=True, tag="held"):
    until_ms: int
    covered_by: str | None = None


class Lapsed(_Event, frozen=True, kw_only=True, tag="lapsed"):
    reason: str


class Rearmed(_Event, frozen=True, kw_only=True, tag="rearmed"):
    """It lapsed for a reason that turned out to be none."""


class Raised(_Event, frozen=True, kw_only=True, tag="raised"):
    severity: Severity
    rule: RuleRef


class Renewed(_Event, frozen=True, kw_only=True, tag="renewed"):
    """It was taken on, and happened again: somebody is to look anew."""


class Escalated(_Event, frozen=True, kw_only=True, tag="escalated"):
    level: int


class Woken(_Event, frozen=True, kw_only=True, tag="woken"):
    """The time for which it was silenced is over."""


class Resolved(_Event, frozen=True, kw_only=True, tag="resolved"):
    resolution: Resolution
    by: str | None = None
    note: str | None = None


class Reopened(_Event, frozen=True, kw_only=True, tag="reopened"):
    pass


class Retracted(_Event, frozen=True, kw_only=True, tag="retracted"):
    """Late truth: there never was a cause."""


class Acknowledged(_Event, frozen=True, kw_only=True, tag="acknowledged"):
    by: str


class Snoozed(_Event, frozen=True, kw_only=True, tag="snoozed"):
    by: str
    until_ms: int | None


class Assigned(_Event, frozen=True, kw_only=True, tag="assigned"):
    by: str
    to: str | None


class Commented(_Event, frozen=True, kw_only=True, tag="commented"):
    by: str
    text: str


class Judged(_Event, frozen=True, kw_only=True, tag="judged"):
    by: str
    judged: Judgement | None


AlertEvent = (
    Opened
    | CauseSeen
    | CauseChanged
    | CauseEnded
    | CauseResumed
    | CauseGone
    | CauseHandedOver
    | Held
    | Lapsed
    | Rearmed
    | Raised
    | Renewed
    | Escalated
    | Woken
    | Resolved
    | Reopened
    | Retracted
    | Acknowledged
    | Snoozed
    | Assigned
    | Commented
    | Judged
)
