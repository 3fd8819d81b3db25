"""Trucks and legs as columns of numbers, in an order of their own, whatever order they came in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from freight.dispatch.reasons import Reason
from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import FreeTruck, WaitingLeg
from geo.point import FloatArray

Ints = npt.NDArray[np.int64]
MS_PER_MINUTE = 60_000.0
MINUTES_PER_HOUR = 60.0


class TruckTable(NamedTuple):
    """Unknown is NaN; places are points of the unit sphere, so that distances are cheap."""

    x: FloatArray  # where it is empty: now, or where it finishes
    y: FloatArray
    z: FloatArray
    home_x: FloatArray
    home_y: FloatArray
    home_z: FloatArray
    payload_kg: FloatArray
    free_ms: FloatArray
    papers_ms: FloatArray
    driver_minutes: FloatArray
    price_per_km: FloatArray
    dead_per_km: FloatArray
    fixed_cost: FloatArray  # of rating, fairness and being unfinished, one row each
    excluded: Ints  # by what is the same for every leg
    kind: Ints
    carrier: Ints
    barred: Ints


class LegTable(NamedTuple):
    x: FloatArray
    y: FloatArray
    z: FloatArray
    drop_x: FloatArray
    drop_y: FloatArray
    drop_z: FloatArray
    weight_kg: FloatArray
    from_ms: FloatArray
    to_ms: FloatArray
    trip_km: FloatArray
    trip_minutes: FloatArray
    price_max: FloatArray
    unassigned: Ints  # what leaving it costs
    need: Ints
    terms: Ints
    zones: Ints


class Numbered(NamedTuple):
    """Of which kind each truck and leg is, as numbers for the tables of `relations.py`."""

    kind: Ints
    carrier: Ints
    barred: Ints
    need: Ints
    terms: Ints
    zones: Ints


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Trucks in the order of their keys; a key or id that comes twice is refused."""

    trucks: tuple[FreeTruck, ...]

    @classmethod
    def of(cls, trucks: Iterable[FreeTruck]) -> Fleet:
        fleet = cls(tuple(sorted(trucks, key=lambda truck: truck.key)))
        if len(set(fleet.keys.tolist())) < len(fleet) or len(fleet.rows) < len(fleet):
            raise ValueError("a truck is in the fleet twice")
        return fleet

    def __len__(self) -> int:
        return len(self.trucks)

    @cached_property
    def keys(self) -> Ints:
        return np.fromiter((truck.key for truck in self.trucks), np.int64, len(self))

    @cached_property
    def rows(self) -> dict[str, int]:
        """By a truck's id."""
        return {truck.id: row for row, truck in enumerate(self.trucks)}

    @cached_property
    def places(self) -> tuple[FloatArray, FloatArray]:
        """Latitude and longitude where each one is or will be empty."""
        lat = _floats(self.trucks, lambda t: t.lat if t.free_lat is None else t.free_lat)
        lon = _floats(self.trucks, lambda t: t.lon if t.free_lon is None else t.free_lon)
        return lat, lon


def in_order(legs: Iterable[WaitingLeg]) -> tuple[WaitingLeg, ...]:
    """The most urgent first, then who has waited longest."""
    found = sorted(legs, key=lambda leg: (-leg.priority, leg.waiting_since_ms, leg.id))
    if len({leg.id for leg in found}) < len(found):
        raise ValueError("a leg is waiting twice")
    return tuple(found)


def truck_table(fleet: Fleet, numbered: Numbered, rules: DispatchRules, now_ms: int) -> TruckTable:
    trucks, costs = fleet.trucks, rules.costs
    free_ms = np.maximum(_floats(trucks, lambda t: t.free_at_ms), now_ms)
    free_ms = np.where(np.isnan(free_ms), now_ms, free_ms)
    classes = costs.dead_km_minor_of_class
    usual = costs.usual_minor_per_km
    x, y, z = unit(*fleet.places)
    home_lat, home_lon = (
        _floats(trucks, lambda t: t.home_lat),
        _floats(trucks, lambda t: t.home_lon),
    )
    home_x, home_y, home_z = unit(home_lat, home_lon)
    return TruckTable(
        x=x,
        y=y,
        z=z,
        home_x=home_x,
        home_y=home_y,
        home_z=home_z,
        payload_kg=_floats(trucks, lambda t: t.payload_kg),
        free_ms=free_ms,
        papers_ms=_floats(trucks, lambda t: t.papers_until_ms),
        driver_minutes=_floats(trucks, lambda t: t.driver_minutes_left),
        price_per_km=_floats(
            trucks, lambda t: usual if t.price_minor_per_km is None else t.price_minor_per_km
        ),
        dead_per_km=_floats(trucks, lambda t: classes.get(t.truck_class, costs.dead_km_minor)),
        fixed_cost=_fixed_costs(trucks, free_ms, rules, now_ms),
        excluded=_excluded(trucks, free_ms, rules, now_ms),
        kind=numbered.kind,
        carrier=numbered.carrier,
        barred=numbered.barred,
    )


