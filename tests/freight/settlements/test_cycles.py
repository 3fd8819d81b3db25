"""Periods on the tenant's clock, and when a settlement goes on by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from freight.settlements import commands as c
from freight.settlements.cycles import period_of
from freight.settlements.outlook import due_ms
from freight.settlements.rules import Cycle, SettlementRules
from tests.freight.settlements.written import READY_MS, RULES, TDS, Told

ZONE = "Asia/Kolkata"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("cycle", "at", "name", "begins", "ends"),
    [
        (Cycle.WEEKLY, "2026-11-21T12:00+05:30", "2026-W47", "2026-11-16", "2026-11-23"),
        (Cycle.WEEKLY, "2026-11-22T23:59+05:30", "2026-W47", "2026-11-16", "2026-11-23"),
        (Cycle.WEEKLY, "2026-11-23T00:00+05:30", "2026-W48", "2026-11-23", "2026-11-30"),
        (Cycle.WEEKLY, "2027-01-01T12:00+05:30", "2026-W53", "2026-12-28", "2027-01-04"),
        (Cycle.FORTNIGHTLY, "2026-11-15T23:59+05:30", "2026-11-1", "2026-11-01", "2026-11-16"),
        (Cycle.FORTNIGHTLY, "2026-11-16T00:00+05:30", "2026-11-2", "2026-11-16", "2026-12-01"),
        (Cycle.MONTHLY, "2026-12-31T23:59+05:30", "2026-12", "2026-12-01", "2027-01-01"),
        # On the clock of India it is December already.
        (Cycle.MONTHLY, "2026-11-30T19:00+00:00", "2026-12", "2026-12-01", "2027-01-01"),
    ],
)
def test_periods(cycle: Cycle, at: str, name: str, begins: str, ends: str) -> None:
    period = period_of(cycle, ms(at), ZONE)
    midnights = (ms(f"{begins}T00:00+05:30"), ms(f"{ends}T00:00+05:30"))
    assert (period.name, period.from_ms, period.to_ms) == (name, *midnights)


def test_what_goes_on_by_itself_and_when() -> None:
    told = Told()
    assert due_ms(told.state, RULES, pays_itself=True) == READY_MS
    assert due_ms(told.state, changed(proposes_itself=False), pays_itself=True) is None
    assert due_ms(told.state, changed(hold_hours=2), pays_itself=True) == READY_MS + 7_200_000
    monthly = changed(cycle_of_carrier={"C1": Cycle.MONTHLY})
    period = period_of(Cycle.MONTHLY, READY_MS, ZONE)
    assert due_ms(told.state, monthly, pays_itself=True) == period.to_ms
    told.tell(c.Propose(None, (TDS,)))
    assert due_ms(told.state, RULES, pays_itself=True) is None
    told.tell(c.Approve("user:bea", (TDS,)))
    assert due_ms(told.state, RULES, pays_itself=True) == told.state.approved_ms
    assert due_ms(told.state, RULES, pays_itself=False) is None


def changed(**changes: object) -> SettlementRules:
    return RULES.model_copy(update=changes)
