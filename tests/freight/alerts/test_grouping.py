"""Several trucks at one place are one alert, and which alerts are told apart."""

from __future__ import annotations

from typing import Any

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind
from freight.alerts.sorting import covered_by
from tests.freight.alerts.telling import RULES, T0, Told, moved, rules_with, stopped

GROUP = "several_trucks"
STOP = "long_stoppage"


def crowd(count: int = 3) -> Told:
    told = Told()
    for nr in range(count):
        told.tell(nr * 60 + 1, stopped(nr * 60, f"T{nr}", lat=20.0 + nr * 0.002))
    return told


def test_three_trucks_at_one_place_are_one_alert_and_no_more() -> None:
    told = crowd().wait(120 + 1199)
    assert told.states(GROUP) == ["pending"]
    (alert,) = told.wait(120 + 1200).of(GROUP)
    assert (alert.state, alert.count, alert.subject) == ("raised", 3, "tenants/acme")
    assert told.wait(4 * 3600).states(STOP) == ["pending"] * 3
    assert {one.covered_by for one in told.of(STOP)} == {alert.id}


def test_two_are_no_crowd() -> None:
    told = crowd(2).wait(3 * 3600)
    assert told.states(GROUP) == ["pending"]
    assert told.states(STOP) == ["raised", "raised"]


def test_whoever_stays_behind_is_told_of_by_himself() -> None:
    told = crowd().wait(6000)
    told.tell(6000, moved(5900, "T0"), moved(5900, "T1"))
    assert told.wait(6600).states(GROUP) == ["resolved"]
    assert told.wait(9000).states(STOP) == ["lapsed", "lapsed", "raised"]


def test_one_place_has_no_borders() -> None:
    """Wherever the trucks stand to each other's north and east, within reach they are together."""
    for nr in range(40):
        at: dict[str, Any] = {"lat": 20.0 + nr * 0.0011, "lon": 77.0 + nr * 0.0013}
        told = Told()
        told.tell(1, stopped(0, "T1", **at))
        told.tell(2, stopped(1, "T2", lat=at["lat"] + 0.003, lon=at["lon"]))
        told.tell(3, stopped(2, "T3", lat=at["lat"], lon=at["lon"] - 0.003))
        assert len(told.of(GROUP)) == 1
    told.tell(4, stopped(3, "T4", lat=at["lat"] + 0.006, lon=at["lon"]))
    assert len(told.of(GROUP)) == 2


def test_the_key_of_an_alert_is_what_the_rule_says() -> None:
    around = Circumstances(is_on_trip=True, booking="B1")
    by_booking = Told(rules_with(long_stoppage={"dedup": ["booking"]}), around)
    by_booking.tell(1, stopped(0, "T1"), stopped(0, "T2", lat=21.0)).wait(5400)
    (alert,) = by_booking.of(STOP)
    assert (alert.count, len(alert.on)) == (2, 2)
    by_booking.tell(5500, moved(5500, "T1")).wait(7000)
    assert by_booking.states(STOP) == ["raised"]
    by_booking.tell(7000, moved(7000, "T2")).wait(8000)
    assert by_booking.states(STOP) == ["resolved"]


def test_an_alert_covers_only_what_it_tells() -> None:
    told = crowd().wait(1400)
    other = Told().tell(1, stopped(0, "T9")).of(STOP)[0]
    group = told.of(GROUP)[0]
    assert covered_by(other, [group], RULES) is None
    assert covered_by(told.of(STOP)[0], [group], RULES) == group.id
    assert RULES.kinds[Kind.LONG_STOPPAGE.value].covered_by == (Kind.SEVERAL_TRUCKS,)
    assert group.began_ms == T0
