"""What clients were told is done: fixes over HTTP and entries in the books, each with its time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx

from bench.api import token
from bench.seeding import TENANT
from bench.stack import Stack
from serve.identity.development import DEVICE_SECRET

ANSWER_S_MAX = 20.0
AGAIN_S = 0.2
BETWEEN_FIXES_S = 0.1
BETWEEN_ENTRIES_S = 0.5
AMOUNT_MINOR = 100_00


@dataclasses.dataclass
class Acknowledged:
    """When each was acknowledged, in epoch milliseconds of this machine."""

    fixes: dict[tuple[str, int], int] = dataclasses.field(default_factory=dict)
    entries: dict[str, int] = dataclasses.field(default_factory=dict)
    refused: int = 0  # not taken: the client keeps it


class Clients:
    """A device that sends over HTTP, and a clerk who writes into the books."""

    def __init__(self, running: Stack, truck: str) -> None:
        self.said = Acknowledged()
        self._truck = truck
        self._http = httpx.AsyncClient(base_url=running.http, timeout=ANSWER_S_MAX, trust_env=False)
        self._clerk = {"Authorization": f"Bearer {token(running, f'{TENANT}-admin')}"}
        self._mark = f"drill-{time.time_ns():x}"

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[Acknowledged]:
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._post())]
        try:
            yield self.said
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._http.aclose()

    async def _send(self) -> None:
        auth = (f"{TENANT}/{self._truck}", DEVICE_SECRET)
        while True:
            ts_ms = time.time_ns() // 1_000_000
            fix = {"ts": ts_ms, "lat": 19.07, "lon": 72.87, "speed_kmh": 40}
            if await self._is_taken("/v1/ingest/positions", json=fix, auth=auth):
                self.said.fixes[self._truck, ts_ms] = time.time_ns() // 1_000_000
            await asyncio.sleep(BETWEEN_FIXES_S)

    async def _post(self) -> None:
        number = 0
        while True:
            number += 1
            entry = f"{self._mark}-{number}"
            body = {"id": entry, "reason": "a drill", "postings": _postings()}
            if await self._is_taken("/v1/ledger/entries", json=body, headers=self._clerk):
                self.said.entries[entry] = time.time_ns() // 1_000_000
            await asyncio.sleep(BETWEEN_ENTRIES_S)

    async def _is_taken(self, path: str, **more: Any) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._http.post(path, **more)
            if answer.is_success:
                return True
        self.said.refused += 1
        await asyncio.sleep(AGAIN_S)
        return False


def _postings() -> list[dict[str, Any]]:
    return [
        {"account": account, "amount": {"amount_minor": amount, "currency": "INR"}}
        for account, amount in (("bank", AMOUNT_MINOR), ("freight_income", -AMOUNT_MINOR))
    ]
