"""Which share of a load each truck carries: the split, and why legs are never merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import msgspec

from freight.booking.events import LegPlan
from freight.load import Load, Stop
from freight.refusal import Refusal


class Part(msgspec.Struct, frozen=True):
    """So much of the load, and the smallest of the given capacities that takes it."""

    weight_kg: int
    capacity_kg: int


def proposed(weight_kg: int, capacities_kg: Iterable[int]) -> list[Part]:
    """As few trucks as can be, all but the last full, each no larger than it must be."""
    sizes = sorted({size for size in capacities_kg if size > 0})
    if not sizes:
        raise Refusal("no_capacity", "no truck is allowed for this load")
    largest = sizes[-1]
    full, rest = divmod(weight_kg, largest)
    parts = [Part(largest, largest)] * full
    if rest:
        parts.append(Part(rest, next(size for size in sizes if size >= rest)))
    return parts


def plans(load: Load, weights_kg: Sequence[int], ids: Sequence[str]) -> tuple[LegPlan, ...]:
    """What is picked up first is dropped first, so every leg has its pickups before its drops."""
    bounds = list(accumulate(weights_kg, initial=0))
    return tuple(
        LegPlan(leg_id, until - since, shares(load, since, until))
        for leg_id, (since, until) in zip(ids, pairwise(bounds), strict=True)
    )


def shares(load: Load, since_kg: int, until_kg: int) -> dict[str, int]:
    """Of each stop what lies between two marks on the load as it is picked up and put down."""
    return _overlaps(load.pickups, since_kg, until_kg) | _overlaps(load.drops, since_kg, until_kg)


def _overlaps(stops: Iterable[Stop], since_kg: int, until_kg: int) -> dict[str, int]:
    found: dict[str, int] = {}
    begin = 0
    for stop in stops:
        end = begin + stop.weight_kg
        share = min(end, until_kg) - max(begin, since_kg)
        if share > 0:
            found[stop.id] = share
        begin = end
    return found


def leg_id(number: int) -> str:
    return f"L{number}"
