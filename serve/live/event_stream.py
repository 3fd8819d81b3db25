"""The live feed as server-sent events: the same messages, one after the other in one answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from starlette.types import Send

from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.live.forms import json_form
from serve.live.messages import kind_of
from serve.live.resume import Place
from serve.live.viewport import Bbox


class EventStream(StreamingResponse):
    """Joins when it begins to send and leaves however the sending ends."""

    media_type = "text/event-stream"

    def __init__(
        self, gateway: Gateway, who: Principal, viewport: Bbox | None, place: Place | None
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(self._blocks(), headers=headers)
        self._gateway = gateway
        self._who = who
        self._viewport = viewport
        self._place = place

    async def _blocks(self) -> AsyncIterator[str]:
        hub = self._gateway.hub
        viewer = hub.join(self._who, json_form)
        viewer.subscribe(self._viewport, self._place)
        try:
            async for message in viewer.messages():
                text = message if isinstance(message, str) else message.decode()
                kind = kind_of(text)
                marks_place = kind in {"event", "resume"}
                token = viewer.token() if marks_place else None
                named = f"id: {token}\n" if token else ""
                yield f"event: {kind}\n{named}data: {text}\n\n"
        finally:
            hub.leave(self._who, viewer)

    async def stream_response(self, send: Send) -> None:
        """As the framework's, but a reader that takes nothing for too long is cut."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        blocks = self.body_iterator
        try:
            async for block in blocks:
                body = str(block).encode()
                async with asyncio.timeout(self._gateway.policy.live.stalled_s_max):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        finally:
            await blocks.aclose()  # type: ignore[attr-defined]
