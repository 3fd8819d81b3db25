"""A truck's papers: which there are, until when, and whether they cover a trip."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from freight.fleet.reasons import Reason
from freight.rules import Rules, Who, key
from freight.tracking.machines.driving_hours import Zone


class PaperKind(StrEnum):
    RC = "rc"
    INSURANCE = "insurance"
    FITNESS = "fitness"
    PERMIT_NATIONAL = "permit_national"
    PERMIT_STATE = "permit_state"
    PUC = "puc"
    ROAD_TAX = "road_tax"
    FASTAG = "fastag"


# One of the two is enough, where it reaches.
PERMITS = frozenset({PaperKind.PERMIT_NATIONAL, PaperKind.PERMIT_STATE})


class Paper(msgspec.Struct, frozen=True):
    kind: PaperKind
    number: str | None = None
    valid_until: date | None = None  # its last day; None: without end
    states: frozenset[str] = frozenset()  # of a state permit, as GST numbers begin


class PaperRules(Rules):
    time_zone: Zone = key("Where a paper's last day ends.", who=Who.TENANT, live=True)
    ending: frozenset[PaperKind] = key(
        "Papers whose end takes a truck off the road; others are only kept.",
        who=Who.TENANT,
        live=True,
    )
    required: frozenset[PaperKind] = key(
        "Papers that must be on record before a truck is sent; of the two permits one is enough.",
        who=Who.TENANT,
        live=True,
    )
    margin_h: int = key(
        "Papers must hold for so many hours beyond the delivery that is expected.",
        who=Who.TENANT,
        live=True,
    )


class PapersHeld(msgspec.Struct, frozen=True):
    """All that decides about a truck, of all its papers."""

    kinds: frozenset[PaperKind] = frozenset()
    # Of the papers whose end counts, permits aside: which ends first, and when.
    first: PaperKind | None = None
    until: date | None = None
    national_until: date | None = None
    state_until: date | None = None
    states: frozenset[str] = frozenset()

    @property
    def earliest_end(self) -> date | None:
        ends = (self.until, self.national_until, self.state_until)
        return min((end for end in ends if end is not None), default=None)


def held(papers: Iterable[Paper], rules: PaperRules) -> PapersHeld:
    by_kind = {paper.kind: paper for paper in papers}
    ends = {
        kind: paper.valid_until
        for kind, paper in by_kind.items()
        if kind in rules.ending and paper.valid_until is not None
    }
    others = {kind: end for kind, end in ends.items() if kind not in PERMITS}
    first = min(others, key=lambda kind: (others[kind], kind), default=None)
    state = by_kind.get(PaperKind.PERMIT_STATE)
    return PapersHeld(
        kinds=frozenset(by_kind),
        first=first,
        until=None if first is None else others[first],
        national_until=ends.get(PaperKind.PERMIT_NATIONAL),
        state_until=ends.get(PaperKind.PERMIT_STATE),
        states=frozenset() if state is None else state.states,
    )


def needed_until(delivery_ms: int, rules: PaperRules) -> date:
    """The day that a paper must reach for a delivery then."""
    there = datetime.fromtimestamp(delivery_ms / 1000.0, ZoneInfo(rules.time_zone))
    return (there + timedelta(hours=rules.margin_h)).date()


def faults(
    papers: PapersHeld, rules: PaperRules, until: date, states: frozenset[str]
) -> list[Reason]:
    """Why the papers do not cover a trip that ends on this day and touches these states."""
    found = [
        Reason("papers.missing", f"no {kind} on record", kind)
        for kind in sorted(rules.required - papers.kinds - PERMITS)
    ]
    if papers.first is not None and papers.until is not None and papers.until < until:
        found.append(_expired(papers.first, papers.until, until))
    permit = _permit_fault(papers, rules, until, states)
    return found if permit is None else [*found, permit]


def _permit_fault(
    papers: PapersHeld, rules: PaperRules, until: date, states: frozenset[str]
) -> Reason | None:
    ends = {
        PaperKind.PERMIT_NATIONAL: papers.national_until,
        PaperKind.PERMIT_STATE: papers.state_until,
    }
    on_record = [kind for kind in ends if kind in papers.kinds]
    if not on_record:
        if not rules.required & PERMITS:
            return None
        return Reason("papers.missing", "no permit on record", "permit")
    foreign = sorted(states - papers.states)
    reaching = [kind for kind in on_record if kind is PaperKind.PERMIT_NATIONAL or not foreign]
    if not reaching:
        away = ", ".join(foreign)
        return Reason("papers.permit_reach", f"its state permit does not hold in {away}", "permit")
    if any(_reaches(ends[kind], until) for kind in reaching):
        return None
    return _expired(reaching[0], ends[reaching[0]], until)


def _reaches(end: date | None, until: date) -> bool:
    return end is None or end >= until


def _expired(kind: PaperKind, end: date | None, until: date) -> Reason:
    return Reason("papers.expired", f"its {kind} ends on {end}, before {until}", kind)
