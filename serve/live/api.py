"""The live feed's two doors: a WebSocket, and server-sent events for simple clients."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, WebSocket
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocketDisconnect

from serve.gateway import Gateway
from serve.identity.access import LiveReader, LiveSocketReader, Opened, bearer_protocol_of
from serve.live.event_stream import EventStream
from serve.live.forms import binary_form, json_form
from serve.live.messages import MessageError, Ping, parse, text_of
from serve.live.resume import ResumeError, place_of
from serve.live.viewer import TOO_SLOW, Viewer
from serve.live.viewport import BboxError, bbox_of, numbers_of
from serve.problems import InvalidError

router = APIRouter(tags=["live feed"])


@router.websocket("/v1/live")
async def live(
    socket: WebSocket,
    gateway: Opened,
    who: LiveSocketReader,
    format: Annotated[Literal["binary", "json"], Query()] = "binary",  # noqa: A002 - its name
) -> None:
    await socket.accept(subprotocol=bearer_protocol_of(socket))
    viewer = gateway.hub.join(who, json_form if format == "json" else binary_form)
    listening = asyncio.create_task(_listen(socket, viewer), name="live-listen")
    sending = asyncio.create_task(_send(socket, viewer, gateway), name="live-send")
    try:
        await asyncio.wait([listening, sending], return_when=asyncio.FIRST_COMPLETED)
    finally:
        gateway.hub.leave(who, viewer)
        for task in (listening, sending):
            task.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)


async def _listen(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            heard = parse(message.get("text") or "")
            if isinstance(heard, Ping):
                viewer.pong()
            else:
                viewer.subscribe(*heard)
        except MessageError as failed:
            viewer.reply(text_of("error", detail=str(failed)))


async def _send(socket: WebSocket, viewer: Viewer, gateway: Gateway) -> None:
    metrics, stalled_s_max = gateway.metrics, gateway.policy.live.stalled_s_max
    try:
        async for message in viewer.messages():
            async with asyncio.timeout(stalled_s_max):
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                    metrics.frames.inc()
                    metrics.frame_bytes.inc(len(message))
                else:
                    await socket.send_text(message)
    except TimeoutError:
        viewer.close(TOO_SLOW, "read too slowly for too long")
    except WebSocketDisconnect:
        return
    if viewer.closing is not None:
        await socket.close(viewer.closing.code, viewer.closing.reason)


@router.get("/v1/live/events", response_class=StreamingResponse)
async def live_events(
    gateway: Opened,
    who: LiveReader,
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    resume: Annotated[str | None, Query(description="a resume token")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """The live feed as server-sent events, positions in their JSON form."""
    try:
        viewport = None if bbox is None else bbox_of(numbers_of(bbox))
        token = resume or last_event_id
        place = None if token is None else place_of(token)
    except BboxError as failed:
        raise InvalidError.at("/bbox", str(failed), **{"in": "query"}) from failed
    except ResumeError as failed:
        raise InvalidError.at("/resume", str(failed), **{"in": "query"}) from failed
    return EventStream(gateway, who, viewport, place)
