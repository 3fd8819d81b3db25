"""The portal's simulator behind a real socket, and its testers' controls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from config.policy import policy
from providers.calling import Caller
from providers.eway.gsp import Credentials, GspPortal
from sim.eway.main import application
from sim.eway.settings import SimulatorSettings

GSTIN, PASSWORD = "05AAACG2115R1ZN", "a-password"


class Simulated:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = ""
        self.caller = Caller("eway", lambda: policy().providers.patience["usual"])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Simulated]:
        settings = SimulatorSettings("127.0.0.1", 0, self.directory, GSTIN, PASSWORD)
        config = uvicorn.Config(application(settings), port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
            assert not serving.done(), serving.exception()
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = True
            await serving
            await self.caller.close()

    def portal(self, password: str = PASSWORD) -> GspPortal:
        return GspPortal(self.caller, Credentials(self.url, GSTIN, GSTIN, password, password))

    async def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.request(method, f"/sandbox{path}", json=body)
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def at(self, now_ms: int) -> None:
        await self.ask("PUT", "/clock", {"now_ms": now_ms})

    async def trouble(self, action: str, kind: str, times: int = 1) -> None:
        await self.ask("POST", "/faults", {"action": action, "kind": kind, "times": times})

    async def calls(self) -> dict[str, int]:
        calls: dict[str, int] = (await self.ask("GET", "/bills"))["calls"]
        return calls
