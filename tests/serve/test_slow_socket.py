"""A reader that stops reading, on a real socket: it is let go, and nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import os
import socket

import numpy as np

from config.policy import Policy
from freight.tracking.columns import LAST_DTYPE
from serve.gateway import Gateway
from store.directory import DirectoryEntry
from store.tenants import Tenant
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors, now_ms
from tests.serve.watching import watching

TRUCKS = 3000
SMALL_BUFFER_BYTES = 4096


def stuck_viewer(url: str, token: str) -> socket.socket:
    """Shakes hands, subscribes, and reads no more."""
    host, port = url.split(":")
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    stuck.connect((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /v1/live HTTP/1.1",
        f"Host: {url}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Authorization: Bearer {token}",
    ]
    stuck.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert stuck.recv(64).startswith(b"HTTP/1.1 101")
    message = b'{"type":"subscribe"}'
    mask = bytes(4)
    stuck.sendall(bytes([0x81, 0x80 | len(message)]) + mask + message)
    stuck.setblocking(False)
    return stuck


async def test_a_stuck_reader_is_let_go_and_slows_nobody(
    live_url: tuple[str, Gateway], actors: InProcessActors, tenant: Tenant, quick: Policy
) -> None:
    url, gateway = live_url
    object.__setattr__(quick.live, "stalled_s_max", 0.3)
    token = token_for(gateway, tenant)
    keys = np.arange(10**12, 10**12 + TRUCKS)
    for key in keys.tolist():
        gateway.directory.by_key[key] = DirectoryEntry(
            tenant.key, tenant.id, key, f"T{key}", None, 0, deleted=False
        )

    async def keep_moving() -> None:
        rows = np.zeros(TRUCKS, LAST_DTYPE)
        rows["truck_key"], rows["lon"] = keys, 77.0
        while True:
            rows["ts_ms"] = rows["committed_ms"] = now_ms()
            await actors.bus.publish_positions(tenant.key, rows)
            await asyncio.sleep(0.02)

    moving = asyncio.create_task(keep_moving())
    stuck = await asyncio.to_thread(stuck_viewer, url, token)
    cut = gateway.metrics.viewers_cut.labels("4408")
    async with watching(url, token) as healthy:
        await healthy.subscribe(None)
        await healthy.until(lambda: cut._value.get() == 1)

        assert len(healthy.map) == TRUCKS
        oldest_ms = [int(frame.rows["age_ms"].max()) for frame in healthy.frames[1:]]
        assert np.median(oldest_ms) < 1000
    moving.cancel()
    stuck.close()
