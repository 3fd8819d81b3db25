"""Weighs pairs of a leg and a truck: by what it is excluded, or what it costs part by part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from freight.dispatch.candidates import Near
from freight.dispatch.columns import Ints, LegTable, TruckTable
from freight.dispatch.reasons import Part, Reason
from freight.dispatch.relations import Relations
from freight.dispatch.rules import DispatchRules
from geo.compiled import compiled
from geo.point import EARTH_RADIUS_M

EXCLUDED = 1 << 62  # the cost of a pair that cannot be
PARTS = len(Part)

_DIAMETER_KM = 2.0 * EARTH_RADIUS_M / 1000.0
_MS_PER_MINUTE = 60_000.0
_MS_PER_HOUR = 3_600_000.0
_CAPACITY = Reason.CAPACITY.bit
_PRICE = Reason.PRICE.bit
_TOO_LATE = Reason.TOO_LATE.bit
_PAPERS = Reason.PAPERS.bit
_DRIVER_HOURS = Reason.DRIVER_HOURS.bit
_DEAD_KM, _LATE, _EARLY = Part.DEAD_KM.value, Part.LATE.value, Part.EARLY.value
_HOME, _PRICE_PART, _CHANGE = Part.HOME.value, Part.PRICE.value, Part.CHANGE.value
_RATING, _FAIRNESS, _UNFINISHED = (
    Part.RATING.value,
    Part.FAIRNESS.value,
    Part.UNFINISHED.value,
)


class Rates(NamedTuple):
    """What of the rules a pair is weighed by."""

    road_factor: float
    ms_per_km: float
    loading_ms: float
    late_ms_max: float
    papers_margin_ms: float
    papers_unknown: int  # the reason that excludes, or 0
    trip_minutes_max: float
    hours_unknown: int
    late_per_minute: float
    early_per_minute: float
    home_per_km: float
    home_km_max: float
    price_share: float
    change: float


def rates(rules: DispatchRules) -> Rates:
    limits, costs, travel = rules.constraints, rules.costs, rules.travel
    return Rates(
        road_factor=travel.road_factor,
        ms_per_km=_MS_PER_HOUR / travel.speed_kmh,
        loading_ms=travel.loading_minutes * _MS_PER_MINUTE,
        late_ms_max=limits.late_minutes_max * _MS_PER_MINUTE,
        papers_margin_ms=limits.papers_margin_minutes * _MS_PER_MINUTE,
        papers_unknown=0 if limits.allow_unknown_papers else _PAPERS,
        trip_minutes_max=float(limits.driver_trip_minutes_max),
        hours_unknown=0 if limits.allow_unknown_hours else _DRIVER_HOURS,
        late_per_minute=float(costs.late_minor_per_minute),
        early_per_minute=float(costs.early_minor_per_minute),
        home_per_km=float(costs.home_minor_per_km),
        home_km_max=costs.home_km_max,
        price_share=costs.price_percentage / 100.0,
        change=float(rules.replan.change_minor),
    )


@compiled
def _way_km(  # noqa: PLR0917 - two points, as plain numbers
    ax: float, ay: float, az: float, bx: float, by: float, bz: float
) -> float:
    """The straight way between two points of the unit sphere."""
    chord = np.sqrt((ax - bx) ** 2 + (ay - by) ** 2 + (az - bz) ** 2)
    return float(_DIAMETER_KM * np.arcsin(min(0.5 * chord, 1.0)))


@compiled
def _fits(  # noqa: PLR0917 - compiled code knows no objects of ours
    leg: int,
    truck: int,
    dead_km: float,
    eta_ms: float,
    legs: LegTable,
    trucks: TruckTable,
    by: Rates,
) -> int:
    """What excludes this pair besides the kinds of both."""
    mask = 0
    if legs.weight_kg[leg] > trucks.payload_kg[truck]:
        mask |= _CAPACITY
    if _price(leg, truck, legs, trucks) > legs.price_max[leg]:
        mask |= _PRICE
    # An open end of a window is NaN, and nothing is more or less than NaN.
    if eta_ms - legs.to_ms[leg] > by.late_ms_max:
        mask |= _TOO_LATE
    begin_ms = eta_ms
    if legs.from_ms[leg] > eta_ms:
        begin_ms = legs.from_ms[leg]
    trip_minutes = legs.trip_minutes[leg]
    delivered_ms = begin_ms + by.loading_ms + trip_minutes * _MS_PER_MINUTE
    if np.isnan(trucks.papers_ms[truck]):
        mask |= by.papers_unknown
    elif trucks.papers_ms[truck] < delivered_ms + by.papers_margin_ms:
        mask |= _PAPERS
    asked = dead_km * by.ms_per_km / _MS_PER_MINUTE + min(trip_minutes, by.trip_minutes_max)
    if np.isnan(trucks.driver_minutes[truck]):
        mask |= by.hours_unknown
    elif trucks.driver_minutes[truck] < asked:
        mask |= _DRIVER_HOURS
    return mask


@compiled
def _price(leg: int, truck: int, legs: LegTable, trucks: TruckTable) -> float:
    return float(np.rint(trucks.price_per_km[truck] * legs.trip_km[leg]))


@compiled
def _homeward_km(leg: int, truck: int, legs: LegTable, trucks: TruckTable) -> float:
    """By how much the drop is farther from home; 0 where the truck has none."""
    x, y, z = trucks.home_x[truck], trucks.home_y[truck], trucks.home_z[truck]
    if np.isnan(x):
        return 0.0
    after = _way_km(legs.drop_x[leg], legs.drop_y[leg], legs.drop_z[leg], x, y, z)
    return after - _way_km(trucks.x[truck], trucks.y[truck], trucks.z[truck], x, y, z)


@compiled
def _parts(  # noqa: PLR0917 - compiled code knows no objects of ours
    leg: int,
    truck: int,
    dead_km: float,
    eta_ms: float,
    legs: LegTable,
    trucks: TruckTable,
    ties: Relations,
    by: Rates,
    out: Ints,
) -> None:
    """What the pair costs, part by part, then the metres of the empty way and the arrival."""
    late_minutes = (eta_ms - legs.to_ms[leg]) / _MS_PER_MINUTE
    early_minutes = (legs.from_ms[leg] - eta_ms) / _MS_PER_MINUTE
    late = late_minutes * by.late_per_minute if late_minutes > 0.0 else 0.0
    early = early_minutes * by.early_per_minute if early_minutes > 0.0 else 0.0
    home_km = max(-by.home_km_max, min(by.home_km_max, _homeward_km(leg, truck, legs, trucks)))
    stands = ties.standing[leg]
    out[_DEAD_KM] = int(np.rint(dead_km * trucks.dead_per_km[truck]))
    out[_LATE] = int(np.rint(late))
    out[_EARLY] = int(np.rint(early))
    out[_RATING] = int(trucks.fixed_cost[truck, 0])
    out[_FAIRNESS] = int(trucks.fixed_cost[truck, 1])
    out[_HOME] = int(np.rint(home_km * by.home_per_km))
    out[_PRICE_PART] = int(np.rint(_price(leg, truck, legs, trucks) * by.price_share))
    out[_UNFINISHED] = int(trucks.fixed_cost[truck, 2])
    out[_CHANGE] = int(by.change) if stands >= 0 and stands != truck else 0
    out[PARTS] = int(np.rint(dead_km * 1000.0))
    out[PARTS + 1] = int(eta_ms)


@compiled
def _weigh_all(  # noqa: PLR0917 - compiled code knows no objects of ours
    first: int,
    start: Ints,
    near: Ints,
    legs: LegTable,
    trucks: TruckTable,
    ties: Relations,
    by: Rates,
    mask: Ints,
    cost: Ints,
    scores: Ints,
) -> None:
    """Into `mask` and `cost`; and all parts into `scores`, where it has room for each pair."""
    row = np.empty(PARTS + 2, dtype=np.int64)
    for n in range(len(start) - 1):
        leg = first + n
        note, notes_end = ties.note_start[leg], ties.note_start[leg + 1]
        for pair in range(start[n], start[n + 1]):
            truck = near[pair]
            while note < notes_end and ties.note_truck[note] < truck:
                note += 1
            dead_km = np.nan
            excluded = (
                trucks.excluded[truck]
                | ties.need_kind[legs.need[leg], trucks.kind[truck]]
                | ties.terms_carrier[legs.terms[leg], trucks.carrier[truck]]
                | ties.zones_barred[legs.zones[leg], trucks.barred[truck]]
            )
            if note < notes_end and ties.note_truck[note] == truck:
                dead_km = ties.note_km[note]
                excluded |= ties.note_reason[note]
            if np.isnan(dead_km):
                dead_km = by.road_factor * _way_km(
                    trucks.x[truck],
                    trucks.y[truck],
                    trucks.z[truck],
                    legs.x[leg],
                    legs.y[leg],
                    legs.z[leg],
                )
            eta_ms = np.rint(trucks.free_ms[truck] + dead_km * by.ms_per_km)
            excluded |= _fits(leg, truck, dead_km, eta_ms, legs, trucks, by)
            mask[pair] = excluded
            cost[pair] = EXCLUDED
            if excluded == 0:
                _parts(leg, truck, dead_km, eta_ms, legs, trucks, ties, by, row)
                cost[pair] = row[:PARTS].sum()
                if len(scores):
                    scores[pair] = row


class World(NamedTuple):
    """All that pairs are weighed by, at one moment."""

    legs: LegTable
    trucks: TruckTable
    ties: Relations
    by: Rates


def weigh(world: World, near: Near) -> tuple[Ints, Ints]:
    """Of each pair: what excludes it, as a mask, and its cost; EXCLUDED where something does."""
    count = len(near.trucks)
    mask, cost = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    _run(world, near, mask, cost, np.empty((0, PARTS + 2), dtype=np.int64))
    return mask, cost


def score(world: World, near: Near) -> Ints:
    """Of each pair, which must be a candidate: its parts, metres of empty way, and arrival."""
    count = len(near.trucks)
    mask, cost = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    scores = np.empty((count, PARTS + 2), dtype=np.int64)
    _run(world, near, mask, cost, scores)
    return scores


def _run(world: World, near: Near, mask: Ints, cost: Ints, scores: Ints) -> None:
    first, start, found = near
    legs, trucks, ties, by = world
    _weigh_all(first, start, found, legs, trucks, ties, by, mask, cost, scores)
