"""Alerts of a week against scripted incidents: what was missed, what was none, how soon it came."""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Iterable, Sequence

import numpy as np

from bench.alerts_fixes import TENANT_KEY
from bench.alerts_lives import Expected
from bench.alerts_naive import KINDS, naive
from bench.alerts_shard import Shard
from bench.alerts_watch import RaisedAlert, Watch
from bench.alerts_week import Week, clock, plan_of, week
from bench.report import Report, table
from config.policy import defaults
from freight.alerts.circumstances import Circumstances
from freight.fixes import FixArray
from freight.tracking.fences import FenceBook
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook, JourneyPlan
from freight.tracking.names import TruckName
from sim.truth import DrawnFence

WINDOW_MS = 60_000
PACE_MS = 250  # of the watch's rounds
LATENCY_S_MAX = 5.0
SHOWN_MAX = 40


@dataclasses.dataclass(frozen=True, slots=True)
class Followed:
    """A truck's journey as the store gives it."""

    truck_key: int
    plan: JourneyPlan
    revision: int
    tenant_key: int = TENANT_KEY
    version: int = 1
    valid_from_ms: int = 0

    @property
    def journey_id(self) -> str:
        return f"J{self.revision}"


@dataclasses.dataclass(slots=True)
class Score:
    """How raised alerts compare with what had to be raised."""

    hits: dict[Expected, list[RaisedAlert]]
    without: list[RaisedAlert]  # no incident

    def of(self, kind: str) -> tuple[int, int, int, int]:
        """Incidents, of them found, alerts without an incident, and repeated ones."""
        mine = {one: found for one, found in self.hits.items() if one.kind == kind}
        asked = [found for one, found in mine.items() if one.is_asked]
        wrong = sum(one.kind == kind for one in self.without)
        again = sum(max(0, len(found) - 1) for found in mine.values())
        return len(asked), sum(map(bool, asked)), wrong, again


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trucks", type=int, default=500)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, nargs="+", default=(), help="these trucks alone speak")
    parser.add_argument("--verbose", action="store_true", help="say what was missed and wrong")


def run(args: argparse.Namespace) -> Report:
    began_s = time.monotonic()
    made = week(args.trucks, args.days, args.seed, args.only)
    watch, events = watched(made)
    score = scored(made.expected, watch.raised)
    plain = scored(made.expected, _as_raised(naive(made)))
    report = Report("alerts")
    print(_table(made, score, plain))
    if args.verbose:
        print("\n".join(_told(score)[:SHOWN_MAX]))
    _figures(report, score, plain)
    report.note(f"{len(made.fixes):,} fixes, {events:,} facts, {watch.facts:,} of them read.")
    report.note(f"{len(watch.retracted)} alerts were taken back when late fixes came.")
    report.note(f"The week took {time.monotonic() - began_s:.0f} s.")
    return report


def watched(made: Week) -> tuple[Watch, int]:
    """The whole stream through the fold of tracking and the rules of alerts."""
    shard = Shard(world(made), made.fixes)
    rules = defaults().alerts
    watch = Watch(rules, lambda truck, ms: around(made, truck, ms), shard.heard_of, PACE_MS)
    events = 0
    for batch, now_ms in windows(made):
        told = shard.take(batch, now_ms)
        told += shard.silences(now_ms)
        events += len(told)
        watch.hear(sorted(told, key=lambda one: one.known_at_ms))
    watch.wait(made.end_ms)
    return watch, events


def windows(made: Week) -> Iterable[tuple[FixArray, int]]:
    received = made.fixes["received_ms"]
    edges = np.arange(made.start_ms + WINDOW_MS, made.end_ms + WINDOW_MS, WINDOW_MS)
    ends = np.searchsorted(received, edges)
    low = 0
    for edge, high in zip(edges.tolist(), ends.tolist(), strict=True):
        yield made.fixes[low:high], edge
        low = high


def world(made: Week) -> World:
    fences = FenceBook()
    drawn = [*made.yards, *(fence for life in made.lives.values() for fence in life.fences)]
    fences.apply(DrawnFence(TENANT_KEY, nr + 1, **fence) for nr, fence in enumerate(drawn))
    journeys = JourneyBook()
    trips = [(life.key, trip) for life in made.lives.values() for trip in life.trips]
    journeys.apply(Followed(key, plan_of(trip), nr + 1) for nr, (key, trip) in enumerate(trips))
    if fences.unusable or journeys.unusable:
        raise ValueError(f"of no use: {fences.unusable or journeys.unusable}")
    names = {key: TruckName("bench", str(key), f"C{key}") for key in made.lives}
    rules = defaults().tracking_rules
    return World(fences, names, lambda _tenant: rules, made.start_ms, journeys)


