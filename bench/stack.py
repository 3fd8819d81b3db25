"""A whole stack for a benchmark: `python -m ubertruck up` as a child, stopped when done with."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import world
from bench.processes import Pids
from config.installation import Installation, read_installation
from launch.layout import Layout
from launch.roles import processes_by_role

ROOT = Path(world.__file__).parent.parent
START_S_MAX = 180.0
STOP_S_MAX = 60.0
POLL_S = 0.05
# Some systems hand these out to outgoing connections, too: every one is tried before its use.
# Below the ports that outgoing connections take: the load opens thousands of those.
PORTS = range(11_000, 18_900)


class StackError(RuntimeError):
    """`up` ended or did not come up; the message names its log."""


@dataclasses.dataclass(frozen=True)
class Stack:
    """A running installation and what `up` said about it."""

    data_dir: Path
    summary: dict[str, Any]
    installation: Installation

    @property
    def http(self) -> str:
        return str(self.summary["http"])

    @property
    def mqtt(self) -> tuple[str, int]:
        return str(self.summary["mqtt"]["host"]), int(self.summary["mqtt"]["port"])

    def environment(self) -> dict[str, str]:
        """For a process that is to join this installation as its own do."""
        return {
            **os.environ,  # fixed: a child process gets what we were given
            "ENVIRONMENT": "development",
            "CONFIG_SERVICE_URL": Path(self.summary["installation_file"]).as_uri(),
            # Ray reads these when it is imported; later is too late.
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.installation.ray.token_file),
        }

    def pids(self) -> Pids:
        """By role, as they are now: actors and servers that died have come back under others."""
        return processes_by_role(Layout(self.data_dir))


def attach(summary_file: Path) -> Stack:
    """The stack that wrote this summary."""
    summary = json.loads(summary_file.read_text())
    return Stack(
        Path(summary["data_dir"]), summary, read_installation(Path(summary["installation_file"]))
    )


@contextlib.contextmanager
def scratch(keep: bool = False) -> Iterator[Path]:
    """A folder for one run; Postgres as an ordinary user must be able to pass through it."""
    folder = Path(tempfile.mkdtemp(prefix="ubertruck-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if not keep:
            subprocess.run(["/bin/rm", "-rf", str(folder)], check=False)


def free_port(following: int = 0) -> int:
    """A port of ours that can be bound, and as many after it."""
    for port in random.sample(PORTS, len(PORTS)):
        if port not in _given and all(_can_bind(port + i) for i in range(following + 1)):
            _given.update(range(port, port + following + 1))
            return port
    raise StackError(f"no free port in {PORTS}")


_given: set[int] = set()


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def up_command(folder: Path, *options: str, sim: bool = False) -> list[str]:
    return [
        *(sys.executable, "-m", "ubertruck", "up"),
        *(() if sim else ("--no-sim",)),
        *("--data-dir", str(folder / "data")),
        *("--instance", "bench-" + folder.name[-8:].lower().replace("_", "-")),
        *("--http-port", str(free_port()), "--mqtt-port", str(free_port())),
        *("--json-summary", str(folder / "summary.json")),
        *options,
    ]


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[Stack]:
    """The stack in `folder`, until the block is left."""
    folder.mkdir(parents=True, exist_ok=True)
    process = start(folder, *options)
    try:
        yield wait_up(folder, process)
    finally:
        stop(process)


def start(folder: Path, *options: str, sim: bool = False) -> subprocess.Popen[bytes]:
    (folder / "summary.json").unlink(missing_ok=True)
    with (folder / "up.log").open("wb") as log:
        return subprocess.Popen(
            up_command(folder, *options, sim=sim),
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_up(folder: Path, process: subprocess.Popen[bytes]) -> Stack:
    deadline = time.monotonic() + START_S_MAX
    summary = folder / "summary.json"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, ValueError):
            return attach(summary)
        time.sleep(POLL_S)
    tail = (folder / "up.log").read_text(errors="replace")[-1500:]
    raise StackError(f"`up` did not come up (log {folder / 'up.log'}):\n{tail}")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Everything in the session that this process of ours began."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    """As an operator would; only if that does not help, the hard way."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise StackError("`up` did not stop on SIGTERM within a minute") from None
