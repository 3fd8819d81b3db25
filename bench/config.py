"""bench config: what reading one key of the configuration costs, in this process.

Reads happen on every request and every batch, so they go through no lock, no cache look-up by path
and no I/O. The floor is reading a plain attribute of a plain object as deep.
"""

from __future__ import annotations

import argparse
import timeit
from collections.abc import Callable
from types import SimpleNamespace

from bench.report import Report
from config.policy import policy, policy_of, process_settings
from config.resolution import Override
from config.snapshot import snapshot_of

READS = 200_000
ROUNDS = 7
US_AT_MOST = 2.0
TENANTS = 1_000
KEY = "services/tracking/*/business/moving_kmh_min"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reads", type=int, default=READS)


def run(args: argparse.Namespace) -> Report:
    """With a thousand tenants that each have a value of their own."""
    report = Report("config")
    settings = process_settings()
    tenants = [f"tenant-{number}" for number in range(TENANTS)]
    overrides = [Override(tenant, KEY, float(5 + number)) for number, tenant in enumerate(tenants)]
    swap_s = timeit.timeit(
        lambda: settings.swap(snapshot_of(settings.base, overrides, "development", 1)), number=1
    )
    plain = SimpleNamespace(status=SimpleNamespace(moving_kmh_min=5.0))
    floor_us = _us(lambda: plain.status.moving_kmh_min, args.reads)
    last = tenants[-1]
    bounds = {"floor": floor_us, "at_most": US_AT_MOST}
    report.add("read_us", _us(lambda: policy().status.moving_kmh_min, args.reads), **bounds)
    report.add(
        "read_of_a_tenant_us",
        _us(lambda: policy_of(last).status.moving_kmh_min, args.reads),
        **bounds,
    )
    report.add("build_a_snapshot_ms", swap_s * 1000.0)
    report.add("tenants_with_values_of_their_own", TENANTS)
    report.note("every figure includes the call of the function that reads, the floor's too")
    return report


def _us(read: Callable[[], object], reads: int) -> float:
    """The best round: others were disturbed."""
    return min(timeit.repeat(read, number=reads, repeat=ROUNDS)) / reads * 1e6