def around(made: Week, truck: str, ms: int) -> Circumstances:
    """As the store would say it: loaded from departure to arrival."""
    is_on_trip = made.lives[int(truck)].trip_at(ms) is not None
    return Circumstances(is_on_trip=is_on_trip, is_loaded=is_on_trip)


# ------------------------------------------------------------------------------------- scoring


def scored(expected: Sequence[Expected], raised: Iterable[RaisedAlert]) -> Score:
    hits: dict[Expected, list[RaisedAlert]] = {one: [] for one in expected}
    by_truck: dict[tuple[str, str], list[Expected]] = {}
    for one in expected:
        for truck in (one.truck, *one.others):
            by_truck.setdefault((one.kind, str(truck)), []).append(one)
    score = Score(hits, [])
    for alert in raised:
        fitting = [
            one
            for truck in sorted(alert.trucks)
            for one in by_truck.get((alert.kind, truck), ())
            if one.from_ms <= alert.at_ms <= one.to_ms
        ]
        if fitting:
            # One that is asked for and has not been found comes first.
            best = min(fitting, key=lambda one: (bool(hits[one]), not one.is_asked))
            hits[best].append(alert)
        else:
            score.without.append(alert)
    return score


def _as_raised(alerts: Iterable[tuple[str, int, int]]) -> list[RaisedAlert]:
    return [
        RaisedAlert("", kind, frozenset({str(truck)}), "", at_ms, at_ms)
        for kind, truck, at_ms in alerts
    ]


def latencies_s(score: Score, kind: str | None = None) -> list[float]:
    """From when it was possible to when it was raised; of what was heard at once."""
    return [
        (alert.at_ms - alert.possible_ms) / 1000.0
        for one, found in score.hits.items()
        if one.is_live and kind in {None, one.kind}
        for alert in found[:1]
    ]


def _table(made: Week, score: Score, plain: Score) -> str:
    kinds = sorted({one.kind for one in made.expected} | {one.kind for one in score.without})
    rows = []
    for kind in kinds:
        asked, found, wrong, again = score.of(kind)
        took = latencies_s(score, kind)
        said = plain.of(kind)
        naive_cells = [f"{said[1]}/{asked}", *map(str, said[2:])]
        rows.append(
            (
                kind,
                *map(str, (asked, found, wrong, again)),
                f"{statistics.median(took):.1f} s" if took else "",
                f"{max(took):.1f} s" if took else "",
                *(naive_cells if kind in KINDS else ["", "", ""]),
            )
        )
    head = ("kind", "incidents", "found", "without", "doubled", "median", "worst")
    return table((*head, "naive found", "naive without", "naive doubled"), rows)


def _figures(report: Report, score: Score, plain: Score) -> None:
    asked = [each for one, each in score.hits.items() if one.is_asked]
    again = sum(max(0, len(each) - 1) for each in score.hits.values())
    took = sorted(latencies_s(score))
    report.add("incidents found, share", sum(map(bool, asked)) / len(asked), at_least=1.0)
    without = len(plain.without)
    report.add("alerts without an incident", len(score.without), floor=without, at_most=0)
    doubled = sum(max(0, len(each) - 1) for each in plain.hits.values())
    report.add("alerts told twice", again, floor=doubled, at_most=0)
    worst_s = took[-1] if took else 0.0
    report.add("seconds to the alert, worst", worst_s, at_most=LATENCY_S_MAX)
    report.add("incidents", len(asked))
    report.note("floor: the same stream through naive rules, of the kinds that they know.")


def _told(score: Score) -> list[str]:
    missed = [one for one, found in score.hits.items() if one.is_asked and not found]
    doubled = [(one, found) for one, found in score.hits.items() if len(found) > 1]
    return [
        *(f"missed {one.kind} ({one.name}) of {one.truck}, {clock(one.from_ms)}" for one in missed),
        *(f"doubled {one.kind} ({one.name}) of {one.truck}: {len(all_)}" for one, all_ in doubled),
        *(
            f"without incident {one.kind} of {sorted(one.trucks)}, {clock(one.at_ms)}"
            for one in score.without
        ),
    ]
