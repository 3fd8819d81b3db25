"""Which consignments must have an e-way bill, and which bills need name no vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from freight.eway.rules import Law


@dataclass(frozen=True, slots=True)
class Need:
    is_needed: bool
    above_minor: int  # the value that decides
    why: str


def need_of(value_minor: int, from_state: str, to_state: str, day: date, law: Law) -> Need:
    """By value, tax included; a state may have a limit of its own for ways inside it."""
    rule = law.thresholds.at(day)
    inside = from_state == to_state
    above = rule.inside_state_minor.get(from_state, rule.value_minor) if inside else None
    above = rule.value_minor if above is None else above
    where = f"inside state {from_state}" if inside else "between states"
    if value_minor > above:
        return Need(True, above, f"its value is above what may go without one {where}")
    return Need(False, above, f"its value is not above what may go without one {where}")


def needs_vehicle(distance_km: int, from_state: str, to_state: str, day: date, law: Law) -> bool:
    """A short way to the transporter inside a state needs no Part B."""
    return from_state != to_state or distance_km > law.limits.at(day).part_b_free_km
