"""The WebSocket protocol under the live feed: nothing compressed, nothing piling up."""

from __future__ import annotations

import socket
from asyncio.transports import BaseTransport
from typing import Any

import uvicorn.config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from config.policy import policy

# What the kernel may hold for one slow reader. Left alone it grows to megabytes, which is minutes
# of frames that are stale when they are read at last.
SEND_BUFFER_BYTES = 128 * 1024  # fixed: a kernel buffer; what waits is limited by keys


class LiveSocketProtocol(WebSocketsSansIOProtocol):
    """`send` returns when the message has left this process, so who awaits it knows."""

    def __init__(self, config: uvicorn.config.Config, *args: Any, **kwargs: Any) -> None:
        live = policy().live
        config.ws_per_message_deflate = False
        config.ws_max_size = live.message_bytes_max
        config.ws_ping_interval = live.ping_s
        # A slow reader's pong waits behind all it has not read yet: the stall limit decides.
        config.ws_ping_timeout = live.ping_s + live.stalled_s_max
        super().__init__(config, *args, **kwargs)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    async def send(self, message: Any) -> None:
        is_close = message["type"] == "websocket.close"
        if is_close and not self.writable.is_set():
            # Behind what is stuck, for a reader that still reads; one that is gone gets no more.
            self.writable.set()
            self.loop.call_later(self.close_timeout, self.transport.abort)
        await super().send(message)
        if not is_close:
            await self.writable.wait()


def install() -> None:
    """Makes uvicorn take this protocol, also where Ray Serve configures uvicorn and not we."""
    uvicorn.config.WS_PROTOCOLS["auto"] = f"{__name__}:{LiveSocketProtocol.__name__}"
