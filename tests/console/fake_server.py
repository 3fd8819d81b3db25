"""A small server that speaks the public contract, so that the console can be tested in trouble.

Run it by hand to work on the console: `python -m tests.console.fake_server 59100 10000`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import threading
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from freight.cloudevents import rfc3339
from tests.console.fake_books import FakeBooks
from tests.console.fake_day import FakeDay
from tests.console.fake_drive import FakeDrive
from tests.console.fake_inside import FakeInside
from tests.console.fake_mine import FakeMine
from tests.console.fake_watch import FakeWatch
from tests.console.fake_world import FakeWorld

DIST = Path(__file__).parents[2] / "console" / "dist"
SECRET_SUFFIX = "-secret"
INTERVAL_S = 0.5
FIRST_LOOK_S = 0.02
DAY_HOURS = 4
MINUTES = 12


class FakeServer:
    """Serves console/dist and the contract around one FakeWorld; its knobs cause the trouble."""

    def __init__(self, world: FakeWorld, port: int) -> None:
        self.world = world
        self.port = port
        self.token_ttl_s = 3600
        self.tokens_valid = True
        self.delay_s = 0.0
        self.frozen = False
        self.fences: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        # What a test says of how journeys go instead.
        self.progress: dict[str, Any] = {}
        self.subscriptions: list[dict[str, Any]] = []
        self.books = FakeBooks()
        self.watch = FakeWatch(self.tell, lambda truck: self.world.track(truck, MINUTES / 60))
        self.inside = FakeInside()
        self.mine = FakeMine()
        self._viewers: set[Viewer] = set()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = uvicorn.Config(
            self.app(),
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"the fake server cannot listen on port {self.port}")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self.drop_viewers()
            self._server.should_exit = True
            self._thread.join(timeout=10)

    def drop_viewers(self, code: int = 1012) -> None:
        for viewer in list(self._viewers):
            viewer.close_code = code

    def raise_event(self, kind: str, truck: str, data: dict[str, Any], number: int) -> None:
        self._tell(f"event-{number}", kind, f"trucks/{truck}", data)

    def tell(self, kind: str, subject: str, data: dict[str, Any]) -> None:
        self._tell(f"told-{len(self.events)}", kind, subject, data)

    def _tell(self, name: str, kind: str, subject: str, data: dict[str, Any]) -> None:
        now = rfc3339(int(time.time() * 1000))
        event = {
            "specversion": "1.0", "id": name, "type": kind, "tenant": "demo",
            "subject": subject, "time": now, "data": {**data, "known_at": now},
        }  # fmt: skip
        self.events.append(event)

    def app(self) -> FastAPI:
        app = FastAPI(lifespan=self._lifespan)
        app.post("/v1/oauth/token")(self._token)
        app.get("/v1/trucks/{truck}")(self._truck)
        app.get("/v1/trucks/{truck}/position")(self._position)
        app.get("/v1/trucks/{truck}/track")(self._track)
        app.get("/v1/trucks/{truck}/journey")(self._journey)
        app.get("/v1/journeys/{journey}")(self._journey)
        app.get("/v1/routes/{route}")(self._route)
        app.get("/v1/trucks/{truck}/{kind}")(self._spans)
        app.get("/v1/fences")(self._fences)
        app.get("/v1/events")(self._events)
        for part in (self.books, self.watch, self.inside, self.mine):
            app.include_router(part.router())
        app.websocket("/v1/live")(self._live)
        app.middleware("http")(self._guard)
        app.mount("/", StaticFiles(directory=DIST, html=True))
        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        driving = asyncio.create_task(self._drive())
        yield
        driving.cancel()

    async def _drive(self) -> None:
        """A fifth of the fleet reports every second, as devices that report every 5 s do."""
        turn = np.arange(self.world.count) % 5
        for second in range(10**9):
            await asyncio.sleep(1.0)
            if not self.frozen:
                self.world.step(5.0, turn == second % 5)

    async def _guard(self, request: Request, call_next: Any) -> Any:
        path = request.url.path
        if not path.startswith("/v1/"):
            return await call_next(request)
        if path in {"/v1/oauth/token", "/v1/sessions"}:
            return await call_next(request)
        await asyncio.sleep(self.delay_s)
        if not self._known(request.headers.get("authorization", "")):
            return problem(401, "this token has expired")
        return await call_next(request)

    def _known(self, header: str) -> bool:
        return self.tokens_valid and header.startswith("Bearer token.")

    async def _token(self, request: Request) -> Any:
        form = await request.form()
        client = str(form.get("client_id"))
        if form.get("client_secret") != client + SECRET_SUFFIX:
            return problem(401, "unknown client or wrong secret")
        claims = json.dumps({"sub": client, "kind": "client"}).encode()
        token = f"token.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{time.time()}"
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_ttl_s}

    async def _truck(self, truck: str) -> Any:
        if truck not in self.world.ids:
            return problem(404, "no such truck")
        return {"id": truck, "registration": "MH12 AB 4821", "class": "20T", "capacity_t": 20}

    async def _position(self, truck: str) -> Any:
        return self.world.position(truck) or problem(404, "no position")

    async def _track(self, truck: str, request: Request) -> Any:
        start = np.datetime64(request.query_params["from"].rstrip("Z"))
        end = np.datetime64(request.query_params["to"].rstrip("Z"))
        hours = float((end - start) / np.timedelta64(1, "h"))
        fixes = self.world.track(truck, hours) if truck in self.world.ids else []
        line = {"type": "LineString", "coordinates": [[fix["lon"], fix["lat"]] for fix in fixes]}
        times = {"truck": truck, "coordTimes": [fix["ts"] for fix in fixes]}
        feature = {"type": "Feature", "geometry": line if fixes else None, "properties": times}
        return {"type": "FeatureCollection", "features": [feature], "next_cursor": None}

    async def _spans(self, truck: str, kind: str, request: Request) -> Any:
        if kind == "spans":
            kind = f"{request.query_params['kind']}s"
        if kind not in ("trips", "stops", "deviations", "journeys"):
            return problem(404, f"no {kind} here")
        first = datetime.fromisoformat(request.query_params["from"])
        spans = self._day(truck).spans(kind) if kind != "journeys" or self._drive_of(truck) else []
        recent = [s for s in spans if not s["to"] or datetime.fromisoformat(s["to"]) >= first]
        return {"items": recent, "next_cursor": None}

    def _drive_of(self, name: str) -> FakeDrive | None:
        """By its truck, its journey or its route."""
        drives = self.world.drives.values()
        return next((drive for drive in drives if name in (drive.truck, "j1", "r1")), None)

    async def _journey(self, truck: str = "j1", journey: str = "j1") -> Any:
        drive = self._drive_of(truck)
        if drive is None or journey != "j1":
            return problem(404, "it has no journey")
        said = drive.journey()
        return said | {"progress": said["progress"] | self.progress}

    async def _route(self, route: str) -> Any:
        drive = self._drive_of(route)
        return problem(404, "no such route") if drive is None else drive.route()

    def _day(self, truck: str) -> FakeDay:
        return FakeDay(self.world.track(truck, DAY_HOURS))

    async def _fences(self, cursor: int = 0, limit: int = 50) -> Any:
        end = cursor + limit
        more = str(end) if end < len(self.fences) else None
        return {"items": self.fences[cursor:end], "next_cursor": more}

    async def _events(self, limit: int = 50, truck: str | None = None) -> Any:
        if truck is not None:
            return {"items": self._day(truck).events(truck), "next_cursor": None}
        return {"items": self.events[::-1][:limit], "next_cursor": None}

    async def _live(self, socket: WebSocket) -> None:
        offered = socket.headers.get("sec-websocket-protocol", "")
        if not self._known("Bearer " + offered.removeprefix("ubertruck.bearer.")):
            await socket.close(1008)
            return
        await socket.accept(subprotocol=offered)
        viewer = Viewer(self, socket)
        self._viewers.add(viewer)
        try:
            await viewer.run()
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self._viewers.discard(viewer)


class Viewer:
    """One console's subscription: full frame first, then what changed, by the viewport."""

    def __init__(self, server: FakeServer, socket: WebSocket) -> None:
        self.server = server
        self.socket = socket
        self.close_code: int | None = None
        self.bbox: list[float] | None = None
        self.want_full = False
        self.named: set[int] = set()
        self.shown = np.zeros(server.world.count, bool)
        self.sent_ts = np.zeros(server.world.count)
        self.seq = 0
        self.events_seen = len(server.events)

    async def run(self) -> None:
        await self.socket.send_json({"type": "hello", "tenant": "demo", "interval_ms": 500})
        reader = asyncio.create_task(self._read())
        try:
            while self.close_code is None and not reader.done():
                if self.seq or self.want_full:
                    await self._send()
                await asyncio.sleep(INTERVAL_S if self.seq else FIRST_LOOK_S)
            await self.socket.close(self.close_code or 1000)
        finally:
            reader.cancel()

    async def _read(self) -> None:
        while True:
            message = await self.socket.receive_json()
            if message["type"] == "ping":
                await self.socket.send_json({"type": "pong"})
            else:
                self.server.subscriptions.append(message)
                self.bbox, self.want_full = message["bbox"], True

    async def _send(self) -> None:
        world = self.server.world
        inside = world.inside(self.bbox)
        full, self.want_full = self.want_full, False
        fresh = inside if full else inside & ((world.ts_ms != self.sent_ts) | ~self.shown)
        left = np.flatnonzero(self.shown & ~inside & ~np.bool_(full))
        rows = np.flatnonzero(fresh)
        if len(rows) or len(left) or full:
            self.seq += 1
            frame = world.frame(self.seq, rows, left, self.named, full=full)
            await self.socket.send_bytes(frame)
        self.shown, self.sent_ts[rows] = inside, world.ts_ms[rows]
        for event in self.server.events[self.events_seen :]:
            frame_of = {**event, "event_type": event["type"], "type": "event"}
            await self.socket.send_json(frame_of)
        self.events_seen = len(self.server.events)


