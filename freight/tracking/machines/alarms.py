"""Alarms that a device raises, and a device that is cut off from the truck's battery."""

from __future__ import annotations

from math import nextafter
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec.structs import replace
from pydantic import Field, model_validator

from freight.fixes import Alarm
from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Sample

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

Positive = Annotated[float, Field(gt=0)]


class AlarmRules(Rules):
    """When an alarm is a new one."""

    quiet_s: Positive = key(
        "An alarm is told again when it has not been raised for so long.",
        who=Who.TENANT,
        live=True,
    )
    unplugged_v: Positive = key(
        "A device that gets less than this from outside is unplugged: that is an alarm ...",
        who=Who.TENANT,
        live=True,
    )
    plugged_v: Positive = key("... until it gets at least this.", who=Who.TENANT, live=True)

    @model_validator(mode="after")
    def _has_hysteresis(self) -> AlarmRules:
        if self.unplugged_v >= self.plugged_v:
            raise ValueError("unplugged_v must be less than plugged_v")
        return self


class Alarms(msgspec.Struct, frozen=True, array_like=True):
    raised: tuple[tuple[int, int], ...] = ()  # alarms and when they were raised last
    unplugged: bool = False


START = Alarms()


def step(
    now: Alarms, fix: Sample, where: Sample | None, around: Surroundings, facts: Facts
) -> Alarms:
    """Also for a fix that is not believed: who calls for help may be under a roof. `where` is the
    last place that is believed.
    """
    if fix.alarm is None and fix.external_v is None:
        return now
    rules = around.rules.alarms
    tell = _Teller(fix, where, rules.quiet_s, facts)
    if fix.alarm is not None:
        now = tell.raised(now, Alarm(fix.alarm), "device")
    if fix.external_v is None:
        return now
    if not now.unplugged and fix.external_v < rules.unplugged_v:
        return replace(tell.raised(now, Alarm.POWER_CUT, "voltage"), unplugged=True)
    if now.unplugged and fix.external_v >= rules.plugged_v:
        return replace(now, unplugged=False)
    return now


class _Teller(msgspec.Struct, frozen=True):
    """What all alarms of one fix have in common."""

    fix: Sample
    where: Sample | None
    quiet_s: float
    facts: Facts

    def raised(self, now: Alarms, alarm: Alarm, source: str) -> Alarms:
        fix, raised = self.fix, dict(now.raised)
        last_ms = raised.get(alarm.value)
        if last_ms is None or fix.ts_ms - last_ms > self.quiet_s * 1000.0:
            name = alarm.name.lower()
            data: dict[str, Any] = {"alarm": name, "source": source}
            if fix.external_v is not None:
                data["external_v"] = round(fix.external_v, 1)
            if self.where is not None:
                data |= trips.place(self.where) | {"place_ms": self.where.ts_ms}
            self.facts.tell("truck.alarm.raised", fix.ts_ms, data, about=name)
        raised[alarm.value] = fix.ts_ms
        return replace(now, raised=tuple(sorted(raised.items())))


def outlook(now: Alarms, around: Surroundings, out: Outlook) -> None:
    """Fixes with alarms are never quiet."""
    rules = around.rules.alarms
    if now.unplugged:
        out.external_v_max = nextafter(rules.plugged_v, 0.0)
    else:
        out.external_v_min = rules.unplugged_v
