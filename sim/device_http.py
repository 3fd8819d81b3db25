"""A tracker over HTTP: each request is answered after the commit, fix by fix."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import httpx

from config.sections.simulation import SimulationSetup
from sim.device_mqtt import DeviceCounts
from sim.wire import OutgoingFix, message

PATH = "/v1/ingest/positions"


class HttpDevice:
    """What `replay` asks of a device; `publish` returns when the fixes are stored or refused."""

    def __init__(
        self, url: str, *, tenant: str, truck: str, password: str, setup: SimulationSetup
    ) -> None:
        self.counts = DeviceCounts()
        self.trouble = ""  # why fixes were not taken, as was seen last
        self.unconfirmed = 0
        self._setup = setup
        self._http = httpx.AsyncClient(
            base_url=url, auth=(f"{tenant}/{truck}", password), timeout=setup.request_timeout_s
        )

    @property
    def connected(self) -> bool:
        """There is nothing to connect before the first request."""
        return True

    def start(self) -> None:
        """Nothing runs beside the requests."""

    async def publish(self, fixes: Sequence[OutgoingFix]) -> None:
        """Repeats what fails because the server is away or busy; nothing else."""
        self.unconfirmed += len(fixes)
        deadline = time.monotonic() + self._setup.ready_within_s
        while True:
            problem = await self._sent(fixes)
            if not problem:
                return
            self.trouble = problem
            if time.monotonic() + self._setup.retry_wait_s > deadline:
                raise ConnectionError(problem)
            await asyncio.sleep(self._setup.retry_wait_s)

    async def close(self) -> None:
        await self._http.aclose()

    async def _sent(self, fixes: Sequence[OutgoingFix]) -> str:
        """Empty when there is an answer to every fix; raises PermissionError when kept out."""
        try:
            answer = await self._http.post(
                PATH, content=message(fixes), headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError as error:
            return f"{self._http.base_url} does not answer ({type(error).__name__})"
        said = _object(answer)
        if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise PermissionError(f"kept out: {said.get('detail') or answer.reason_phrase}")
        if answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return f"{answer.status_code} {said.get('detail') or answer.reason_phrase}"
        self.counts.messages_sent += 1
        self.counts.fixes_sent += len(fixes)
        stored = int(said.get("stored", 0)) + int(said.get("repeated", 0))
        self.counts.confirmed += stored
        self.unconfirmed -= stored
        if stored < len(fixes):
            self.trouble = _reason(said)
        return ""


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(said: dict[str, Any]) -> str:
    """Of the first fix that was not taken."""
    for result in said.get("results", []):
        if result.get("reason"):
            return f"{result['reason']}: {result.get('detail')}"
    for error in said.get("errors", []):
        return str(error.get("detail"))
    return str(said.get("detail") or "refused")