def problem(status: int, detail: str) -> JSONResponse:
    body = {"type": "about:blank", "title": "problem", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


def demo_fences() -> list[dict[str, Any]]:
    ring = [[72.8, 18.9], [73.1, 18.9], [73.1, 19.2], [72.95, 19.3], [72.8, 19.15], [72.8, 18.9]]
    circle = {"center": {"lat": 18.52, "lon": 73.86}, "radius_m": 9000}
    line = {"type": "LineString", "coordinates": [[73.0, 19.0], [73.4, 18.75], [73.75, 18.6]]}
    shapes = [
        ("Mumbai depot", {"type": "Polygon", "coordinates": [ring]}),
        ("Pune yard", circle),
        ("Mumbai to Pune corridor", {"line": line, "width_m": 4000}),
    ]
    return [{"id": f"f{i}", "name": n, "shape": s} for i, (n, s) in enumerate(shapes)]


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    server = FakeServer(FakeWorld(count), port)
    server.fences = demo_fences()
    server.world.send(server.world.ids[2], "Mumbai", "Nashik", "Dhule")
    kinds = ["truck.fence.entered", "truck.fence.exited", "truck.stopped", "truck.alarm.raised"]
    for i in range(24):
        data = {"fence": "f1", "fence_name": "Pune yard"} if i % 4 < 2 else {"alarm": "panic"}
        server.raise_event(kinds[i % 4] if i % 8 else kinds[0], server.world.ids[i], data, i)
    uvicorn.run(
        server.app(), host="127.0.0.1", port=port, log_level="error", ws="websockets-sansio"
    )


if __name__ == "__main__":
    main()
