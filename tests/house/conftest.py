"""Begins mypy with the session: it takes longest, and is done beside the others by its turn.

A worker, beside which others work anyway, begins it in its turn.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.sources import ROOT

MYPY = [sys.executable, "-m", "mypy", "."]
BEGUN = pytest.StashKey[subprocess.Popen[str]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    asked = any("mypy" in getattr(item, "fixturenames", ()) for item in session.items)
    is_worker = hasattr(session.config, "workerinput")
    if asked and not session.config.option.collectonly and not is_worker:
        session.config.stash[BEGUN] = begin()


def begin() -> subprocess.Popen[str]:
    return subprocess.Popen(
        MYPY, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Also when the session ends before its turn came."""
    begun = config.stash.get(BEGUN, None)
    if begun is not None and begun.poll() is None:
        begun.kill()
        begun.communicate()


@pytest.fixture
def mypy(request: pytest.FixtureRequest) -> subprocess.Popen[str]:
    if BEGUN not in request.config.stash:
        request.config.stash[BEGUN] = begin()
    return request.config.stash[BEGUN]
