"""Watches what the embedded broker refuses: records it, and lets a second secret have its turn."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import httpx

from config.installation import DatabaseRole, Postgres
from config.policy import Settings
from launch.embedded.broker_log import Kind, LogTail, Note, note_of
from serve.devices.refusal_log import RefusalLog
from store.audit_chain import Signer
from store.device_refusals import Reason
from store.postgres import open_pool

log = logging.getLogger(__name__)

REASONS = {Kind.PUBLISH: Reason.PUBLISH, Kind.SUBSCRIBE: Reason.SUBSCRIBE}


class Connections:
    """Whose a connection is or was, asked of the broker's monitor and kept for the next line."""

    def __init__(self, monitor_url: str, known_max: int, timeout_s: float) -> None:
        self._url = f"{monitor_url}/connz"
        self._known: OrderedDict[int, str] = OrderedDict()
        self._known_max = known_max
        self._http = httpx.AsyncClient(trust_env=False, timeout=timeout_s)

    async def close(self) -> None:
        await self._http.aclose()

    def forget(self) -> None:
        """A broker that starts anew numbers its connections from the beginning."""
        self._known.clear()

    async def user_of(self, connection: int) -> str:
        """Empty when the broker does not remember it."""
        if connection in self._known:
            return self._known[connection]
        query: dict[str, str | int] = {"cid": connection, "auth": 1, "state": "all"}
        try:
            answer = (await self._http.get(self._url, params=query)).json()
        except (httpx.HTTPError, ValueError):
            return ""
        found = answer.get("connections") or [{}]
        username = str(found[0].get("authorized_user", ""))
        self._known[connection] = username
        if len(self._known) > self._known_max:
            self._known.popitem(last=False)
        return username


class BrokerWatch:
    """A task of `up`; `sign_in_refused` hears of every user name that was not let in."""

    def __init__(
        self,
        *,
        postgres: Postgres,
        settings: Settings,
        signer: Signer,
        log_file: Path,
        monitor_url: str,
        sign_in_refused: Callable[[str], None],
    ) -> None:
        self._postgres = postgres
        self._settings = settings
        self._log_file = log_file
        self._monitor_url = monitor_url
        self._sign_in_refused = sign_in_refused
        self.refusals = RefusalLog(settings.now.devices.refusals, signer)

    async def run(self) -> None:
        storage, limits = self._settings.now.storage, self._settings.now.devices.refusals
        connections = Connections(
            self._monitor_url, limits.waiting_max, self._settings.now.launch.server_ready_s_max
        )
        tail = LogTail(self._log_file, limits.log_bytes_max)
        pool = await open_pool(self._postgres, DatabaseRole.SYSTEM, storage.system_pool, storage)
        storing = asyncio.create_task(self.refusals.run(pool), name="device-refusals")
        try:
            while True:
                await asyncio.sleep(self._settings.now.ingest.directory_poll_s)
                try:
                    for line in await asyncio.to_thread(lambda: list(tail.lines())):
                        await self._take(note_of(line), connections)
                except OSError as failed:
                    log.warning("the broker's log cannot be read: %s", failed)
        finally:
            storing.cancel()
            await asyncio.gather(storing, return_exceptions=True)
            tail.close()
            await connections.close()
            pool.terminate()  # close() would wait for a database that may be gone

    async def _take(self, note: Note | None, connections: Connections) -> None:
        if note is None:
            return
        if note.kind is Kind.STARTED:
            connections.forget()
        elif note.kind is Kind.SIGN_IN:
            self._sign_in_refused(note.username)
            self._note(note.username, Reason.SIGN_IN, note)
        elif note.kind is Kind.TAKEOVER:
            taker = await connections.user_of(note.connection)
            replaced = await connections.user_of(note.replaced)
            if replaced and taker != replaced:
                self._note(taker, Reason.CLIENT_ID, note)
        else:
            self._note(await connections.user_of(note.connection), REASONS[note.kind], note)

    def _note(self, username: str, reason: Reason, note: Note) -> None:
        self.refusals.note(
            username, reason, topic=note.topic, client_id=note.client_id, origin=note.origin
        )
