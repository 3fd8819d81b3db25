"""What devices that do not speak our own form mean: data, because models and vendors differ."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.schema import Count, Positive, Section, Who, key
from freight.rules import Rules

Element = Annotated[int, Field(ge=0, le=65535)]
# What every packet with a position tells, the last of it in this place.
NEEDED, LAST_NEEDED = frozenset({"imei", "time", "lat", "ns", "lon"}), "ew"
AlarmName = Literal["panic", "tamper", "power_cut", "tow", "crash"]


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_is_pattern)]


class TeltonikaElements(Section):
    """AVL elements by number; they differ by model, so a tenant may have its own."""

    ignition: Element = key("Ignition, 0 or 1.", who=Who.TENANT, live=True)
    odometer_m: Element = key("Total odometer in metres.", who=Who.TENANT, live=True)
    external_mv: Element = key("The truck's voltage in millivolts.", who=Who.TENANT, live=True)
    battery_mv: Element = key("The device's own in millivolts.", who=Who.TENANT, live=True)
    hdop_tenths: Element = key("HDOP in tenths.", who=Who.TENANT, live=True)
    fuel_pct: tuple[Element, ...] = key(
        "Fuel level in per cent; the first of them that a record has.", who=Who.TENANT, live=True
    )
    fuel_pct_max: Positive = key(
        "A fuel level above it means that none is known.", who=Who.TENANT, live=True
    )
    alarms: dict[Element, AlarmName] = key(
        "Which alarm is raised by the event of an element that is not 0.",
        who=Who.TENANT,
        live=True,
    )
    panic_priority_is_alarm: bool = key(
        "Whether a record of the priority `panic` is one; some fleets send everything so.",
        who=Who.TENANT,
        live=True,
    )


class Ais140Profile(Rules):
    """How one vendor's packets differ; the first whose pattern fits a packet's beginning."""

    name: str
    # Of the packet from `$`, the first comma behind a lone `$` left out.
    match: Pattern
    # The fields in order up to the serving cell; `time` takes 1, 2 or 6 of them, as they come.
    position: tuple[str, ...]
    # Those behind the digital outputs; the rest is kept without names.
    after_outputs: tuple[str, ...]
    checksum: Literal["none", "crc32"]
    checksum_wrong: Literal["mark", "reject"]
    # By kind of packet; {utc} is our time as ddmmyyyyhhmmss.
    replies: dict[Literal["login", "heartbeat", "health", "position", "emergency"], str]

    @model_validator(mode="after")
    def _has_a_position(self) -> Ais140Profile:
        end = self.position.index(LAST_NEEDED) if LAST_NEEDED in self.position else 0
        missing = NEEDED - set(self.position[:end])
        if missing:
            names = ", ".join(sorted(missing))
            raise ValueError(f"position must name {LAST_NEEDED}, and before it also {names}")
        return self


class Ais140(Section):
    """AIS-140 (IS 16833) as vendors speak it."""

    login_headers: tuple[str, ...] = key("Packets that only say who it is.", live=True)
    health_headers: tuple[str, ...] = key("Packets about the device's health.", live=True)
    heartbeat_headers: tuple[str, ...] = key("Packets that say nothing.", live=True)
    notice_headers: tuple[str, ...] = key("Packets about changed settings.", live=True)
    health_fields: tuple[str, ...] = key("Names of a health packet's fields behind the IMEI.")
    types: dict[str, AlarmName] = key("Alarms by packet type.", live=True)
    alerts: dict[int, AlarmName] = key("Alarms by alert id, where the type has none.", live=True)
    profiles: tuple[Ais140Profile, ...] = key("How vendors differ, tried in order.", live=True)


class Queclink(Section):
    """Queclink's @Track in ASCII."""

    acknowledge: bool = key(
        "Whether reports are answered with +SACK; devices that do not ask for it ignore it.",
        live=True,
    )
    alarms: dict[str, AlarmName] = key("Alarms by report, without GT.", live=True)
    ignition: dict[str, bool] = key("Reports that tell the ignition, without GT.", live=True)
    states: dict[str, bool] = key("Whether the ignition is on in a state, two digits.", live=True)
    statuses: tuple[str, ...] = key("Reports that tell no position, without GT.", live=True)
    external_mv_min: Count = key(
        "A smaller number in the place of the truck's voltage is something else.", live=True
    )


class Dialects(Section):
    teltonika: TeltonikaElements
    ais140: Ais140
    queclink: Queclink
