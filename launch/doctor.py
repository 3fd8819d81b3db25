"""`doctor`: checks what an instance needs and has, and says what to do about what is wrong."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.policy import policy
from launch.backup.backup import gap_in_archive
from launch.diagnosis import running
from launch.embedded import nats, postgres, redis
from launch.health import Health, look
from launch.layout import REPOSITORY, Layout
from launch.options import DATA_DIR
from launch.ports import is_free
from launch.process import tail

PYTHON_MIN = (3, 11)  # fixed: what the code's language needs
LOG_TAIL_LINES = 8


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    fine: bool
    advice: str = ""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck doctor", description="What is wrong, and what to do about it."
    )
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="of the instance")
    layout = Layout.at(parser.parse_args(argv).data_dir)
    findings = [*machine(layout), *instance(look(layout))]
    for finding in findings:
        print(f"{'ok   ' if finding.fine else 'WRONG'}  {finding.what}")
        if not finding.fine:
            print(f"       -> {finding.advice}")
    return 0 if all(finding.fine for finding in findings) else 1


def machine(layout: Layout) -> list[Finding]:
    """What `up` needs before it can start anything."""
    version = ".".join(map(str, sys.version_info[:3]))
    existing = next(p for p in (layout.data_dir, *layout.data_dir.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    console = REPOSITORY / "console" / "dist" / "index.html"
    return [
        Finding(
            f"Python {version}", sys.version_info >= PYTHON_MIN, "install Python 3.11 or newer"
        ),
        _binary("Postgres", postgres.binaries),
        _binary("Redis", redis.binary),
        _binary("MQTT broker", nats.binary),
        Finding(
            f"{free / 1e9:.1f} GB free at {existing}",
            free >= policy().launch.disk_free_bytes_min,
            "make room: Postgres and the broker stop when the disk is full",
        ),
        Finding("console is built", console.is_file(), "run `make console`"),
    ]


def _binary(name: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(f"{name}: {find()}", fine=True)
    except RuntimeError as error:
        return Finding(f"{name}: {error}", fine=False, advice="run `make env`")


def instance(health: Health) -> list[Finding]:
    where = f"instance in {health.layout.data_dir}"
    if health.leftovers:
        advice = "run `up` on this data directory: it ends them and starts"
        return [Finding(f"{where}: processes of a killed run are left", False, advice)]
    if not health.running:
        missing = Finding(f"{where} runs", False, "start it with `python -m ubertruck up`")
        return [missing, *_taken_ports(health)]
    findings = [_role(health, role, pids) for role, pids in health.processes.items()]
    findings = [finding for finding in findings if not finding.fine]
    ready = Finding(
        f"{where} is ready",
        health.ready,
        f"/readyz says {health.readiness}; logs are in {health.layout.logs}",
    )
    gap = gap_in_archive(health.layout.postgres)
    if gap is not None:
        advice = "it could not be written for too long; make room and run `backup` again"
        findings.append(Finding(f"the archive of the log in {gap} has no gap", False, advice))
    if health.where is not None:
        wrong = running(health.where, health.readiness)
        findings += [Finding(each.what, fine=False, advice=each.advice) for each in wrong]
    return [ready, *findings]


def _taken_ports(health: Health) -> list[Finding]:
    """Another program that took one while we were away keeps `up` from starting."""
    if health.where is None:
        return []
    advice = "end the program that listens there, or give `up` another port"
    doors = {"HTTP": health.where.http.port, "MQTT": health.where.mqtt.port}
    return [
        Finding(f"{name} port {port} is free", False, advice)
        for name, port in doors.items()
        if not is_free(port)
    ]


def _role(health: Health, role: str, pids: list[int]) -> Finding:
    given = health.where is not None and not health.layout.log_of(role).is_file()
    # fixed: roles of processes, not of people
    own = role in {"postgres", "redis", "broker", "payments", "eway", "messaging"}
    optional = role == "sim" or (own and given)  # fixed: the same
    log = tail(health.layout.log_of(role), LOG_TAIL_LINES)
    advice = "`up` starts it again by itself; if it keeps dying, its log says why" + (
        f"\n{log}" if log else ""
    )
    return Finding(f"{role}: {len(pids)} processes", bool(pids) or optional, advice)
