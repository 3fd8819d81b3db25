"""What may be wanted of an alert: by facts, by time, and by people."""

from __future__ import annotations

import msgspec

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Severity
from freight.alerts.signals import Signal
from freight.alerts.state import Cause, Judgement


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """Something was learned that concerns this alert, or may begin one."""

    signal: Signal
    tenant: str
    dedup: str
    group: str | None = None
    quiet_until_ms: int | None = None  # the one before it has not cooled down
    is_counted_only: bool = False


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag="hand_over"):
    """Another alert is open for the same by now: what goes on of this one is that one's."""

    to: str


class TakeOver(msgspec.Struct, frozen=True, kw_only=True, tag="take_over"):
    """One more cause, as it was known to the alert that it belonged to."""

    cause: Cause
    around: Circumstances
    severity: Severity


class Heard(msgspec.Struct, frozen=True):
    """A truck's newest fix: when it was made, by the device's clock, and when it came in."""

    ts_ms: int
    came_ms: int
    is_ahead: bool = False  # facts of its fixes wait to be taken up


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """Time has passed; `covered_by` is a raised alert that tells of the cause as well."""

    covered_by: str | None = None
    is_blind: bool = False  # we ourselves may not see what happens
    heard: Heard | None = None


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag="acknowledge"):
    by: str


class Resolve(msgspec.Struct, frozen=True, kw_only=True, tag="resolve"):
    by: str
    note: str | None = None


class Snooze(msgspec.Struct, frozen=True, kw_only=True, tag="snooze"):
    by: str
    until_ms: int | None  # None: no longer


class Assign(msgspec.Struct, frozen=True, kw_only=True, tag="assign"):
    by: str
    to: str | None


class Comment(msgspec.Struct, frozen=True, kw_only=True, tag="comment"):
    by: str
    text: str


class Judge(msgspec.Struct, frozen=True, kw_only=True, tag="judge"):
    by: str
    judged: Judgement | None


PeopleCommand = Acknowledge | Resolve | Snooze | Assign | Comment | Judge
Command = Notice | HandOver | TakeOver | Tick | PeopleCommand
