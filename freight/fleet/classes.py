"""Classes of trucks as the market calls them, and what the law lets each weigh."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from freight.dated import Dated
from freight.load_rules import Word
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(gt=0)]
KG_PER_TONNE = 1000
Span = tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]  # least, most


class TruckClass(Rules):
    """What is usual in a class; what one truck may carry stands in its own papers."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    name: str
    payload_kg_min: Count
    payload_kg_max: Count
    wheels: tuple[Count, ...]
    body_ft: tuple[Count, Count] | None = None  # shortest, longest
    bodies: frozenset[Word]
    km_per_l: Span
    # Front to rear, each by its name among the legal weights; of the one with most wheels.
    axles: tuple[str, ...]
    articulated: bool = False

    @model_validator(mode="after")
    def _least_is_not_above_most(self) -> TruckClass:
        if self.payload_kg_min > self.payload_kg_max or self.km_per_l[0] > self.km_per_l[1]:
            raise ValueError("the least is more than the most")
        return self


class LegalWeights(Rules):
    """Safe axle weights, and the caps on a whole vehicle, laden."""

    axle_kg: dict[str, Count]
    # Of a rigid truck on so many wheels, where it is less than its axles together.
    rigid_kg_by_wheels: dict[int, Count]
    rigid_kg_max: Count
    articulated_kg_max: Count


class ClassRules(Rules):
    table: tuple[TruckClass, ...] = key("The classes there are.", who=Who.TENANT, live=True)
    legal_weights: Dated[LegalWeights] = key(
        "What the law lets axles and whole vehicles weigh; dated.", live=True
    )

    @model_validator(mode="after")
    def _codes_and_axles_are_known(self) -> ClassRules:
        codes = [one.code for one in self.table]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"two classes are called {twice[0]}")
        for row in self.legal_weights.root:
            for one in self.table:
                unknown = [name for name in one.axles if name not in row.value.axle_kg]
                if unknown:
                    raise ValueError(f"no legal weight for an axle called {unknown[0]}")
        return self

    def by_code(self) -> dict[str, TruckClass]:
        return {one.code: one for one in self.table}


def legal_gross_kg(of: TruckClass, law: LegalWeights) -> int:
    """What one of this class may weigh with its load, whatever its papers claim."""
    axles_kg = sum(law.axle_kg[name] for name in of.axles)
    if of.articulated:
        return min(axles_kg, law.articulated_kg_max)
    by_wheels_kg = law.rigid_kg_by_wheels.get(max(of.wheels), axles_kg)
    return min(axles_kg, by_wheels_kg, law.rigid_kg_max)


def payload_kg(
    of: TruckClass | None,
    *,
    rc_payload_kg: int | None,
    rc_gvw_kg: int | None,
    capacity_t: float | None,
    law: LegalWeights,
) -> int | None:
    """What a truck may carry: as its RC says, and never more than leaves it legal on its axles.

    Without an RC what its owner says, without that the least of its class; None: nobody knows.
    """
    if rc_payload_kg is not None:
        carries_kg = rc_payload_kg
    elif capacity_t is not None:
        carries_kg = round(capacity_t * KG_PER_TONNE)
    elif of is not None:
        carries_kg = of.payload_kg_min
    else:
        return None
    if of is None or rc_gvw_kg is None:
        return carries_kg
    over_kg = rc_gvw_kg - legal_gross_kg(of, law)
    return max(carries_kg - max(over_kg, 0), 0)
