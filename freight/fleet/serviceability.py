"""Whether a truck, its driver and its carrier may take a load at all, and if not, every reason."""

from __future__ import annotations

from datetime import date

import msgspec

from freight.fleet.kyc import KycState, standing_faults
from freight.fleet.papers import PapersHeld, faults, needed_until
from freight.fleet.reasons import Reason
from freight.fleet.rules import FleetRules
from freight.fleet.zones import Passage, entry_faults, stop_faults
from freight.load import StopKind
from freight.tracking.fences import Fence

HAZARDOUS = "hazardous"


class StopZones(msgspec.Struct, frozen=True):
    """A stop and the fences that it lies in."""

    stop: str
    kind: StopKind
    fences: tuple[Fence, ...] = ()


class Trip(msgspec.Struct, frozen=True):
    """One truck's share of a load, and when and where it is expected to be driven."""

    weight_kg: int
    departs_ms: int
    delivered_ms: int
    truck_class: str | None = None  # None: any
    body: str | None = None
    handling: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()  # that its stops lie in, so far as known
    stops: tuple[StopZones, ...] = ()
    passages: tuple[Passage, ...] = ()


class TruckFacts(msgspec.Struct, frozen=True):
    truck_class: str | None
    body: str | None
    payload_kg: int | None  # as freight.fleet.classes.payload_kg says
    papers: PapersHeld = PapersHeld()


class DriverFacts(msgspec.Struct, frozen=True):
    licence_until: date | None = None
    hazardous_until: date | None = None


class CarrierStanding(msgspec.Struct, frozen=True):
    state: KycState
    documents_until: date | None = None  # of those whose end counts


def check(
    trip: Trip,
    truck: TruckFacts,
    driver: DriverFacts | None,
    carrier: CarrierStanding | None,
    rules: FleetRules,
) -> list[Reason]:
    """Empty: it may. `driver` None: nobody drives it yet; `carrier` None: it is our own."""
    until = needed_until(trip.delivered_ms, rules.papers)
    found = [
        reason
        for each in trip.stops
        for reason in stop_faults(each.stop, each.kind, each.fences, rules.zones)
    ]
    found += entry_faults(trip.passages, truck.truck_class, trip.departs_ms)
    found += fit_faults(trip, truck)
    found += faults(truck.papers, rules.papers, until, trip.states)
    found += driver_faults(trip, driver, until)
    if carrier is not None:
        found += standing_faults(carrier.state, carrier.documents_until, rules.kyc, until)
    return found


def fit_faults(trip: Trip, truck: TruckFacts) -> list[Reason]:
    """Why the load does not go onto this truck."""
    found = []
    if trip.truck_class is not None and truck.truck_class != trip.truck_class:
        what = truck.truck_class or "of no class that is known"
        found.append(Reason("truck.class", f"it is {what}, not {trip.truck_class}"))
    if trip.body is not None and truck.body is not None and truck.body != trip.body:
        found.append(Reason("truck.body", f"its body is {truck.body}, not {trip.body}"))
    if truck.payload_kg is None:
        found.append(Reason("weight.unknown", "nobody knows what it may carry"))
    elif trip.weight_kg > truck.payload_kg:
        detail = f"{trip.weight_kg} kg is more than the {truck.payload_kg} kg it may carry"
        found.append(Reason("weight.over", detail))
    return found


def driver_faults(trip: Trip, driver: DriverFacts | None, until: date) -> list[Reason]:
    needs_endorsement = HAZARDOUS in trip.handling
    if driver is None:
        if not needs_endorsement:
            return []
        detail = "dangerous goods need a driver with an endorsement"
        return [Reason("driver.hazardous", detail)]
    found = []
    licence, endorsed = driver.licence_until, driver.hazardous_until
    if licence is not None and licence < until:
        found.append(Reason("driver.licence_expired", f"the licence ends on {licence}"))
    if needs_endorsement and endorsed is None:
        found.append(Reason("driver.hazardous", "has no endorsement for dangerous goods"))
    elif needs_endorsement and endorsed is not None and endorsed < until:
        found.append(Reason("driver.hazardous", f"the endorsement ends on {endorsed}"))
    return found
