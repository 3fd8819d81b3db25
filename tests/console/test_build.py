"""When the console is built, and with whose Node."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from launch import console_build
from launch.console_build import ConsoleBuildError, NodeTools


@pytest.fixture
def console(tmp_path: Path) -> Path:
    folder = tmp_path / "console"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("export {};")
    (folder / "package-lock.json").write_text("{}")
    return folder


def test_digest_follows_sources_and_nothing_made_there(console: Path) -> None:
    before = console_build.sources_digest(console)
    for made in ("node_modules", "dist", "dist.new"):
        (console / made).mkdir()
        (console / made / "x").write_text("x")
    assert console_build.sources_digest(console) == before
    (console / "src" / "main.ts").write_text("export const a = 1;")
    assert console_build.sources_digest(console) != before


def test_a_current_console_is_left_alone_and_costs_little(
    console: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (console / "dist").mkdir()
    stamp = console / "dist" / console_build.STAMP
    stamp.write_text(console_build.sources_digest(console))

    def forbidden() -> NodeTools:
        raise AssertionError("a current console needs no Node")

    monkeypatch.setattr(console_build, "node_tools", forbidden)
    assert console_build.build(console) is False


def test_looking_at_the_real_sources_takes_no_time() -> None:
    started = time.process_time()
    console_build.sources_digest(console_build.CONSOLE)
    assert time.process_time() - started < 0.3


def test_an_old_node_is_passed_over_for_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v18.20.4\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    wheel = NodeTools(Path("/wheel/node"), ("/wheel/node", "npm"), "the wheel's")
    monkeypatch.setattr(console_build, "wheel_tools", lambda _: wheel)
    assert console_build.node_tools() is wheel


def test_a_failing_tool_is_quoted_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConsoleBuildError, match=r"(?s)kaputt.*try turning it"):
        console_build.run(
            ["sh", "-c", "echo kaputt; exit 3"],
            cwd=tmp_path,
            env={"PATH": "/bin:/usr/bin"},
            hint="try turning it",
        )
