"""What a halt means: by the kinds of the fences that the truck stands in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from freight.rules import Rules, Who, key

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings


class Halt(StrEnum):
    FUEL = "fuel"
    TOLL = "toll"
    PLACE = "place"  # a place that somebody has drawn, for loading, unloading, parking
    UNKNOWN = "unknown"


class HaltRules(Rules):
    """Which kinds of fences say what a halt is for."""

    fuel_kinds: tuple[str, ...] = key(
        "Who stands in a fence of such a kind takes fuel.", who=Who.TENANT, live=True
    )
    toll_kinds: tuple[str, ...] = key(
        "Who stands in a fence of such a kind waits at a toll plaza.", who=Who.TENANT, live=True
    )
    place_kinds: tuple[str, ...] = key(
        "Who stands in a fence of such a kind is at a known place.", who=Who.TENANT, live=True
    )


def meaning(inside: frozenset[int], around: Surroundings) -> tuple[Halt, str | None]:
    """What the halt is for, and the id of the fence that says so."""
    rules = around.rules.halts
    fences = [fence for number in inside if (fence := around.fences.get(number)) is not None]
    fences.sort(key=lambda fence: fence.id)
    for halt, kinds in (
        (Halt.FUEL, rules.fuel_kinds),
        (Halt.TOLL, rules.toll_kinds),
        (Halt.PLACE, rules.place_kinds),
    ):
        for fence in fences:
            if fence.kind in kinds:
                return halt, fence.id
    return Halt.UNKNOWN, None
