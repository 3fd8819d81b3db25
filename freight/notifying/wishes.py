"""What a person wishes: language, hours, and which kinds of messages by which channels."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from freight.notifying.channels import Channel
from freight.notifying.hours import Hours, ends_ms
from freight.notifying.rules import NotifyingRules
from freight.notifying.state import Severity

EVERY_KIND = "*"


class KindWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    is_muted: bool = False
    without: tuple[Channel, ...] = ()  # not by these
    digest: bool | None = None  # None: as the tenant has it


class Wishes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    language: str | None = None
    time_zone: str | None = None
    # None: the tenant's hours; equal clocks: none at all.
    quiet: Hours | None = None
    # By kind, by family ("alert"), or "*"; the nearest counts.
    kinds: Mapping[str, KindWish] = {}
    version: int = 0

    def of(self, kind: str) -> KindWish:
        for name in (kind, kind.partition(".")[0], EVERY_KIND):
            if name in self.kinds:
                return self.kinds[name]
        return KindWish()


def wanted(
    channels: tuple[Channel, ...],
    wishes: Wishes,
    kind: str,
    severity: Severity,
    rules: NotifyingRules,
) -> tuple[Channel, ...]:
    """By which of the channels the person is to be told this; what is severe passes by wishes."""
    if severity in rules.always:
        return channels
    wish = wishes.of(kind)
    return () if wish.is_muted else tuple(one for one in channels if one not in wish.without)


def is_collected(
    wishes: Wishes, kind: str, severity: Severity, rules: NotifyingRules, *, usual: bool
) -> bool:
    if severity in rules.digest.except_severities:
        return False
    wish = wishes.of(kind).digest
    return usual if wish is None else wish


def quiet_until_ms(
    wishes: Wishes, channel: Channel, severity: Severity, rules: NotifyingRules, now_ms: int
) -> int | None:
    """When somebody may be disturbed by this channel who may not be now."""
    quiet = rules.quiet
    if channel not in quiet.channels or severity in quiet.except_severities:
        return None
    hours = wishes.quiet
    if hours is None and quiet.from_clock is not None and quiet.to_clock is not None:
        hours = Hours(quiet.from_clock, quiet.to_clock)
    return ends_ms(hours, wishes.time_zone or rules.texts.time_zone, now_ms)
