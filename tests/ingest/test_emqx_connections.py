"""EMQX is told to drop the open connections of devices that are refused from now on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from config.installation import BrokerApi
from config.policy import policy
from ingest.emqx_connections import EmqxConnections
from store.directory import DirectoryEntry

A = DirectoryEntry(1, "demo", 1, "A", "hash-a", 1, deleted=False)
B = DirectoryEntry(1, "demo", 2, "B", "hash-b", 2, deleted=False)


class Emqx(ThreadingHTTPServer):
    """As much of EMQX's interface as is asked for, over a real socket."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connected = {"client/1": "demo/A", "client 2": "demo/B"}
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Emqx

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        (username,) = query["username"]
        self.server.asked.append(username)
        found = [c for c, user in self.server.connected.items() if user == username]
        self._answer(200, {"data": [{"clientid": c, "username": username} for c in found]})

    def do_DELETE(self) -> None:
        client = unquote(self.path.removeprefix("/api/v5/clients/"))
        is_there = self.server.connected.pop(client, None) is not None
        self._answer(204 if is_there else 404, None)

    def _answer(self, status: int, body: Any) -> None:
        if self.headers.get("Authorization") != "Basic a2V5OnNlY3JldA==":
            status, body = 401, None
        self.send_response(status)
        content = b"" if body is None else json.dumps(body).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: the test says what it saw."""


@pytest.fixture
def emqx() -> Iterator[Emqx]:
    server = Emqx()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def adapter(emqx: Emqx, shown: str = "secret") -> EmqxConnections:
    url = f"http://127.0.0.1:{emqx.server_address[1]}"
    api = BrokerApi(url=url, key="key", secret=SecretStr(shown))
    return EmqxConnections(api, lambda: policy().devices.control)


async def test_only_who_is_refused_is_dropped(emqx: Emqx) -> None:
    async with (broker := adapter(emqx)).opened():
        await broker.apply([A, B], is_all=True)
        assert emqx.asked == []
        await broker.apply([replace(A, revoked=True)], is_all=False)

    assert emqx.connected == {"client 2": "demo/B"}


async def test_who_was_refused_while_we_were_away_is_dropped(emqx: Emqx) -> None:
    async with (broker := adapter(emqx)).opened():
        await broker.apply([A, replace(B, suspended=True)], is_all=True)

    assert emqx.connected == {"client/1": "demo/A"}


async def test_an_overlap_keeps_the_connection_and_its_absence_does_not(emqx: Emqx) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    overlapping = replace(A, secret_hash="new", previous_hash="hash-a", previous_until=later)
    async with (broker := adapter(emqx)).opened():
        await broker.apply([A, B], is_all=True)
        await broker.apply([overlapping], is_all=False)
        assert emqx.asked == []
        await broker.apply([replace(B, secret_hash="new")], is_all=False)

    assert emqx.connected == {"client/1": "demo/A"}


async def test_an_interface_that_refuses_us_is_an_error(emqx: Emqx) -> None:
    """The loop around it says so and tries again, with all there is."""
    async with (broker := adapter(emqx, "wrong")).opened():
        with pytest.raises(httpx.HTTPStatusError):
            await broker.apply([replace(A, deleted=True)], is_all=True)
