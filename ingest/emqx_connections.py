"""Drops the open connections of refused devices at an EMQX, which asks us about all else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from config.installation import BrokerApi
from config.sections.devices import Control
from store.directory import DirectoryEntry


class EmqxConnections:
    """The port's adapter for EMQX; see ingest/device_brokers.py.

    EMQX asks at every sign-in, but an open connection stays until somebody drops it.
    """

    def __init__(self, api: BrokerApi, limits: Callable[[], Control]) -> None:
        self._api = api
        self._limits = limits
        self._http: httpx.AsyncClient | None = None
        # Who could come in when we last looked, so that only news is dropped.
        self._let_in: dict[str, tuple[str, ...]] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with httpx.AsyncClient(
            base_url=self._api.url,
            auth=(self._api.key, self._api.secret.get_secret_value()),
            timeout=self._limits().answer_s_max,
            trust_env=False,
        ) as self._http:
            yield

    async def apply(self, changes: Sequence[DirectoryEntry], *, is_all: bool) -> None:
        """At the beginning whoever is kept out is dropped, for it may have been missed."""
        now = datetime.now(UTC)
        refused: set[str] = set()
        for entry in changes:
            before = self._let_in.get(entry.username, ())
            hashes = entry.hashes_at(now)
            if hashes:
                self._let_in[entry.username] = hashes
                refused.discard(entry.username)
            else:
                self._let_in.pop(entry.username, None)
            # A secret that is good no more may be what the open connection came in with.
            if (not hashes and (before or is_all)) or set(before) - set(hashes):
                refused.add(entry.username)
        for username in refused:
            await self._drop(username)

    async def tick(self) -> None:
        """The end of an overlap drops nobody: who came in with the old secret may stay."""

    async def _drop(self, username: str) -> None:
        if self._http is None:
            raise ConnectionError("there is no connection to EMQX's interface")
        query: dict[str, str | int] = {"username": username, "limit": self._limits().page_max}
        answer = await self._http.get("/api/v5/clients", params=query)
        answer.raise_for_status()
        for client in answer.json().get("data", ()):
            path = f"/api/v5/clients/{quote(client['clientid'], safe='')}"
            gone = await self._http.delete(path)
            if gone.status_code != httpx.codes.NOT_FOUND:
                gone.raise_for_status()
