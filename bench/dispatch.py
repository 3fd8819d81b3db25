"""bench dispatch: waiting legs and free trucks of one window weighed, explained, and solved.

The floor is the bare thing: straight distances of every pair in numpy and scipy's dense assignment
over them, without a rule, a cost besides them, or a record of why.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import yaml
from scipy.optimize import linear_sum_assignment

from bench.dispatch_world import NOW_MS, free_trucks, waiting_legs
from bench.report import Report
from config.policy import DEFAULTS_DIR
from freight.dispatch.explanations import decode
from freight.dispatch.matching import Plan, plan
from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import FreeTruck, WaitingLeg
from geo.point import haversine_m

SEED = 11
ROUNDS = 3
# Everywhere: two cells of this size reach across the country, so every pair is in range.
EVERYWHERE = {"h3_resolution": 2, "rings_first": 12, "rings_max": 12}
FIRST_CALL = (20, 100)
MATRIX_PAIRS_MAX = 20_000_000  # eight bytes each, and scipy takes a copy

Answer = TypeVar("Answer")


class Case(NamedTuple):
    name: str
    legs: int
    trucks: int
    range: dict[str, Any]
    seconds_at_most: float | None


CASES = (
    Case("1000x10000", 1_000, 10_000, {}, 1.0),
    Case("1000x10000_everywhere", 1_000, 10_000, EVERYWHERE, 1.0),
    Case("1000x1000", 1_000, 1_000, {}, None),
    Case("5000x50000", 5_000, 50_000, {}, 10.0),
    Case("5000x50000_everywhere", 5_000, 50_000, EVERYWHERE, None),
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the best one counts")


def run(args: argparse.Namespace) -> Report:
    report = Report("dispatch")
    legs, trucks = FIRST_CALL
    began = time.perf_counter()
    plan(waiting_legs(legs, SEED), free_trucks(trucks, SEED), rules(), NOW_MS)
    report.add("first_call_s", time.perf_counter() - began)
    for case in CASES:
        if not args.case or case.name in args.case:
            _measure(report, case, args.rounds)
    report.note("first_call_s: compiles what is not yet compiled beside the source")
    report.note("above_optimum_minor: cost above what the prices of the solution prove to be least")
    report.note("dead_km: empty way to the pickups of the legs that greedy nearest (floor) serves")
    report.note("legs_served_by_way_alone: of all legs, where only the empty way counts; so greedy")
    return report


def rules(**groups: Any) -> DispatchRules:
    """The defaults, with some keys of some groups set otherwise."""
    values = yaml.safe_load((DEFAULTS_DIR / "dispatch.yaml").read_text())
    for name, group in groups.items():
        values[name] = {**values[name], **group} if isinstance(group, dict) else group
    return DispatchRules.model_validate(values)


def _measure(report: Report, case: Case, rounds: int) -> None:
    legs, trucks = waiting_legs(case.legs, SEED), free_trucks(case.trucks, SEED)
    by = rules(range=case.range)
    best_s, cpu_s, found = _best(lambda: plan(legs, trucks, by, NOW_MS), rounds)
    floor_s = None
    if case.legs * case.trucks <= MATRIX_PAIRS_MAX:
        floor_s, _, _ = _best(lambda: _bare(legs, trucks), rounds)
    name = case.name
    report.add(f"{name}.window_s", best_s, floor=floor_s, at_most=case.seconds_at_most)
    report.add(f"{name}.window_cpu_s", cpu_s)
    explained = [decode(data) for data in found.recorded.values()]
    report.add(f"{name}.pairs_explained", float(sum(len(each.keys) for each in explained)))
    report.add(f"{name}.candidates", float(sum(each.candidates() for each in explained)))
    recorded = sum(len(data) for data in found.recorded.values())
    report.add(f"{name}.recorded_mib", recorded / 2**20)
    report.add(f"{name}.legs_served", float(len(found.assignments)))
    above = found.total_minor - (found.bound_minor or 0)
    report.add(f"{name}.above_optimum_minor", float(above), at_most=0.0)
    if case.legs * case.trucks <= MATRIX_PAIRS_MAX:
        gap = found.total_minor - dense_total(found, trucks, by)
        report.add(f"{name}.above_dense_minor", float(gap), at_most=0.0)
    _against_greedy(report, case, legs, trucks)


def _best(work: Callable[[], Answer], rounds: int) -> tuple[float, float, Answer]:
    """Seconds by the wall and of the processor, of the quickest round."""
    timed = []
    for _ in range(rounds):
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        answer = work()
        timed.append((time.perf_counter() - began, time.process_time() - worked))
    return *min(timed), answer


def _bare(legs: list[WaitingLeg], trucks: list[FreeTruck]) -> float:
    lat = np.array([leg.lat for leg in legs])[:, None]
    lon = np.array([leg.lon for leg in legs])[:, None]
    away = haversine_m(
        lat, lon, np.array([each.lat for each in trucks]), np.array([each.lon for each in trucks])
    )
    return float(away[linear_sum_assignment(away)].sum())


def dense_total(found: Plan, trucks: list[FreeTruck], by: DispatchRules) -> int:
    """The least total by scipy, over every candidate that was explained."""
    legs = [found.legs[name] for name in found.recorded]
    keys = np.sort(np.array([each.key for each in trucks]))
    never = float(2**52)
    cost = np.full((len(legs), len(keys) + len(legs)), never)
    for row, leg in enumerate(legs):
        each = found.explanation(leg.id)
        able = each.mask == 0
        cost[row, np.searchsorted(keys, each.keys[able])] = each.cost[able]
        cost[row, len(keys) + row] = _without(leg, by)
    return int(cost[linear_sum_assignment(cost)].sum())


def _without(leg: WaitingLeg, by: DispatchRules) -> int:
    waited = (NOW_MS - leg.waiting_since_ms) / 60_000
    matching = by.matching
    return round(
        matching.unassigned_minor
        + matching.unassigned_minor_per_priority * leg.priority
        + matching.unassigned_minor_per_minute * waited
    )


def _against_greedy(
    report: Report, case: Case, legs: list[WaitingLeg], trucks: list[FreeTruck]
) -> None:
    """Only the empty way counts in both, so that its km can be compared."""
    only = {"late_minor_per_minute", "early_minor_per_minute", "rating_minor_per_point"}
    only |= {"fairness_minor_per_hour", "home_minor_per_km", "price_percentage"}
    only |= {"unfinished_minor_per_hour"}
    costs = {**dict.fromkeys(only, 0), "dead_km_minor_of_class": {}}
    by = rules(range=case.range, costs=costs)
    nearest = plan(legs, trucks, rules(range=case.range, costs=costs, mode="instant"), NOW_MS)
    served = [each.leg for each in nearest.assignments]
    same = plan(served, trucks, by, NOW_MS)
    report.add(
        f"{case.name}.dead_km",
        _dead_km(same),
        floor=_dead_km(nearest),
        ratio_at_most=1.0,
    )
    everything = plan(legs, trucks, by, NOW_MS)
    report.add(
        f"{case.name}.legs_served_by_way_alone",
        float(len(everything.assignments)),
        floor=float(len(served)),
        ratio_at_least=1.0,
    )


def _dead_km(found: Plan) -> float:
    return sum(each.dead_m for each in found.assignments) / 1000.0
