"""`python -m ubertruck check`: finds what is hard-coded and belongs into the configuration."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lint.check import check
from lint.findings import ABOUT, Finding, Rule

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = (
    *(
        "geo",
        "freight",
        "config",
        "store",
        "telemetry",
        "providers",
        "actors",
        "ingest",
        "serve",
        "sim",
    ),
    *("launch", "bench", "lint", "ubertruck.py"),
)
# The other lints of this repository, without those that `make lint` and `make types` run.
_OTHER_LINTS = ("tests/house", "tests/test_architecture.py", "-k", "not test_tool_finds_nothing")


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    if asked.rules:
        print(rules_told())
        return 0
    missing = [top for top in asked.directories if not top.exists()]
    if missing:
        print(f"no such file or directory: {', '.join(map(str, missing))}", file=sys.stderr)
        return 2
    ours = not asked.directories
    tops = asked.directories or [ROOT / name for name in PRODUCT if (ROOT / name).exists()]
    found = [one for one in check(tops) if not asked.rule or one.rule in asked.rule]
    print(json.dumps([told(one) for one in found], indent=2) if asked.json else text(found))
    others_failed = ours and not asked.json and not asked.rule and not _other_lints_pass()
    return 1 if found or others_failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck check",
        description="Finds business values, secrets and addresses that are written in the code. "
        "An inline escape, `# fixed: <reason>`, says why a value can never be a setting.",
    )
    parser.add_argument(
        "directories",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="directories or files (without: this product, and its other self-written lints)",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--rule",
        action="append",
        type=Rule,
        choices=list(Rule),
        metavar="NAME",
        help="only this rule; may be given several times",
    )
    parser.add_argument("--rules", action="store_true", help="list the rules and stop")
    return parser


def rules_told() -> str:
    return "\n".join(
        f"{rule:<12} {about.severity:<8} {about.finds}\n{'':<22}{about.what_to_do}"
        for rule, about in ABOUT.items()
    )


def told(finding: Finding) -> dict[str, str | int]:
    return {
        "file": finding.path,
        "line": finding.line,
        "rule": finding.rule,
        "severity": finding.severity,
        "says": finding.says,
        "what_to_do": finding.what_to_do,
    }


def text(found: Sequence[Finding]) -> str:
    if not found:
        return "nothing is hard-coded that belongs into the configuration"
    counts = Counter(one.severity for one in found)
    told_counts = ", ".join(f"{count} {severity}s" for severity, count in counts.items())
    return "\n".join([*map(str, found), f"found: {told_counts}"])


def _other_lints_pass() -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", *_OTHER_LINTS]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
