"""Run a server of ours that plays somebody else's: told by a private file, asked if it is ready."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import httpx

from config.installation import Http
from config.sections.launch import Launch
from launch.layout import Layout, write_private
from launch.process import POLL_S, ChildPlan, inherited


class LocalServiceError(RuntimeError):
    """It does not answer."""


def plan(  # noqa: PLR0917 - all that such a server is
    name: str, command: str, at: Http, told: tuple[Path, str], layout: Layout, limits: Launch
) -> ChildPlan:
    """`command` is ours, and reads the file that it is told with."""
    file, says = told

    async def wait_ready() -> None:
        await _wait_ready(name, at, limits.server_ready_s_max, limits.probe_timeout_s)

    return ChildPlan(
        name=name,
        log=layout.log_of(name),
        command=lambda: [sys.executable, "-m", "ubertruck", command, "--settings", str(file)],
        environment=inherited,
        prepare=lambda: write_private(file, says),
        wait_ready=wait_ready,
        stop_grace_s=limits.stop_grace_s,
    )


async def _wait_ready(name: str, at: Http, deadline_s: float, probe_s: float) -> None:
    url = f"http://{at.host}:{at.port}/sandbox/healthz"
    give_up_at = time.monotonic() + deadline_s
    async with httpx.AsyncClient(trust_env=False, timeout=probe_s) as client:
        while True:
            try:
                (await client.get(url)).raise_for_status()
            except httpx.HTTPError as error:
                if time.monotonic() > give_up_at:
                    raise LocalServiceError(f"{name} at {url} is not ready: {error}") from error
                await asyncio.sleep(POLL_S)
            else:
                return
