"""Which rule holds for a cause, by the kind of alert and what is known around it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind
from freight.alerts.rules import AlertRules, Change, Day, KindRule, When

MS = 1000
DIGEST_BYTES = 8  # enough to tell rules apart, short enough to be read aloud
_DAYS = tuple(Day)
# Field of a condition and what of the circumstances must be among its values.
_LISTED = {
    "lanes": "lane",
    "customers": "customer",
    "carriers": "carrier",
    "truck_groups": "truck_group",
    "trucks": "truck",
    "materials": "material",
    "halts": "halt",
    "fences": "fence",
    "fence_kinds": "fence_kind",
    "alarms": "alarm",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Applied:
    rule: KindRule
    keys: tuple[str, ...]  # what made it, in the order in which it was laid on
    is_met: bool  # the kind is enabled and what it is limited to is the case

    @property
    def digest(self) -> str:
        said = self.rule.model_dump_json().encode()
        return hashlib.blake2b(said, digest_size=DIGEST_BYTES).hexdigest()


def applied(rules: AlertRules, kind: Kind, around: Circumstances, at_ms: int) -> Applied:
    rule = rules.kinds[kind]
    keys = [f"kinds/{kind}"]
    if rule.cases or rules.overrides:
        changes: dict[str, Any] = {}
        for name, change in _changes(rules, kind, around, at_ms):
            keys.append(name)
            changes |= change.given()
        if changes:
            rule = rule.model_copy(update=changes)
    zone = rules.working_hours.time_zone
    is_met = rule.enabled and fits(rule.when, around, at_ms, zone)
    return Applied(rule, tuple(keys), is_met)


def _changes(
    rules: AlertRules, kind: Kind, around: Circumstances, at_ms: int
) -> Iterator[tuple[str, Change]]:
    zone = rules.working_hours.time_zone
    for nr, case in enumerate(rules.kinds[kind].cases, 1):
        if fits(case.when, around, at_ms, zone):
            yield f"kinds/{kind}#{nr}", case.then
    in_order = sorted(rules.overrides.items(), key=lambda named: (named[1].rank, named[0]))
    for name, one in in_order:
        if (not one.kinds or kind in one.kinds) and fits(one.when, around, at_ms, zone):
            yield f"overrides/{name}", one.then


def fits(when: When, around: Circumstances, at_ms: int, zone: str) -> bool:
    """What is asked about and not known is not so."""
    for name in when.model_fields_set & _LISTED.keys():
        wanted = getattr(when, name)
        if wanted and getattr(around, _LISTED[name]) not in wanted:
            return False
    for asked, known in (
        (when.is_loaded, around.is_loaded),
        (when.is_on_trip, around.is_on_trip),
    ):
        if asked is not None and asked is not known:
            return False
    return _is_within(when, around.value) and _is_then(when, at_ms, zone)


def _is_within(when: When, value: float | None) -> bool:
    if when.value_min is not None and (value is None or value < when.value_min):
        return False
    return when.value_max is None or (value is not None and value <= when.value_max)


def _is_then(when: When, at_ms: int, zone: str) -> bool:
    if not when.days and when.from_time is None:
        return True
    local = datetime.fromtimestamp(at_ms / MS, ZoneInfo(zone))
    if when.days and _DAYS[local.weekday()] not in when.days:
        return False
    if when.from_time is None or when.to_time is None:
        return True
    return _is_between(local.time(), when.from_time, when.to_time)


def _is_between(now: time, begins: time, ends: time) -> bool:
    if begins <= ends:
        return begins <= now < ends
    return now >= begins or now < ends
