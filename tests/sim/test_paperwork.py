"""The fleet's papers and drivers are made up, the same each time, and a few have expired."""

from __future__ import annotations

from datetime import date

from config.policy import policy
from freight.fleet.identifiers import gstin_fault, ifsc_fault, pan_fault, pan_in
from sim.fleet import CLASSES, fleet
from sim.paperwork import CARRIER, driver_of, papers_of

RULES = policy().simulation.market.paperwork
TODAY = date(2026, 11, 21)
TRUCKS = fleet(300)


def test_each_class_and_body_is_known_to_the_product() -> None:
    table = policy().fleet.classes.by_code()

    for each in CLASSES:
        known = table[each.name]
        assert known.payload_kg_min <= each.payload_kg <= known.payload_kg_max
        assert set(each.bodies) <= set(known.bodies)
    assert all(truck.body in truck.truck_class.bodies for truck in TRUCKS)


def test_a_share_of_the_trucks_has_one_paper_that_expired() -> None:
    expired = [
        sum(paper["valid_until"] < TODAY.isoformat() for paper in papers.values())
        for papers in (papers_of(truck, RULES, TODAY) for truck in TRUCKS)
    ]

    assert set(expired) == {0, 1}
    assert 5 <= sum(expired) <= 40
    assert papers_of(TRUCKS[0], RULES, TODAY).keys() == set(RULES.papers)
    assert papers_of(TRUCKS[0], RULES, TODAY) == papers_of(TRUCKS[0], RULES, TODAY)


def test_each_truck_has_a_driver_of_its_own() -> None:
    drivers = [driver_of(truck, TODAY) for truck in TRUCKS]

    assert len({driver["id"] for driver in drivers}) == len(TRUCKS)
    assert all(driver["licence_valid_until"] > TODAY.isoformat() for driver in drivers)
    assert {driver["truck"] for driver in drivers} == {truck.id for truck in TRUCKS}


def test_the_carrier_can_be_verified() -> None:
    assert gstin_fault(CARRIER["gstin"]) is None
    assert pan_fault(CARRIER["pan"]) is None
    assert ifsc_fault(CARRIER["ifsc"]) is None
    assert pan_in(CARRIER["gstin"]) == CARRIER["pan"]
