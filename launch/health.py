"""Looks at one instance from outside: its processes, and what its readiness says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from config.installation import Installation, read_installation
from config.policy import policy
from launch.layout import Layout
from launch.leftovers import read_record
from launch.roles import processes_by_role


@dataclass(frozen=True, slots=True)
class Health:
    layout: Layout
    where: Installation | None
    running: bool
    processes: dict[str, list[int]]
    ready: bool
    # The body of /readyz, or why there is none.
    readiness: dict[str, Any]

    @property
    def leftovers(self) -> bool:
        """Processes without an `up` that watches them."""
        return not self.running and any(self.processes.values())

    @property
    def healthy(self) -> bool:
        return self.running and self.ready


def look(layout: Layout) -> Health:
    where = None
    if layout.installation_file.is_file():
        where = read_installation(layout.installation_file)
    record = read_record(layout)
    running = record is not None and record.up.find() is not None
    ready, readiness = _readiness(where) if where and running else (False, {})
    return Health(layout, where, running, processes_by_role(layout), ready, readiness)


def _readiness(where: Installation) -> tuple[bool, dict[str, Any]]:
    url = f"http://{where.http.host}:{where.http.port}/readyz"
    try:
        answer = httpx.get(url, timeout=policy().launch.health_timeout_s, trust_env=False)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return False, {"error": f"{url}: {error}"}
    return answer.status_code == httpx.codes.OK, body
