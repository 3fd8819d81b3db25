"""Brakes and accelerator used harshly: by speeds so close together that they say how hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec.structs import replace
from pydantic import Field

from freight.rules import Rules, Who, key
from freight.tracking.facts import Facts
from freight.tracking.machines import trips
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment, gained_mps2

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

Positive = Annotated[float, Field(gt=0)]


class HarshnessRules(Rules):
    """What is harsh."""

    braking_mps2: Positive = key(
        "Losing speed at least so fast is harsh braking.", who=Who.TENANT, live=True
    )
    acceleration_mps2: Positive = key(
        "Gaining speed at least so fast is harsh acceleration.", who=Who.TENANT, live=True
    )
    plausible_mps2: Positive = key(
        "No truck changes its speed faster: what seems to is the receiver's noise, or two devices.",
        who=Who.TENANT,
        live=True,
    )
    within_s: Positive = key(
        "Only speeds that are no farther apart say how fast; what is harsh for longer is told "
        "once.",
        who=Who.TENANT,
        live=True,
    )


class Harshness(msgspec.Struct, frozen=True, array_like=True):
    braked_ms: int = 0  # was harsh last
    accelerated_ms: int = 0


START = Harshness()


def step(now: Harshness, moment: Moment, around: Surroundings, facts: Facts) -> Harshness:
    rules, fix, before = around.rules.harshness, moment.fix, moment.before
    if before is None or before.speed_kmh is None or fix.speed_kmh is None:
        return now
    within_ms = rules.within_s * 1000.0
    if moment.elapsed_ms > within_ms:
        return now
    gained_kmh = fix.speed_kmh - before.speed_kmh
    mps2 = gained_mps2(gained_kmh, moment.elapsed_ms)
    if -rules.braking_mps2 < mps2 < rules.acceleration_mps2 or abs(mps2) > rules.plausible_mps2:
        return now
    last_ms = now.braked_ms if mps2 < 0 else now.accelerated_ms
    if fix.ts_ms - last_ms > within_ms:
        data = trips.place(fix) | {
            "from_kmh": round(before.speed_kmh, 1),
            "to_kmh": round(fix.speed_kmh, 1),
            "mps2": round(mps2, 1),
            "elapsed_ms": moment.elapsed_ms,
        }
        kind = "truck.harsh_braking" if mps2 < 0 else "truck.harsh_acceleration"
        facts.tell(kind, fix.ts_ms, data)
    if mps2 < 0:
        return replace(now, braked_ms=fix.ts_ms)
    return replace(now, accelerated_ms=fix.ts_ms)


def outlook(around: Surroundings, out: Outlook) -> None:
    rules = around.rules.harshness
    out.harsh_ms = rules.within_s * 1000.0
    out.plausible_mps2 = rules.plausible_mps2
    out.braking_mps2 = rules.braking_mps2
    out.acceleration_mps2 = rules.acceleration_mps2
