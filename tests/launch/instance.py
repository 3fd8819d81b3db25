"""A whole instance for tests: `python -m ubertruck up` as a child, as root or as a normal user."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from config.installation import Installation, read_installation
from launch.layout import REPOSITORY, Layout
from launch.roles import processes_by_role

START_WITHIN_S = 240.0
STOP_WITHIN_S = 60.0
POLL_S = 0.05


def as_normal_user() -> list[str]:
    """What makes a command run as nobody when the tests run as root.

    One capability is left, to read the repository below directories that only root may enter.
    """
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return []
    keep = "-all,+dac_read_search"
    identity = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    kept = [f"--inh-caps={keep}", f"--ambient-caps={keep}", f"--bounding-set={keep}"]
    return [setpriv, *identity, *kept]


@dataclass
class Instance:
    """Start it, read its summary, stop it; `remove` when done with."""

    http_port: int
    mqtt_port: int
    name: str = "test"
    normal_user: bool = False
    options: tuple[str, ...] = ("--no-sim",)
    data_dir: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ut-test-")))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.layout = Layout.at(self.data_dir)
        self.output = self.data_dir / "up.out"
        self.summary_file = self.data_dir / "summary.json"
        if self.normal_user and as_normal_user():
            nobody = pwd.getpwnam("nobody")
            os.chown(self.data_dir, nobody.pw_uid, nobody.pw_gid)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.summary_file.read_text())
        return found

    @property
    def installation(self) -> Installation:
        return read_installation(self.layout.installation_file)

    def processes(self) -> dict[str, list[int]]:
        """By role, as they are now."""
        return processes_by_role(self.layout)

    def spawn(self) -> subprocess.Popen[bytes]:
        self.summary_file.unlink(missing_ok=True)
        command = [
            *(as_normal_user() if self.normal_user else ()),
            *(sys.executable, "-m", "ubertruck", "up"),
            f"--data-dir={self.data_dir}",
            f"--http-port={self.http_port}",
            f"--mqtt-port={self.mqtt_port}",
            f"--instance={self.name}",
            f"--json-summary={self.summary_file}",
            *self.options,
        ]
        environment = {
            **os.environ,
            "ENVIRONMENT": "development",
            "HOME": str(self.data_dir),
            "PYTHONDONTWRITEBYTECODE": "1" if self.normal_user else "",
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output
            )
        return self.process

    def start(self) -> None:
        process = self.spawn()
        give_up_at = time.monotonic() + START_WITHIN_S
        while not self.summary_file.is_file():
            ended = process.poll() is not None
            if ended or time.monotonic() > give_up_at:
                self.stop()
                raise AssertionError(f"`up` did not come up:\n{self.said()}")
            time.sleep(POLL_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code of `up`."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN_S)

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def traces(self) -> list[str]:
        """Processes, ports and temp files that belong to this instance; empty after its stop."""
        marks = (str(self.data_dir), str(self.layout.temp_dir))
        found = []
        for process in psutil.process_iter():
            try:
                words = " ".join((*process.cmdline(), *process.environ().values()))
            except psutil.Error:
                continue
            if any(mark in words for mark in marks) and process.pid != os.getpid():
                found.append(f"process {process.pid} {words[:100]}")
        if self.layout.temp_dir.exists():
            found.append(f"temp directory {self.layout.temp_dir}")
        ours = {self.http_port, self.mqtt_port, *self._inner_ports()}
        return found + [f"port {port}" for port in sorted(ours & _listened())]

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def _inner_ports(self) -> range:
        if not self.layout.ports_file.is_file():
            return range(0)
        start = json.loads(self.layout.ports_file.read_text())["block_start"]
        return range(start, start + 200)


def _listened() -> set[int]:
    connections = psutil.net_connections(kind="tcp")
    return {c.laddr[1:2][0] for c in connections if c.status == psutil.CONN_LISTEN and c.laddr}
