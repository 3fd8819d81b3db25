"""The console's own checks: types and unit tests, run by the same Node that builds it."""

from __future__ import annotations

import json
import re
import subprocess

import numpy as np
import pytest

from launch.console_build import CONSOLE, NodeTools, install_packages, node_tools
from serve.live.frames import encode, name_entry


@pytest.fixture(scope="module")
def tools() -> NodeTools:
    found = node_tools()
    install_packages(found, CONSOLE)
    return found


def run_script(tools: NodeTools, script: str) -> None:
    done = subprocess.run(
        [*tools.npm, "run", "--silent", script],
        cwd=CONSOLE,
        env=tools.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"npm run {script}:\n{done.stdout}\n{done.stderr}"


def test_types(tools: NodeTools) -> None:
    run_script(tools, "check")


def test_units(tools: NodeTools) -> None:
    run_script(tools, "test")


def test_the_frame_that_the_console_decodes_is_the_one_the_server_encodes() -> None:
    """console/test/frame.hex is decoded by the TypeScript tests; here it is encoded."""
    columns = [
        np.array([1, 2, 3], "<u4"),
        np.array([190000000, -1, 3], "<i4"),
        np.array([730000000, 2, 3], "<i4"),
        np.array([432, 0, 65535], "<u2"),
        np.array([915, 0, 65535], "<u2"),
        np.array([1200, -5, 0], "<i4"),
        np.array([1, 3, 4], "<u1"),
    ]
    frame = encode(
        seq=7,
        base_ts_ms=1.7e12,
        is_snapshot=True,
        name_entries=[name_entry(i, f"TRK-000{i}") for i in (1, 2, 3)],
        columns=columns,
    )
    pinned = (CONSOLE / "test" / "frame.hex").read_text()
    assert frame.hex() == re.sub(r"\s", "", pinned)


def test_the_package_lock_names_no_registry() -> None:
    lock = json.loads((CONSOLE / "package-lock.json").read_text())
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