def leg_table(
    legs: Sequence[WaitingLeg], numbered: Numbered, rules: DispatchRules, now_ms: int
) -> LegTable:
    matching = rules.matching
    km = _floats(legs, lambda leg: leg.trip_km)
    minutes = _floats(legs, lambda leg: leg.trip_minutes)
    usual_minutes = km / rules.travel.speed_kmh * MINUTES_PER_HOUR
    waited = (now_ms - _floats(legs, lambda leg: leg.waiting_since_ms)) / MS_PER_MINUTE
    unassigned = (
        matching.unassigned_minor
        + matching.unassigned_minor_per_priority * _floats(legs, lambda leg: leg.priority)
        + matching.unassigned_minor_per_minute * np.maximum(waited, 0.0)
    )
    return LegTable(
        *unit(_floats(legs, lambda leg: leg.lat), _floats(legs, lambda leg: leg.lon)),
        *unit(_floats(legs, lambda leg: leg.drop_lat), _floats(legs, lambda leg: leg.drop_lon)),
        weight_kg=_floats(legs, lambda leg: leg.weight_kg),
        from_ms=_floats(legs, lambda leg: leg.from_ms),
        to_ms=_floats(legs, lambda leg: leg.to_ms),
        trip_km=km,
        trip_minutes=np.where(np.isnan(minutes), usual_minutes, minutes),
        price_max=_floats(legs, lambda leg: leg.price_minor_max),
        unassigned=np.maximum(np.rint(unassigned), 0.0).astype(np.int64),
        need=numbered.need,
        terms=numbered.terms,
        zones=numbered.zones,
    )


def unit(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    phi, lam = np.radians(lat), np.radians(lon)
    return np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)


def _floats(rows: Sequence[Any], read: Callable[[Any], float | None]) -> FloatArray:
    """One column; None becomes NaN."""
    values = (np.nan if value is None else value for value in map(read, rows))
    return np.fromiter(values, np.float64, len(rows))


def _fixed_costs(
    trucks: Sequence[FreeTruck], free_ms: FloatArray, rules: DispatchRules, now_ms: int
) -> FloatArray:
    """The parts of a score that do not depend on the leg, in whole paise."""
    costs = rules.costs
    rating = _floats(trucks, lambda t: costs.rating_unknown if t.rating is None else t.rating)
    lacking = np.clip(costs.rating_best - rating, 0.0, None) * costs.rating_minor_per_point
    hours_ms = MINUTES_PER_HOUR * MS_PER_MINUTE
    waited = (now_ms - _floats(trucks, lambda t: t.last_load_ms)) / hours_ms
    waited = np.where(np.isnan(waited), costs.fairness_hours_max, np.maximum(waited, 0.0))
    unfair = np.clip(costs.fairness_hours_max - waited, 0.0, None) * costs.fairness_minor_per_hour
    unfinished = (free_ms - now_ms) / hours_ms * costs.unfinished_minor_per_hour
    return np.rint(np.stack([lacking, unfair, unfinished], axis=1))


def _excluded(
    trucks: Sequence[FreeTruck], free_ms: FloatArray, rules: DispatchRules, now_ms: int
) -> Ints:
    seen_ms = _floats(trucks, lambda t: t.seen_ms)
    soonest = rules.constraints
    stale = now_ms - seen_ms > soonest.position_age_s_max * 1000.0
    late = free_ms - now_ms > soonest.free_within_minutes_max * MS_PER_MINUTE
    rows = len(trucks)
    mask = np.where(stale, Reason.STALE.bit, 0) | np.where(late, Reason.FREE_TOO_LATE.bit, 0)
    for reason, good in (
        (Reason.OFFLINE, (truck.online for truck in trucks)),
        (Reason.UNAVAILABLE, (truck.available for truck in trucks)),
        (Reason.NOT_CLEARED, (truck.cleared for truck in trucks)),
        (Reason.PROMISED, (not truck.promised for truck in trucks)),
    ):
        mask |= np.where(np.fromiter(good, np.bool_, rows), 0, reason.bit)
    return mask.astype(np.int64)
