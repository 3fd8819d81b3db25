"""How a booking begins: a load that adds up, in legs that trucks can carry."""

from __future__ import annotations

from typing import Any

from freight.booking import legs
from freight.booking.commands import Create
from freight.booking.events import Created, LegPlan
from freight.booking.rules import BookingRules
from freight.booking.state import Term, TermKind
from freight.load import Load, StopKind
from freight.refusal import Refusal

WHOLE_BP = 10_000  # basis points in a whole


def created(command: Create, rules: BookingRules, stamp: dict[str, Any]) -> Created:
    must_add_up(command.load)
    must_fit(command.references, command.documents, rules)
    if command.declared_value_minor is not None and command.declared_value_minor <= 0:
        raise Refusal("invalid_declared_value", "a declared value is above zero")
    weights_kg = command.legs_kg or (command.load.weight_kg,)
    return Created(
        id=command.id,
        shipper=command.shipper,
        load=command.load,
        legs=planned(command.load, weights_kg, rules),
        terms=whole(command.terms),
        price=command.price,
        references=command.references,
        documents=command.documents,
        declared_value_minor=command.declared_value_minor,
        **stamp,
    )


def planned(load: Load, weights_kg: tuple[int, ...], rules: BookingRules) -> tuple[LegPlan, ...]:
    if sum(weights_kg) != load.weight_kg or min(weights_kg) <= 0:
        raise Refusal("invalid_legs", "the legs' weights must be above zero and make up the load's")
    must_be_carriable(weights_kg, len(weights_kg), rules)
    ids = [legs.leg_id(number) for number in range(1, len(weights_kg) + 1)]
    return legs.plans(load, weights_kg, ids)


def must_be_carriable(weights_kg: tuple[int, ...], legs_count: int, rules: BookingRules) -> None:
    if max(weights_kg) > rules.leg_kg_max:
        says = f"{max(weights_kg)} kg are more than a truck takes ({rules.leg_kg_max} kg): split it"
        raise Refusal("too_heavy", says)
    if legs_count > rules.legs_max:
        says = f"{legs_count} trucks are more than a booking may have ({rules.legs_max})"
        raise Refusal("too_many_legs", says)


def must_fit(references: dict[str, str], documents: tuple[str, ...], rules: BookingRules) -> None:
    if max(len(references), len(documents)) > rules.references_max:
        says = f"at most {rules.references_max} references and as many documents"
        raise Refusal("invalid_references", says)


def must_add_up(load: Load) -> None:
    """Everything that is dropped was picked up before, and nothing stays aboard."""
    ids = [stop.id for stop in load.stops]
    if len(set(ids)) != len(ids):
        raise Refusal("invalid_load", "two stops have the same id")
    aboard = picked = 0
    for stop in load.stops:
        if stop.weight_kg <= 0:
            raise Refusal("invalid_load", f"stop {stop.id} moves nothing")
        if stop.kind is StopKind.PICKUP:
            aboard, picked = aboard + stop.weight_kg, picked + stop.weight_kg
        else:
            aboard -= stop.weight_kg
        if aboard < 0:
            raise Refusal("invalid_load", f"more is dropped at {stop.id} than is aboard by then")
    if aboard or not picked or picked != load.weight_kg:
        says = "pickups and drops must both make up the weight of the load"
        raise Refusal("invalid_load", says)


def whole(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    if not terms:
        return (Term(TermKind.BALANCE, WHOLE_BP),)
    if sum(term.share_bp for term in terms) != WHOLE_BP or min(t.share_bp for t in terms) <= 0:
        raise Refusal("invalid_terms", "the shares of the terms must be above zero and make 100 %")
    for term in terms:
        if (term.credit_days is not None) != (term.kind is TermKind.CREDIT):
            raise Refusal("invalid_terms", "credit, and only credit, says its days")
    return terms
