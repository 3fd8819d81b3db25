"""Runs every rule over the Python files of a directory, each where it applies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from lint.escapes import excuse
from lint.findings import Finding, Rule
from lint.module import Module
from lint.rules import numbers, outside, people, secrets

RULES: tuple[Callable[[Module], Iterator[Finding]], ...] = (
    numbers.named_numbers,
    numbers.numbers_given_to_calls,
    numbers.counted_attempts,
    numbers.compared_numbers,
    numbers.money_times_number,
    people.known_parties,
    people.known_roles,
    secrets.named_secrets,
    secrets.recognised_secrets,
    secrets.random_looking,
    outside.environment_reads,
    outside.addresses,
    outside.business_texts,
)

# Other people's code, what builds make, and tests: a test writes its expected values out.
_NOT_PRODUCT = frozenset(
    {
        *("tests", "test", "node_modules", "site-packages", "__pycache__", "venv", "build"),
        *("dist", "migrations", "fixtures"),
    }
)
_VALUES = frozenset({Rule.RATE, Rule.TIME, Rule.LIMIT, Rule.THRESHOLD, Rule.TEXT})
# The tree itself, where values belong, and benchmarks, whose numbers are the experiment: what was
# measured must not move with somebody's setting.
_MAY_HOLD_VALUES = {"config": _VALUES, "bench": _VALUES | {Rule.ADDRESS}}
# The permission system is the one place that knows roles by name.
_KNOWS_ROLES = frozenset({"permissions", "roles", "identity", "auth", "authz", "rbac"})


def python_files(top: Path) -> Iterator[Path]:
    """In a fixed order, so that two runs can be compared."""
    if top.is_file():
        yield top
        return
    for folder, subfolders, names in os.walk(top):
        subfolders[:] = sorted(
            name for name in subfolders if name not in _NOT_PRODUCT and not name.startswith(".")
        )
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("test_") and name != "conftest.py":
                yield Path(folder, name)


def applies(rule: Rule, path: str) -> bool:
    parts = PurePosixPath(path).with_suffix("").parts
    if rule is Rule.ROLE and _KNOWS_ROLES & set(parts):
        return False
    return not any(
        rule in excused and folder in parts for folder, excused in _MAY_HOLD_VALUES.items()
    )


def check_text(path: str, text: str) -> list[Finding]:
    module = Module(path, text)
    try:
        found = {
            finding
            for rule in RULES
            for finding in rule(module)
            if applies(finding.rule, finding.path)
        }
    except SyntaxError as wrong:
        return [Finding(path, wrong.lineno or 1, Rule.SYNTAX, str(wrong.msg))]
    return sorted(excuse(module, sorted(found)))


def check(tops: Iterable[Path]) -> Iterator[Finding]:
    """Paths are said as a reader at the current directory would write them."""
    for top in tops:
        for path in python_files(top):
            said = Path(os.path.relpath(path)).as_posix()
            yield from check_text(said, path.read_text(encoding="utf-8"))
