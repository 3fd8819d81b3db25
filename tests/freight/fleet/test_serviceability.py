"""Whether a truck and its driver may take a load, and every reason why not."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from config.policy import defaults
from freight.fleet.kyc import KycState
from freight.fleet.papers import PaperKind, PapersHeld
from freight.fleet.serviceability import (
    CarrierStanding,
    DriverFacts,
    StopZones,
    Trip,
    TruckFacts,
    check,
)
from freight.load import StopKind
from freight.tracking.fences import Fence

RULES = defaults().fleet
DAY_MS = 86_400_000
DEPARTS_MS = 1_795_869_000_000  # 2026-11-28, in the afternoon in India
TRIP = Trip(
    weight_kg=12_000,
    departs_ms=DEPARTS_MS,
    delivered_ms=DEPARTS_MS + DAY_MS,
    truck_class="OPEN_10W",
    body="open",
)
TRUCK = TruckFacts("OPEN_10W", "open", 16_000)
DRIVER = DriverFacts(licence_until=date(2030, 1, 1))
GOOD = CarrierStanding(KycState.VERIFIED)
SOON = date(2026, 11, 29)  # less than twelve hours beyond the delivery


def test_all_is_well() -> None:
    assert check(TRIP, TRUCK, DRIVER, GOOD, RULES) == []
    assert check(TRIP, TRUCK, None, None, RULES) == []


HAZARDOUS = {"handling": frozenset({"hazardous"})}
TROUBLE = [
    (TRIP, {"truck_class": "TRL_18W"}, {}, ["truck.class"]),
    (TRIP, {"truck_class": None}, {}, ["truck.class"]),
    (TRIP, {"body": "tipper"}, {}, ["truck.body"]),
    # Nobody said what body it has.
    (TRIP, {"body": None}, {}, []),
    (TRIP, {"payload_kg": 11_999}, {}, ["weight.over"]),
    (TRIP, {"payload_kg": 12_000}, {}, []),
    (TRIP, {"payload_kg": None}, {}, ["weight.unknown"]),
    (
        TRIP,
        {"papers": PapersHeld(frozenset({PaperKind.PUC}), PaperKind.PUC, SOON)},
        {},
        ["papers.expired"],
    ),
    (TRIP, {}, {"licence_until": SOON}, ["driver.licence_expired"]),
    (replace(TRIP, **HAZARDOUS), {}, {}, ["driver.hazardous"]),
    (replace(TRIP, **HAZARDOUS), {}, {"hazardous_until": SOON}, ["driver.hazardous"]),
    (replace(TRIP, **HAZARDOUS), {}, {"hazardous_until": date(2027, 1, 1)}, []),
    (
        replace(TRIP, truck_class=None, body=None),
        {"truck_class": None, "body": "tipper", "payload_kg": 1},
        {"licence_until": SOON},
        ["weight.over", "driver.licence_expired"],
    ),
]


@pytest.mark.parametrize(("trip", "truck", "driver", "codes"), TROUBLE)
def test_every_reason_is_told(
    trip: Trip, truck: dict[str, object], driver: dict[str, object], codes: list[str]
) -> None:
    found = check(trip, replace(TRUCK, **truck), replace(DRIVER, **driver), GOOD, RULES)

    assert [reason.code for reason in found] == codes


def test_dangerous_goods_wait_for_a_driver() -> None:
    found = check(replace(TRIP, **HAZARDOUS), TRUCK, None, GOOD, RULES)

    assert [reason.code for reason in found] == ["driver.hazardous"]


def test_a_carrier_that_is_suspended_drives_nothing() -> None:
    found = check(TRIP, TRUCK, DRIVER, CarrierStanding(KycState.SUSPENDED, SOON), RULES)

    assert [reason.code for reason in found] == ["carrier.kyc", "carrier.document_expired"]


def test_stops_must_lie_where_loads_are_taken() -> None:
    zones = RULES.zones.model_copy(update={"closed_kinds": frozenset({"danger"})})
    rules = RULES.model_copy(update={"zones": zones})
    pit = Fence(1, 1, "pit", "The pit", "danger", 1, 0)
    trip = replace(TRIP, stops=(StopZones("S1", StopKind.PICKUP, (pit,)),))

    (reason,) = check(trip, TRUCK, DRIVER, GOOD, rules)

    assert (reason.code, reason.about) == ("zone.closed", "S1")
