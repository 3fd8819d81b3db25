"""bench memory: what one more truck costs the process of a shard, at 100 000 trucks.

A running shard is handed the fixes of that many trucks, several rounds, until it has written a
snapshot of all of them; its private memory before and after is compared. The floor is the raw
columns of their last known state.
"""

from __future__ import annotations

import argparse

import msgspec

from bench import load_process, stack
from bench.report import Report
from bench.shard_filler import Filled
from freight.tracking.columns import LAST_DTYPE

TRUCKS = 100_000
FILL_S_MAX = 600.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trucks", type=int, default=TRUCKS)


def run(args: argparse.Namespace) -> Report:
    report = Report("memory")
    with stack.scratch() as folder, stack.running(folder) as running:
        result = folder / "filled.json"
        filler = load_process.python(
            "bench.shard_filler",
            *(str(folder / "summary.json"), str(args.trucks), str(result)),
            environment=running.environment(),
        )
        try:
            if filler.wait(FILL_S_MAX) != 0:
                raise load_process.LoadFailedError("the shard could not be filled")
        finally:
            load_process.end(filler)
        filled = msgspec.json.decode(result.read_bytes(), type=Filled)
    report.add(
        "bytes_per_truck",
        (filled.after - filled.before) / args.trucks,
        floor=float(LAST_DTYPE.itemsize),
        at_most=3 * 1024,
    )
    report.add("shard_private_mb_before", filled.before / 2**20)
    report.add("shard_private_mb_after", filled.after / 2**20)
    report.add("trucks", args.trucks)
    report.note("private memory (USS) of one shard's process; names and directory included")
    return report
