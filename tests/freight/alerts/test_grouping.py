"""Several trucks at one place are one alert, and which alerts are told apart."""

from __future__ import annotations

from typing import Any

from freight.alerts.circumstances import Circumstances
from freight.alerts.commands import Heard
from freight.alerts.kinds import Kind
from freight.alerts.sorting import covered_by
from freight.events import TruckEvent
from tests.freight.alerts.telling import RULES, T0, Told, fact, learned, moved, rules_with, stopped

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


def learned_late(told: Told, *facts: TruckEvent) -> list[str]:
    return told.tell(24 * 3600, *facts).states(GROUP)


def test_who_stood_together_is_known_though_all_have_left() -> None:
    rules = rules_with(several_trucks={"late_s_max": 10 * 86400})
    stops = [stopped(nr * 60, f"T{nr}", lat=20.0 + nr * 0.002) for nr in range(3)]
    left = [moved(1400 + nr * 60, f"T{nr}") for nr in range(3)]
    assert learned_late(Told(rules), *stops, *left) == ["resolved"]
    too_soon = [moved(1300 + nr * 60, f"T{nr}") for nr in range(3)]
    assert learned_late(Told(rules), *stops, *too_soon) == ["lapsed"]


def test_who_stood_together_is_known_though_each_is_learned_of_by_itself() -> None:
    rules = rules_with(several_trucks={"late_s_max": 10 * 86400})
    told = Told(rules)
    for nr in (2, 0, 1):
        stop = stopped(nr * 60, f"T{nr}", lat=20.0 + nr * 0.001)
        told.tell(24 * 3600 + nr, stop, moved(1400 + nr * 60, f"T{nr}"))
    assert told.states(GROUP) == ["resolved"]
    assert told.of(GROUP)[0].count == 3


def test_two_stops_that_are_learned_together_are_no_longer_than_they_were() -> None:
    rules = rules_with(long_stoppage={"late_s_max": 10 * 86400})
    facts = [stopped(0), moved(2700), stopped(3400), moved(8300)]
    assert Told(rules).tell(24 * 3600, *facts).states(STOP) == ["lapsed", "lapsed"]
    assert Told(rules).tell(24 * 3600, stopped(0), moved(5500)).states(STOP) == ["resolved"]


def test_what_comes_late_cools_down_by_the_time_of_the_device() -> None:
    rules = rules_with(overspeed={"late_s_max": 10 * 86400})
    day_s = 24 * 3600

    def sped(from_s: float, to_s: float) -> list[TruckEvent]:
        begun = fact("truck.overspeed.started", from_s, limit_kmh=80.0, speed_kmh=97.0)
        ended = fact("truck.overspeed.ended", to_s, limit_kmh=80.0, speed_kmh=97.0)
        return learned(day_s, begun, ended)

    told = Told(rules).tell(day_s, *sped(0, 200))
    echo_until_s = 200 + 300 + 1800
    told.tell(day_s + 60, *sped(500, 700), *sped(echo_until_s - 300, echo_until_s - 1))
    assert told.states("overspeed") == ["resolved", "lapsed", "lapsed"]
    told.tell(day_s + 61, *sped(echo_until_s, echo_until_s + 200))
    assert told.states("overspeed") == ["resolved", "lapsed", "lapsed", "resolved"]


def test_a_crowd_is_one_when_all_of_it_has_been_heard_so_long() -> None:
    told = Told()
    day_ms = T0 + 86_400_000
    stops = [stopped(nr * 60, f"T{nr}", lat=20.0 + nr * 0.002) for nr in range(3)]
    touched = told.book.note(told.signals(*learned(86_400, *stops)), told.rules, day_ms)
    heard = {f"T{nr}": Heard(T0 + 3_600_000, day_ms) for nr in range(3)}
    behind = heard | {"T1": Heard(T0 + 600_000, day_ms)}
    told.book.tick(touched, told.rules, day_ms, heard=behind)
    assert told.states(GROUP) == ["pending"]
    told.book.tick(touched, told.rules, day_ms + 3000, heard=heard)
    assert told.states(GROUP) == ["raised"]
