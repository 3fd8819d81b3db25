"""`status`: what runs, and whether it is healthy; exit code 1 when it is not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from launch.health import Health, look
from launch.layout import Layout
from launch.options import DATA_DIR


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck status", description="What runs, and whether it is healthy."
    )
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="of the instance")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(argv)
    health = look(Layout.at(options.data_dir))
    print(json.dumps(as_json(health), indent=1) if options.json else as_text(health))
    return 0 if health.healthy else 1


def as_json(health: Health) -> dict[str, Any]:
    where = health.where
    return {
        "instance": where.instance if where else None,
        "data_dir": str(health.layout.data_dir),
        "running": health.running,
        "healthy": health.healthy,
        "http": f"http://{where.http.host}:{where.http.port}" if where else None,
        "readyz": health.readiness,
        "processes": health.processes,
    }


def as_text(health: Health) -> str:
    where = health.where
    if where is None:
        return f"nothing has been started in {health.layout.data_dir}"
    if not health.running:
        says = "killed; processes are left" if health.leftovers else "not running"
        return f"UberTruck '{where.instance}' in {health.layout.data_dir}: {says}"
    lines = [
        f"UberTruck '{where.instance}' in {health.layout.data_dir}: "
        + ("healthy" if health.healthy else "NOT healthy"),
        f"  http   http://{where.http.host}:{where.http.port}/",
        f"  mqtt   {where.mqtt.host}:{where.mqtt.port}",
    ]
    for role, pids in health.processes.items():
        lines.append(f"  {role:<14} {' '.join(map(str, pids)) or '-'}")
    if not health.ready:
        lines += ["readiness:", json.dumps(health.readiness, indent=1)]
        lines.append("`python -m ubertruck doctor` says what to do")
    return "\n".join(lines)
