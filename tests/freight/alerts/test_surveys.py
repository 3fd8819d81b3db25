"""Conditions found by looking: known once, gone when they are found no more, worse when worse."""

from __future__ import annotations

from freight.alerts import commands as c
from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind, Severity
from freight.alerts.signals import Condition, surveyed
from freight.alerts.sorting import watched
from tests.freight.alerts.telling import RULES, T0, Told

KIND = Kind.EWAY_BILL_EXPIRING
MINUTE = 60_000


def bill(minutes: float, booking: str = "B1") -> Condition:
    return Condition(
        kind=KIND,
        subject=f"bookings/{booking}",
        about="EWB-1",
        since_ms=T0,
        facts={"short_minutes": minutes},
        around=Circumstances(booking=booking, value=minutes),
    )


def look(told: Told, at_ms: int, *found: Condition) -> list[str]:
    known = watched(told.book.alerts.values(), {KIND})
    told.book.take(surveyed(found, known, at_ms), RULES, at_ms)
    return told.states(KIND.value)


def test_a_condition_is_one_alert_until_it_is_gone() -> None:
    told = Told()
    assert look(told, T0 + MINUTE, bill(-10)) == []
    assert look(told, T0 + 2 * MINUTE, bill(5)) == ["raised"]
    assert look(told, T0 + 3 * MINUTE, bill(6)) == ["raised"]
    assert told.of(KIND.value)[0].version == 2
    # A little less is not enough: forecasts waver.
    assert look(told, T0 + 4 * MINUTE, bill(-10)) == ["raised"]
    assert look(told, T0 + 5 * MINUTE, bill(-130)) == ["resolved"]
    assert look(told, T0 + 6 * MINUTE) == ["resolved"]


def test_one_that_is_found_no_more_is_over() -> None:
    told = Told()
    look(told, T0, bill(5), bill(7, "B2"))
    assert look(told, T0 + MINUTE, bill(7, "B2")) == ["resolved", "raised"]


def test_it_gets_worse() -> None:
    told = Told()
    look(told, T0, bill(5))
    assert told.of(KIND.value)[0].severity is Severity.WARNING
    look(told, T0 + MINUTE, bill(500))
    assert told.of(KIND.value)[0].severity is Severity.CRITICAL


def test_what_a_person_resolved_is_not_found_anew() -> None:
    told = Told()
    look(told, T0, bill(5))
    told.book.do(told.of(KIND.value)[0].id, c.Resolve(by="a"), RULES, T0 + 1)
    assert look(told, T0 + MINUTE, bill(5)) == ["resolved"]
