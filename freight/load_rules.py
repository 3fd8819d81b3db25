"""How large a load may be, and the words that describe one: what a tenant carries at all."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key

Count = Annotated[int, Field(gt=0)]
# Cards, factors and exclusions name these words, so they look alike everywhere.
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class LoadRules(Rules):
    stops_max: Annotated[int, Field(ge=2)] = key(
        "Stops of one load, pickups and drops together.", who=Who.OPERATOR, live=True
    )
    weight_t_max: Count = key("A load may weigh as much.", who=Who.TENANT, live=True)
    volume_m3_max: Count = key("A load may take as much room.", who=Who.TENANT, live=True)
    materials: frozenset[Word] = key(
        "Materials that are carried; others are refused. Empty: any.", who=Who.TENANT, live=True
    )
    bodies: frozenset[Word] = key(
        "Bodies of trucks that may be asked for. Empty: any.", who=Who.TENANT, live=True
    )
    handling: frozenset[Word] = key(
        "Needs in handling that are known. Empty: any.", who=Who.TENANT, live=True
    )
