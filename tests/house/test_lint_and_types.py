"""Runs ruff and mypy, so that `make test` proves what `make lint` and `make types` show."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.sources import ROOT

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
}


@pytest.mark.parametrize("check", CHECKS)
def test_tool_finds_nothing(check: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *CHECKS[check]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_tool_finds_nothing_wrong_with_types(mypy: subprocess.Popen[str]) -> None:
    said, _ = mypy.communicate()

    assert mypy.returncode == 0, said
