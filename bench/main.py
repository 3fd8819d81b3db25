"""`python -m ubertruck bench [NAME]`: runs benchmarks, prints tables, writes their figures."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from bench.report import Report
from bench.stack import ROOT

BENCHMARKS = (
    "config",
    "start",
    "ingest",
    "live",
    "api",
    "memory",
    "chaos",
    "geo",
    "history",
    "dispatch",
    "alerts",
    "week",
    "ledger",
    "books",
    "restore",
)
RESULTS = ROOT / "bench-results"


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="ubertruck bench",
        description="Measures this machine. Without a name: every benchmark, one after another.",
    )
    names = root.add_subparsers(dest="name", metavar="NAME")
    for name in BENCHMARKS:
        module = import_module(f"bench.{name}")
        own = names.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        own.add_argument(
            "--json", type=Path, metavar="FILE", help="default bench-results/NAME.json"
        )
        module.options(own)
    return root


def run_one(args: argparse.Namespace) -> Report:
    report: Report = import_module(f"bench.{args.name}").run(args)
    report.show()
    target = args.json or RESULTS / f"{args.name}.json"
    report.save(target)
    print(f"figures written to {target}")
    return report


def main(argv: list[str]) -> int:
    """0 when every figure meets what is asked of it, 1 when one does not."""
    asked = parser().parse_args(argv)
    wanted = [asked] if asked.name else [parser().parse_args([name]) for name in BENCHMARKS]
    reports = [run_one(args) for args in wanted]
    return 0 if all(report.met for report in reports) else 1
